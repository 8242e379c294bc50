/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/keeper/cgroup.h"

#include "support/temp_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cmocka.h>

struct answer {
	int fd;
	char path[256];
	char error[512];
};

static int open_at(const char *path, struct answer *answer)
{
	*answer = (struct answer){ .fd = -1 };
	return cgroup_open(path, &answer->fd, answer->path, sizeof(answer->path), answer->error,
			   sizeof(answer->error));
}

static void assert_refused(const char *path, int want, const char *text)
{
	struct answer answer;

	assert_int_equal(open_at(path, &answer), want);
	assert_int_equal(answer.fd, -1);
	assert_string_equal(answer.path, "");
	assert_non_null(strstr(answer.error, path));
	assert_non_null(strstr(answer.error, text));
	assert_non_null(strstr(answer.error, "[kernel] cgroup"));
}

static void what_is_no_cgroup_is_refused(void **state)
{
	char *directory = temp_dir_new();
	char *file = temp_dir_path(directory, "file");
	char *nothing = temp_dir_path(directory, "nothing");

	(void)state;
	temp_dir_write(directory, "file", "", 0);
	assert_refused(nothing, -ENOENT, "No such file or directory");
	assert_refused(file, -ENOTDIR, "Not a directory");
	assert_refused(directory, -EINVAL, "is not in a cgroup2 hierarchy");
	free(nothing);
	free(file);
	temp_dir_remove(directory);
}

static void assert_cgroup(const struct answer *answer)
{
	struct statfs fs;

	assert_int_equal(fstatfs(answer->fd, &fs), 0);
	assert_int_equal(fs.f_type, CGROUP2_SUPER_MAGIC);
	assert_int_equal(fcntl(answer->fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_true(strlen(answer->path) > 0);
}

/* Mounted somewhere or not, with nothing said or "": the root of the hierarchy; by its
 * name, too. */
static void root_is_found(void **state)
{
	struct answer answer, again;

	(void)state;
	assert_int_equal(open_at(NULL, &answer), 0);
	assert_cgroup(&answer);
	assert_int_equal(open_at("", &again), 0);
	assert_string_equal(again.path, answer.path);
	close(again.fd);
	if (answer.path[1] != ' ') { /* not a mount of its own, which has no name */
		assert_int_equal(open_at(answer.path, &again), 0);
		assert_cgroup(&again);
		assert_string_equal(again.path, answer.path);
		close(again.fd);
	}
	close(answer.fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_cgroup_is_refused),
		cmocka_unit_test(root_is_found), /* last: only root can mount */
	};
	size_t count = sizeof(tests) / sizeof(*tests) - (geteuid() == 0 ? 0 : 1);

	return _cmocka_run_group_tests("cgroup", tests, count, NULL, NULL);
}
