/* SPDX-License-Identifier: Apache-2.0 */
/* The probe table against the BPF object itself: no program without a row, no row without one. */
#include "sensor/keeper/choice.h"
#include "sensor/keeper/probe_table.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct bpf_object *object;

static int open_object(void **state)
{
	(void)state;
	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	object = bpf_object__open_file(BPF_OBJECT, NULL);
	return object ? 0 : -1;
}

static int close_object(void **state)
{
	(void)state;
	bpf_object__close(object);
	return 0;
}

static bool has_row(const char *program)
{
	for (size_t row = 0; probe_table[row].name; row++)
		for (size_t way = 0; way < PROBE_WAYS_MAX; way++)
			if (probe_table[row].ways[way].program &&
			    strcmp(probe_table[row].ways[way].program, program) == 0)
				return true;
	return false;
}

static void every_program_is_in_a_row(void **state)
{
	struct bpf_program *program;
	unsigned int programs = 0, without = 0;

	(void)state;
	bpf_object__for_each_program(program, object)
	{
		programs++;
		if (!has_row(bpf_program__name(program))) {
			print_error("%s is in no row\n", bpf_program__name(program));
			without++;
		}
	}
	assert_int_equal(without, 0);
	assert_true(programs > 0);
	assert_false(has_row("yagura_of_no_row")); /* it can tell */
}

static void every_way_names_a_program(void **state)
{
	(void)state;
	for (size_t row = 0; probe_table[row].name; row++) {
		const struct probe *probe = &probe_table[row];

		assert_non_null(probe->ways[0].program);
		for (size_t way = 0; way < PROBE_WAYS_MAX && probe->ways[way].program; way++)
			assert_non_null(
				bpf_object__find_program_by_name(object, probe->ways[way].program));
	}
}

/* The loader tries again without what it had assumed: no probe is lost by that, and status says why
 * another program serves it. */
static void without_what_is_assumed_no_probe_is_lost(void **state)
{
	const uint32_t all = (1u << FEATURE_COUNT) - 1, old = FEATURE_KERNEL_READS;
	struct btf *kernel = btf__load_vmlinux_btf();
	unsigned int others = 0;

	(void)state;
	assert_non_null(kernel);
	for (size_t row = 0; probe_table[row].name; row++) {
		struct choice best = choice_make(&probe_table[row], kernel, all);
		struct choice less =
			choice_make(&probe_table[row], kernel, all & ~(uint32_t)FEATURES_ASSUMED);
		struct choice old_less = choice_make(&probe_table[row], kernel, old);

		assert_int_equal(best.way != NULL, less.way != NULL);
		assert_false(less.way && less.way->features & FEATURES_ASSUMED);
		if (best.way == less.way)
			continue;
		others++;
		assert_string_equal(less.reason,
				    "no verifier that takes the search for first bytes of TCP");
		assert_non_null(old_less.way);
	}
	assert_int_equal(others, 2); /* packets that come and that leave */
	btf__free(kernel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_program_is_in_a_row),
		cmocka_unit_test(every_way_names_a_program),
		cmocka_unit_test(without_what_is_assumed_no_probe_is_lost),
	};

	return cmocka_run_group_tests(tests, open_object, close_object);
}
