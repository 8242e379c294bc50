# SPDX-License-Identifier: Apache-2.0
# The targets of the README, included by the Makefile. What they do stands in packaging/dev/ and
# tests/check; here is only what depends on what.

CHECK_PARTS := lint build unit unit-sanitized bpf integration corpus px1 fuzz
CLANG_FORMAT ?= $(firstword $(shell command -v clang-format-14 clang-format 2>/dev/null))

# What needs another release or boots virtual machines is no part of `make check`.
CHECK_MORE := debian13 kernels

.PHONY: $(addprefix check-,all $(CHECK_PARTS) $(CHECK_MORE)) verifier-cost bench-kernel \
	bench-fingerprint bench-replay bench-sinks bench-telemetry bench-worker bench-lives \
	check-px1-build

setup: ## install the Debian packages that building and checking need (root)
	$(Q)packaging/dev/setup

run: setup ## build, then start collector and sensor and show what happens (root)
	$(Q)+$(MAKE) --no-print-directory -j$(shell nproc) all
	$(Q)packaging/dev/run

check: setup ## every check, at most 15 minutes on two cores (root)
	$(Q)tests/check $(CHECK_PARTS)

check-all: setup ## the same, then on Debian 13 and in virtual machines, at most 70 minutes (root)
	$(Q)tests/check $(CHECK_PARTS) $(CHECK_MORE)

check-lint: setup ## format, licences, includes, lengths, tables, words
check-build: setup ## everything compiles without a warning
check-unit: setup ## unit tests
check-unit-sanitized: setup ## unit tests under ASan and UBSan
check-bpf: setup ## the BPF programs on this host's kernel, one by one (root)
check-integration: setup ## sensor and collector on this host's kernel (root)
check-corpus: setup ## yagura-replay over captures with expected values, whole and cut
check-px1: setup ## two implementations of the execution fingerprint against each other
check-fuzz: setup ## each fuzzer for FUZZ_SECONDS (10) on the kept corpus
check-debian13: setup ## build, unit tests and BPF programs with what Debian 13 has (root)
check-kernels: setup ## the BPF programs on every supported kernel, in virtual machines (root)
$(addprefix check-,$(CHECK_PARTS) $(CHECK_MORE)): check-%:
	$(Q)tests/check $*

bench-kernel: setup ## what the sensor costs: loads with and without it, in turn (root)
	$(Q)+$(MAKE) --no-print-directory -j$(shell nproc) all bench-programs
	$(Q)tests/bench/kernel

bench-fingerprint: setup ## what a flow's fingerprints cost, beside what no one can save of it
	$(Q)+$(MAKE) --no-print-directory -j$(shell nproc) $(BUILD)/tests/bench/fingerprint
	$(Q)$(BUILD)/tests/bench/fingerprint

bench-worker: setup ## what the worker's own code takes for a flow and for an execution
	$(Q)+$(MAKE) --no-print-directory -j$(shell nproc) bench-programs
	$(Q)$(BUILD)/tests/bench/worker_turn

bench-replay: setup ## how fast yagura-replay reads a capture without handshakes
	$(Q)+$(MAKE) --no-print-directory -j$(shell nproc) $(BUILD)/bin/yagura-replay bench-programs
	$(Q)tests/bench/replay

bench-sinks: setup ## how fast the collector's sinks keep records
	$(Q)+$(MAKE) --no-print-directory -j$(shell nproc) $(BUILD)/tests/bench/sinks
	$(Q)$(BUILD)/tests/bench/sinks

bench-telemetry: setup ## bytes a record beside other encodings, and how fast batches are made and read
	$(Q)+$(MAKE) --no-print-directory -j$(shell nproc) $(BUILD)/tests/bench/telemetry/bench \
		$(BUILD)/bin/yagura-replay
	$(Q)$(BUILD)/tests/bench/telemetry/bench
	$(Q)tests/bench/telemetry/capture

bench-lives: setup ## memory of the sensor over a million short processes, about a quarter of an hour (root)
	$(Q)+$(MAKE) --no-print-directory -j$(shell nproc) all bench-programs
	$(Q)tests/bench/lives

check-px1-build: setup ## both implementations of px1 on every execution of a whole build (root)
	$(Q)+$(MAKE) --no-print-directory -j$(shell nproc) all integration-tests
	$(Q)PX1_BUILD_TARGET=all /usr/bin/python3 -B -m pytest -q -s tests/integration/test_174_px1_of_a_build.py

lint: ## check-lint without set-up
	$(Q)tests/check lint

format: ## lay out every C file as .clang-format says
	$(Q)find bpf userspace tests -name '*.[ch]' -exec $(CLANG_FORMAT) -i {} +

verifier-cost: ## write what the verifier of each kernel makes of each program into the table (root)
	$(Q)+$(MAKE) --no-print-directory bpf-tests
	$(Q)tests/vm/update_cost
