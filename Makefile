# SPDX-License-Identifier: Apache-2.0
# One non-recursive file: wildcards pick up new sources, output goes under build/ only.
# `make help` lists the targets.

SHELL := /bin/bash
BUILD ?= build
VERSION := $(shell cat packaging/VERSION)
ifneq ($(V),1)
Q := @
say = @printf '  %-8s %s\n' $(1) $(2)
endif

# make itself presets CC to cc, which ?= would leave alone.
ifeq ($(origin CC),default)
CC := gcc
endif
# Debian's unversioned clang is the one its kernel tools are tested with.
CLANG ?= clang
BPFTOOL ?= $(firstword $(wildcard /usr/sbin/bpftool) bpftool)
PKG_CONFIG ?= pkg-config

WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wcast-qual \
	-Wvla -Wformat=2 -Wundef -Wswitch-enum -Wimplicit-fallthrough -Wnull-dereference \
	-Wno-missing-field-initializers -Werror
HARDENING := -fstack-protector-strong -fstack-clash-protection -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fPIE
INCLUDES := -Iuserspace -I. -I$(BUILD)/gen
CPPFLAGS += -D_GNU_SOURCE -DYAGURA_VERSION='"$(VERSION)"' $(INCLUDES)
CFLAGS += -std=gnu11 -O2 -g $(WARNINGS) $(HARDENING) -ffile-prefix-map=$(CURDIR)=. \
	-ffile-prefix-map=$(BUILD)/=build/
LDFLAGS += -pie -Wl,-z,relro,-z,now
# SANITIZE=1 builds the same tree under ASan and UBSan; `make check-unit-sanitized` uses its own BUILD.
# -Wnull-dereference is left out there: the instrumentation gives it false positives (gcc 12).
ifeq ($(SANITIZE),1)
CFLAGS += -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -Wno-null-dereference
LDFLAGS += -fsanitize=address,undefined
endif

# asm/types.h lies in Debian's multiarch directory; no compiler is asked: none is there before set-up.
ARCH := $(shell uname -m)
BPF_CFLAGS := -O2 -g -target bpf -mcpu=v3 -Wall -Wextra -Wno-unused-parameter -Werror \
	-D__TARGET_ARCH_$(patsubst aarch64,arm64,$(patsubst x86_64,x86,$(ARCH))) \
	-Ibpf/abi -Ibpf/lib -I. -isystem /usr/include/$(ARCH)-linux-gnu -ffile-prefix-map=$(CURDIR)=.

LIBS_common := -levent -linih
LIBS_sensor := -levent_openssl -levent -linih -lbpf -lelf -lz -ldeflate -lssl -lcrypto -lprotobuf-c -ljansson -lseccomp -lpcre2-8 -lsqlite3
LIBS_collector := -levent_openssl -levent -linih -ldeflate -lssl -lcrypto -lprotobuf-c -lsqlite3 -ljansson
LIBS_ctl := -levent -linih -ldeflate -lprotobuf-c -ljansson
LIBS_replay := -lpcap -lz -ldeflate -lcrypto -lprotobuf-c -ljansson
LIBS_test := $(sort $(LIBS_sensor) $(LIBS_collector) $(LIBS_replay)) -lcmocka

# --- sources ---------------------------------------------------------------------------------------
sources = $(sort $(shell find $(1) -name '*.c' 2>/dev/null))
objects = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))

COMMON_SRC := $(call sources,userspace/common)
TELEMETRY_SRC := $(call sources,userspace/telemetry)
SENSOR_SRC := $(filter-out userspace/sensor/main.c,$(call sources,userspace/sensor))
REPLAY_SRC := $(filter-out userspace/replay/main.c,$(call sources,userspace/replay))
CTL_SRC := $(filter-out userspace/ctl/main.c,$(call sources,userspace/ctl))
COLLECTOR_SRC := $(filter-out userspace/collector/main.c,$(call sources,userspace/collector))
SUPPORT_SRC := $(wildcard tests/support/*.c)
PROTO := $(wildcard proto/*.proto)
PROTO_SRC := $(patsubst proto/%.proto,$(BUILD)/gen/proto/%.pb-c.c,$(PROTO))
PROTO_OBJ := $(PROTO_SRC:.c=.o)
PROTO_HDR := $(PROTO_SRC:.c=.h)
BPF_SRC := $(wildcard bpf/probes/*.bpf.c)
BPF_OBJ := $(patsubst bpf/probes/%.bpf.c,$(BUILD)/bpf/%.bpf.o,$(BPF_SRC))
BPF_LINKED := $(BUILD)/bpf/yagura.bpf.o
SKELETON := $(BUILD)/gen/bpf/yagura.skel.h
UNIT_SRC := $(call sources,tests/unit)
UNIT_BIN := $(patsubst tests/%.c,$(BUILD)/tests/%,$(UNIT_SRC))
BPF_TEST_SRC := $(wildcard tests/bpf/test_*.c)
BPF_TEST_BIN := $(patsubst tests/%.c,$(BUILD)/tests/%,$(BPF_TEST_SRC))
FUZZ_SRC := $(wildcard tests/fuzz/fuzz_*.c)
FUZZ_BIN := $(patsubst tests/%.c,$(BUILD)/tests/%,$(FUZZ_SRC))
BIN := $(addprefix $(BUILD)/bin/,yagurad yaguractl yagura-replay yagura-collector)

.PHONY: all help setup run check clean format lint unit-tests bpf-tests bench-programs fuzz-tests
.DELETE_ON_ERROR:
.SECONDARY:

all: $(BIN) ## build every binary into build/bin/

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 24

# --- kernel side -----------------------------------------------------------------------------------
$(BUILD)/bpf/%.bpf.o: bpf/probes/%.bpf.c
	$(call say,BPF,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -MMD -MP -c $< -o $@

$(BPF_LINKED): $(BPF_OBJ)
	$(call say,BPFLINK,$@)
	$(Q)$(BPFTOOL) gen object $@ $^

$(SKELETON): $(BPF_LINKED)
	$(call say,SKELETON,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(BPFTOOL) gen skeleton $< name yagura_bpf > $@

# --- generated protobuf ----------------------------------------------------------------------------
$(BUILD)/gen/proto/%.pb-c.c $(BUILD)/gen/proto/%.pb-c.h: proto/%.proto
	$(call say,PROTOC,$<)
	$(Q)mkdir -p $(BUILD)/gen/proto
	$(Q)protoc --proto_path=proto --c_out=$(BUILD)/gen/proto $<

$(PROTO_OBJ): %.o: %.c
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -w -c $< -o $@

# --- userspace -------------------------------------------------------------------------------------
# Generated headers first: order-only, -MMD takes over once an object knows what it includes.
$(BUILD)/obj/%.o: %.c | $(PROTO_HDR)
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@

# By name: a pattern rule without a recipe would add nothing.
$(filter $(BUILD)/obj/userspace/sensor/keeper/%,$(call objects,$(SENSOR_SRC))): | $(SKELETON)
# The generated skeleton is not written to our warning flags.
$(BUILD)/obj/userspace/sensor/keeper/%.o: CFLAGS += -Wno-conversion -Wno-sign-conversion -Wno-cast-qual

define library
$(BUILD)/lib/lib$(1).a: $(2)
	$$(Q)mkdir -p $$(@D) && rm -f $$@ && $$(AR) rcs $$@ $$^
endef
$(eval $(call library,common,$(call objects,$(COMMON_SRC))))
$(eval $(call library,telemetry,$(call objects,$(TELEMETRY_SRC)) $(PROTO_OBJ)))
$(eval $(call library,sensor,$(call objects,$(SENSOR_SRC))))
$(eval $(call library,replay,$(call objects,$(REPLAY_SRC))))
$(eval $(call library,ctl,$(call objects,$(CTL_SRC))))
$(eval $(call library,collector,$(call objects,$(COLLECTOR_SRC))))
$(eval $(call library,support,$(call objects,$(SUPPORT_SRC))))
lib = $(foreach l,$(1),$(BUILD)/lib/lib$(l).a)

define link
$(call say,LINK,$@)
$(Q)mkdir -p $(@D)
$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(1)
endef
$(BUILD)/bin/yagurad: $(BUILD)/obj/userspace/sensor/main.o $(call lib,sensor telemetry common)
	$(call link,$(LIBS_sensor))
$(BUILD)/bin/yagura-replay: $(BUILD)/obj/userspace/replay/main.o $(call lib,replay sensor telemetry common)
	$(call link,$(LIBS_replay))
$(BUILD)/bin/yaguractl: $(BUILD)/obj/userspace/ctl/main.o $(call lib,ctl telemetry common)
	$(call link,$(LIBS_ctl))
$(BUILD)/bin/yagura-collector: $(BUILD)/obj/userspace/collector/main.o $(call lib,collector telemetry common)
	$(call link,$(LIBS_collector))

# --- tests -----------------------------------------------------------------------------------------
$(BUILD)/tests/%: $(BUILD)/obj/tests/%.o $(call lib,support replay sensor ctl collector telemetry common)
	$(call link,$(LIBS_test))
$(BUILD)/obj/tests/%.o: CFLAGS += -Wno-cast-qual
$(BUILD)/obj/tests/%.o: CPPFLAGS += -Itests -DBPF_OBJECT='"$(BPF_LINKED)"'

unit-tests: $(UNIT_BIN)

include tests/support/programs.mk

$(BPF_TEST_BIN): $(call objects,$(filter-out $(BPF_TEST_SRC) %.bpf.c,$(wildcard tests/bpf/*.c)))
# Code of bpf/lib behind programs that are attached to nothing: tests/bpf/<lib>_test.bpf.c.
$(BUILD)/gen/bpf/%_test.bpf.o: tests/bpf/%_test.bpf.c
	$(call say,BPF,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -MMD -MP -c $< -o $@
$(BUILD)/gen/bpf/%_test.skel.h: $(BUILD)/gen/bpf/%_test.bpf.o
	$(call say,SKELETON,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name $*_test_bpf > $@
BPF_STAGE_OBJ := $(call objects,$(wildcard tests/bpf/stage/*.c))
$(BPF_STAGE_OBJ): | $(BUILD)/gen/bpf/first_bytes_test.skel.h
$(BUILD)/obj/tests/bpf/stage/stage_programs.o: CFLAGS += -Wno-conversion -Wno-sign-conversion
$(BUILD)/tests/bpf/test_first_bytes_corpus $(BUILD)/tests/bpf/test_first_bytes_order: $(BPF_STAGE_OBJ)
bpf-tests: $(BPF_TEST_BIN) $(BUILD)/tests/vm/verifier_cost

$(BUILD)/tests/bench/telemetry/bench: $(call objects,$(wildcard tests/bench/telemetry/*.c)) \
		$(call lib,telemetry common)
	$(call link,$(LIBS_test) -lm)

$(BUILD)/tests/bench/sinks: $(call objects,tests/bench/sinks.c \
		$(filter-out %/main.c,$(wildcard tests/bench/telemetry/*.c))) \
		$(call lib,support collector telemetry common)
	$(call link,$(LIBS_test) -lm)

bench-programs: $(addprefix $(BUILD)/tests/bench/,spawn read_capture short_lives worker_turn)

# Fuzzers: libFuzzer wants clang for every object that it should see into, so they get a BUILD of their
# own (`make check-fuzz` calls `make BUILD=build/fuzz CC=clang FUZZ=1 fuzz-tests`).
ifeq ($(FUZZ),1)
CFLAGS += -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer \
	-Wno-unknown-warning-option -Wno-null-dereference
LDFLAGS += -fsanitize=fuzzer-no-link,address,undefined
$(BUILD)/tests/fuzz/%: LDFLAGS += -fsanitize=fuzzer
endif
fuzz-tests: $(FUZZ_BIN)

include packaging/dev/targets.mk

clean: ## remove build/
	rm -rf build

-include $(shell find $(BUILD) -path '$(BUILD)/roots' -prune -o -name '*.d' -type f -print 2>/dev/null)
