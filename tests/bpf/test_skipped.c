/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel does not run a tracing program while it runs already on that CPU, and says so nowhere
 * but in recursion_misses: a program on the tracepoint that its own helper passes meets itself. And
 * ours, which do no such thing, have none.
 */
#include "bpf/kernel_case.h"
#include "bpf/probe_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <bpf/bpf.h>
#include <cmocka.h>
#include <linux/bpf.h>
#include <unistd.h>

#define ROUNDS 5

/* r1 = "a\0" on the stack, r2 = 2, bpf_trace_printk, return 0. */
static const struct bpf_insn print_something[] = {
	{ .code = BPF_ST | BPF_MEM | BPF_DW, .dst_reg = BPF_REG_10, .off = -8, .imm = 'a' },
	{ .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = BPF_REG_1, .src_reg = BPF_REG_10 },
	{ .code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = BPF_REG_1, .imm = -8 },
	{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_2, .imm = 2 },
	{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_trace_printk },
	{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0 },
	{ .code = BPF_JMP | BPF_EXIT },
};

static uint64_t misses(int program)
{
	struct bpf_prog_info info = { 0 };
	__u32 size = sizeof(info);

	assert_int_equal(bpf_obj_get_info_by_fd(program, &info, &size), 0);
	return info.recursion_misses;
}

static void the_kernel_counts_what_it_skips(void **state)
{
	struct bpf_test_run_opts run = { .sz = sizeof(run) };
	int program;
	int link;
	uint64_t before;

	(void)state;
	if (!recursion_is_stopped())
		skip(); /* nothing stops it there: the CPU would be stuck for good */
	program = bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT, "recursive", "GPL", print_something,
				sizeof(print_something) / sizeof(*print_something), NULL);
	if (program < 0)
		skip(); /* lockdown=confidentiality refuses the helper */
	link = bpf_raw_tracepoint_open("bpf_trace_printk", program);
	assert_true(link >= 0);
	before = misses(program);
	for (int i = 0; i < ROUNDS; i++)
		assert_int_equal(bpf_prog_test_run_opts(program, &run), 0);
	assert_true(misses(program) - before >= ROUNDS);
	close(link);
	close(program);
}

static void our_programs_skip_nothing(void **state)
{
	struct probe_fixture *fixture = *state;
	struct keeper_probes probes;
	uint32_t makers = 0;

	loader_probes(fixture->loader, &probes);
	for (uint32_t i = 0; i < probes.count; i++) {
		assert_int_equal(probes.probe[i].skipped, 0);
		makers += probes.probe[i].makes != EVENT_KIND_NONE;
	}
	assert_true(makers >= 4); /* fork, exec, exit, flow */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_kernel_counts_what_it_skips),
		cmocka_unit_test(our_programs_skip_nothing),
	};

	return cmocka_run_group_tests(tests, probe_fixture_setup, probe_fixture_teardown);
}
