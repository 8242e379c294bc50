/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/workplace.h"

#include "support/temp_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

struct fixture {
	char *directory;
	char *path; /* of a state directory that does not exist yet */
	char error[8192];
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->directory = temp_dir_new();
	f->path = temp_dir_path(f->directory, "state");
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	temp_dir_remove(f->directory);
	free(f->path);
	free(f);
	return 0;
}

static int open_at(struct fixture *f, const char *path, struct workplace *ret_workplace)
{
	return workplace_open(path, ret_workplace, f->error, sizeof(f->error));
}

static void assert_says(const struct fixture *f, const char *text)
{
	if (!strstr(f->error, text))
		fail_msg("\"%s\" is not in: %s", text, f->error);
	assert_null(strchr(f->error, '\n'));
}

static void made_for_us_alone(void **state)
{
	struct fixture *f = *state;
	struct workplace workplace;
	struct stat status;

	assert_int_equal(open_at(f, f->path, &workplace), 0);
	assert_int_equal(stat(f->path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0700);
	assert_int_equal(stat(workplace.spool_directory, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0700);
	assert_int_equal(strncmp(workplace.spool_directory, f->path, strlen(f->path)), 0);
	assert_int_equal(fcntl(workplace.lock, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	workplace_close(&workplace);
	workplace_close(&workplace);
}

static void one_daemon_a_directory(void **state)
{
	struct fixture *f = *state;
	struct workplace first;
	struct workplace second = { .lock = -1 };

	assert_int_equal(open_at(f, f->path, &first), 0);
	assert_int_equal(open_at(f, f->path, &second), -EBUSY);
	assert_int_equal(second.lock, -1);
	assert_says(f, f->path);
	assert_says(f, "in use by another yagurad");
	assert_says(f, "[sensor] state_directory");
	workplace_close(&first);
	assert_int_equal(open_at(f, f->path, &second), 0);
	workplace_close(&second);
}

static void no_parent(void **state)
{
	struct fixture *f = *state;
	struct workplace workplace;
	char *path = temp_dir_path(f->path, "deeper");

	assert_int_equal(open_at(f, path, &workplace), -ENOENT);
	assert_says(f, path);
	assert_says(f, "No such file or directory; make its parent");
	free(path);
}

static void a_file_in_the_way(void **state)
{
	struct fixture *f = *state;
	struct workplace workplace;

	temp_dir_write(f->directory, "state", "", 0);
	assert_int_equal(open_at(f, f->path, &workplace), -ENOTDIR);
	assert_says(f, f->path);
	assert_says(f, "Not a directory");
}

static void a_lock_that_cannot_be_opened(void **state)
{
	struct fixture *f = *state;
	struct workplace workplace;
	char *lock = temp_dir_path(f->path, "lock");

	assert_int_equal(mkdir(f->path, 0700), 0);
	assert_int_equal(mkdir(lock, 0700), 0);
	assert_int_equal(open_at(f, f->path, &workplace), -EISDIR);
	assert_says(f, lock);
	free(lock);
}

static void too_long(void **state)
{
	static char path[WORKPLACE_PATH_BYTES];
	struct fixture *f = *state;
	struct workplace workplace;

	memset(path, '/', sizeof(path) - 1);
	assert_int_equal(open_at(f, path, &workplace), -ENAMETOOLONG);
	assert_says(f, "[sensor] state_directory is too long");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(made_for_us_alone), TEST(one_daemon_a_directory),
		TEST(no_parent),	 TEST(a_file_in_the_way),
		TEST(too_long),		 TEST(a_lock_that_cannot_be_opened),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
