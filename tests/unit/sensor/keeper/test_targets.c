/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/keeper/targets.h"

#include "support/temp_dir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct world {
	char *directory;
	char *file;
	char *other;
	struct targets targets;
};

static struct world begin(const char *rule, bool is_there)
{
	struct world world = { .directory = temp_dir_new(), .targets.cgroups = -1 };
	char drop[4096];

	world.file = temp_dir_path(world.directory, "program");
	world.other = temp_dir_path(world.directory, "new");
	if (is_there)
		temp_dir_write(world.directory, "program", "1", 1);
	snprintf(drop, sizeof(drop), "port 22\n%s %s\nuid 5\n", rule, world.file);
	assert_int_equal(targets_note(&world.targets, &(struct policy){ .drop = drop, .keep = "" }),
			 0);
	return world;
}

static void end(struct world *world)
{
	targets_done(&world->targets);
	free(world->file);
	free(world->other);
	temp_dir_remove(world->directory);
}

static void what_stays_has_not_changed(void **state)
{
	struct world world = begin("executable", true);

	(void)state;
	assert_int_equal(world.targets.count, 1);
	assert_false(targets_changed(&world.targets));
	temp_dir_write(world.directory, "new", "1", 1);
	assert_false(targets_changed(&world.targets));
	end(&world);
}

static void what_comes_to_be_has_changed(void **state)
{
	struct world world = begin("executable", false);

	(void)state;
	assert_false(targets_changed(&world.targets));
	temp_dir_write(world.directory, "program", "1", 1);
	assert_true(targets_changed(&world.targets));
	end(&world);
}

/* As package managers do it: another file takes the name. */
static void what_is_upgraded_has_changed(void **state)
{
	struct world world = begin("executable", true);

	(void)state;
	temp_dir_write(world.directory, "new", "2", 1);
	assert_int_equal(rename(world.other, world.file), 0);
	assert_true(targets_changed(&world.targets));
	end(&world);
}

static void what_has_gone_has_changed(void **state)
{
	struct world world = begin("executable", true);

	(void)state;
	assert_int_equal(unlink(world.file), 0);
	assert_true(targets_changed(&world.targets));
	end(&world);
}

static void a_new_policy_replaces_the_old(void **state)
{
	struct world world = begin("executable", false);

	(void)state;
	assert_int_equal(
		targets_note(&world.targets, &(struct policy){ .drop = "uid 1", .keep = "port 2" }),
		0);
	assert_int_equal(world.targets.count, 0);
	temp_dir_write(world.directory, "program", "1", 1);
	assert_false(targets_changed(&world.targets));
	end(&world);
}

static void a_copied_policy_is_ones_own(void **state)
{
	char drop[] = "uid 1", keep[] = "uid 2";
	struct policy copy = { 0 };

	(void)state;
	assert_int_equal(policy_copy(&copy, &(struct policy){ drop, keep, .flow_burst = 3 }), 0);
	drop[4] = keep[4] = '9';
	assert_int_equal(policy_copy(&copy, &copy), 0);
	assert_string_equal(copy.drop, "uid 1");
	assert_string_equal(copy.keep, "uid 2");
	assert_int_equal(copy.flow_burst, 3);
	policy_done(&copy);
	assert_null(copy.drop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_stays_has_not_changed),
		cmocka_unit_test(what_comes_to_be_has_changed),
		cmocka_unit_test(what_is_upgraded_has_changed),
		cmocka_unit_test(what_has_gone_has_changed),
		cmocka_unit_test(a_new_policy_replaces_the_old),
		cmocka_unit_test(a_copied_policy_is_ones_own),
	};

	return cmocka_run_group_tests_name("targets", tests, NULL, NULL);
}
