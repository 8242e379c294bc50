/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/process/cgroups.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void learn(struct cgroup_names *names, uint64_t id, const char *path)
{
	struct text text = { path, strlen(path) };

	assert_int_equal(cgroup_names_learn(names, id, text), 0);
}

static void assert_path(struct cgroup_names *names, uint64_t id, const char *want)
{
	const struct text *path = cgroup_names_find(names, id);

	assert_non_null(path);
	assert_int_equal(path->length, strlen(want));
	assert_memory_equal(path->at, want, path->length);
}

static void a_name_told_is_found(void **state)
{
	struct cgroup_names *names = cgroup_names_new(8);

	(void)state;
	learn(names, 1, "/");
	learn(names, 5, "/system.slice/ssh.service");
	assert_path(names, 5, "/system.slice/ssh.service");
	assert_path(names, 1, "/");
	assert_null(cgroup_names_find(names, 2));
	cgroup_names_free(names);
}

static void the_last_name_told_counts(void **state)
{
	struct cgroup_names *names = cgroup_names_new(8);

	(void)state;
	learn(names, 5, "/a");
	learn(names, 5, "/a");
	learn(names, 5, "/longer/b");
	assert_path(names, 5, "/longer/b");
	assert_int_equal(cgroup_names_count(names), 1);
	cgroup_names_free(names);
}

static void the_name_is_a_copy(void **state)
{
	struct cgroup_names *names = cgroup_names_new(8);
	char path[] = "/a";

	(void)state;
	learn(names, 5, path);
	path[1] = 'x';
	assert_path(names, 5, "/a");
	cgroup_names_free(names);
}

static void the_one_unused_longest_goes_first(void **state)
{
	struct cgroup_names *names = cgroup_names_new(3);

	(void)state;
	learn(names, 1, "/1");
	learn(names, 2, "/2");
	learn(names, 3, "/3");
	assert_path(names, 1, "/1");
	learn(names, 4, "/4");
	assert_int_equal(cgroup_names_count(names), 3);
	assert_path(names, 1, "/1");
	assert_path(names, 3, "/3");
	assert_path(names, 4, "/4");
	assert_null(cgroup_names_find(names, 2));
	cgroup_names_free(names);
}

static void what_one_record_needs_stays_valid(void **state)
{
	struct cgroup_names *names = cgroup_names_new(0);
	const struct text *first;

	(void)state;
	learn(names, 1, "/1");
	first = cgroup_names_find(names, 1);
	assert_null(cgroup_names_find(names, 2));
	assert_memory_equal(first->at, "/1", 2);
	cgroup_names_free(names);
}

static void the_kernel_is_asked_for_what_is_missing(void **state)
{
	struct cgroup_names *names = cgroup_names_new(8);

	(void)state;
	assert_false(cgroup_names_ask(names));
	cgroup_names_find(names, 7);
	cgroup_names_find(names, 8);
	assert_true(cgroup_names_ask(names)); /* once for both */
	assert_false(cgroup_names_ask(names));
	learn(names, 7, "/7");
	assert_path(names, 7, "/7");
	assert_false(cgroup_names_ask(names)); /* nobody asked for 8 again */
	cgroup_names_free(names);
}

static void a_group_that_never_answers_is_not_asked_for_ever(void **state)
{
	struct cgroup_names *names = cgroup_names_new(8);
	int asked = 0;

	(void)state;
	for (int i = 0; i < 100; i++) {
		cgroup_names_find(names, 7);
		asked += cgroup_names_ask(names);
	}
	assert_int_equal(asked, 3);
	cgroup_names_find(names, 8); /* another one is asked for all the same */
	assert_true(cgroup_names_ask(names));
	cgroup_names_free(names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_told_is_found),
		cmocka_unit_test(the_last_name_told_counts),
		cmocka_unit_test(the_name_is_a_copy),
		cmocka_unit_test(the_one_unused_longest_goes_first),
		cmocka_unit_test(what_one_record_needs_stays_valid),
		cmocka_unit_test(the_kernel_is_asked_for_what_is_missing),
		cmocka_unit_test(a_group_that_never_answers_is_not_asked_for_ever),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
