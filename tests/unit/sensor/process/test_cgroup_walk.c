/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/process/cgroup_walk.h"

#include "support/temp_dir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static uint64_t inode_of(const char *root, const char *name)
{
	char *path = temp_dir_path(root, name);
	struct stat facts;

	assert_int_equal(stat(path, &facts), 0);
	free(path);
	return facts.st_ino;
}

static void make(const char *root, const char *name)
{
	char *path = temp_dir_path(root, name);

	assert_int_equal(mkdir(path, 0755), 0);
	free(path);
}

static void assert_named(struct cgroup_names *names, const char *root, const char *name)
{
	const struct text *path = cgroup_names_find(names, inode_of(root, name));
	char want[256];

	snprintf(want, sizeof(want), "/%s", name);
	assert_non_null(path);
	assert_int_equal(path->length, strlen(want));
	assert_memory_equal(path->at, want, path->length);
}

static void every_group_is_named(void **state)
{
	static const char *const groups[] = { "a", "a/b", "a/b/c.service", "user.slice" };
	struct cgroup_names *names = cgroup_names_new(64);
	char *root = temp_dir_new();

	(void)state;
	for (size_t i = 0; i < sizeof(groups) / sizeof(*groups); i++)
		make(root, groups[i]);
	temp_dir_write(root, "a/cgroup.procs", "", 0);
	assert_int_equal(cgroup_walk(root, names), 5);
	for (size_t i = 0; i < sizeof(groups) / sizeof(*groups); i++)
		assert_named(names, root, groups[i]);
	assert_named(names, root, "");
	assert_null(cgroup_names_find(names, inode_of(root, "a/cgroup.procs")));
	cgroup_names_free(names);
	temp_dir_remove(root);
}

/* Who may write there could make a link or as deep a tree as wanted. */
static void links_and_depths_are_not_followed(void **state)
{
	struct cgroup_names *names = cgroup_names_new(64);
	char *root = temp_dir_new(), *link = temp_dir_path(root, "link");
	char deep[256] = "";

	(void)state;
	assert_int_equal(symlink("/", link), 0);
	for (int level = 1; level <= 34; level++) {
		snprintf(deep + strlen(deep), sizeof(deep) - strlen(deep), "%sd",
			 level > 1 ? "/" : "");
		make(root, deep);
	}
	assert_int_equal(cgroup_walk(root, names), 33); /* the root, and 32 levels */
	assert_null(cgroup_names_find(names, inode_of(root, deep)));
	free(link);
	cgroup_names_free(names);
	temp_dir_remove(root);
}

static void what_is_not_there_is_said(void **state)
{
	struct cgroup_names *names = cgroup_names_new(8);

	(void)state;
	assert_int_equal(cgroup_walk("/nowhere/at/all", names), -ENOENT);
	assert_int_equal(cgroup_names_count(names), 0);
	cgroup_names_free(names);
}

/* Where the hierarchy is mounted, its root is group 1; where not, nothing is named. */
static void the_mounted_hierarchy_has_its_root(void **state)
{
	struct cgroup_names *names = cgroup_names_new(16384);
	long groups = cgroup_walk_mounted(names);
	const struct text *root = cgroup_names_find(names, CGROUP_ROOT_INODE);

	(void)state;
	if (groups < 0) {
		assert_int_equal(groups, -ENOENT);
		assert_null(root);
	} else {
		assert_true(groups >= 1);
		assert_non_null(root);
		assert_int_equal(root->length, 1);
		assert_memory_equal(root->at, "/", 1);
	}
	cgroup_names_free(names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_group_is_named),
		cmocka_unit_test(links_and_depths_are_not_followed),
		cmocka_unit_test(what_is_not_there_is_said),
		cmocka_unit_test(the_mounted_hierarchy_has_its_root),
	};

	return cmocka_run_group_tests_name("cgroup_walk", tests, NULL, NULL);
}
