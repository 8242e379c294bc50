# SPDX-License-Identifier: Apache-2.0
# What the integration tests run beside the daemons: traffic, and sensors with a fault. Included by the
# Makefile. The faults are put in from outside: by the linker, and before a BPF program's first line.

.PHONY: integration-tests
integration-tests: $(addprefix $(BUILD)/tests/,owners storm yagurad-lossy-worker yagurad-lossy-kernel)

$(BUILD)/tests/owners: $(call objects,$(wildcard tests/support/owners/*.c))
	$(call link,-luring -pthread)
$(BUILD)/tests/storm: $(call objects,tests/support/storm/storm.c)
	$(call link,)

SENSOR_OBJ := $(BUILD)/obj/userspace/sensor/main.o
FAULT := $(BUILD)/tests/fault
FAULT_BPF_OBJ := $(patsubst bpf/probes/%.bpf.c,$(FAULT)/%.bpf.o,$(BPF_SRC))

$(BUILD)/tests/yagurad-lossy-worker: $(SENSOR_OBJ) $(BUILD)/obj/tests/support/fault/lose_in_worker.o \
		$(call lib,sensor telemetry common)
	$(call link,-Xlinker --wrap=batch_add $(LIBS_sensor))

# The objects that know the BPF programs come before the library that holds their sound twins.
FAULT_OBJ := $(FAULT)/loader.o $(FAULT)/sizes.o
$(BUILD)/tests/yagurad-lossy-kernel: $(SENSOR_OBJ) $(FAULT_OBJ) $(call lib,sensor telemetry common)
	$(call link,$(LIBS_sensor))
$(FAULT_OBJ): $(FAULT)/%.o: userspace/sensor/keeper/%.c $(FAULT)/bpf/yagura.skel.h
	$(call say,CC,$@)
	$(Q)$(CC) -I$(FAULT) $(CPPFLAGS) $(CFLAGS) -Wno-conversion -Wno-sign-conversion -Wno-cast-qual \
		-MMD -MP -c $< -o $@
$(FAULT)/bpf/yagura.skel.h: $(FAULT_BPF_OBJ)
	$(call say,SKELETON,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(BPFTOOL) gen object $(FAULT)/yagura.bpf.o $^
	$(Q)$(BPFTOOL) gen skeleton $(FAULT)/yagura.bpf.o name yagura_bpf > $@
$(FAULT)/%.bpf.o: bpf/probes/%.bpf.c tests/support/fault/lose_in_kernel.bpf.h
	$(call say,BPF,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -include tests/support/fault/lose_in_kernel.bpf.h -MMD -MP -c $< -o $@

# Tests of flow/ ask what it gives to the parsers: these stand in their place. No other test may get
# them, so they are in no library.
$(patsubst tests/%.c,$(BUILD)/tests/%,$(wildcard tests/unit/sensor/flow/test_*.c)): \
	$(BUILD)/obj/tests/support/fake/fake_parser.o
