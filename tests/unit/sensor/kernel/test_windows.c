/* SPDX-License-Identifier: Apache-2.0 */
/* A file of which only parts are mapped. */
#include "sensor/kernel/windows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#define SKIPPED 4096
#define BYTES (2 * WINDOW_BYTES + 4096) /* the last window is a page */

static int fd;
static struct windows windows;

static int set_up(void **state)
{
	(void)state;
	fd = memfd_create("file", MFD_CLOEXEC);
	if (fd < 0 || ftruncate(fd, SKIPPED + BYTES) < 0)
		return -1;
	return windows_open(&windows, fd, SKIPPED, BYTES, PROT_READ | PROT_WRITE);
}

static int tear_down(void **state)
{
	(void)state;
	windows_close(&windows);
	close(fd);
	return 0;
}

/* What stands in the file at `at` of its part. */
static char kept(size_t at)
{
	char byte = 0;

	assert_int_equal(pread(fd, &byte, 1, (off_t)(SKIPPED + at)), 1);
	return byte;
}

static void only_what_is_asked_for_is_mapped(void **state)
{
	(void)state;
	assert_int_equal(windows_mapped_bytes(&windows), 0);
	assert_int_equal(windows_map(&windows, 5, 100), 0);
	assert_int_equal(windows_map(&windows, 0, WINDOW_BYTES), 0);
	assert_int_equal(windows_mapped_bytes(&windows), WINDOW_BYTES);
	windows.at[5] = 'a';
	assert_int_equal(kept(5), 'a');
}

static void bytes_over_a_border_are_one_piece(void **state)
{
	(void)state;
	assert_int_equal(windows_map(&windows, WINDOW_BYTES - 1, 2), 0);
	assert_int_equal(windows_mapped_bytes(&windows), 2 * WINDOW_BYTES);
	memcpy(windows.at + WINDOW_BYTES - 1, "bc", 2);
	assert_int_equal(kept(WINDOW_BYTES - 1), 'b');
	assert_int_equal(kept(WINDOW_BYTES), 'c');
}

static void the_last_window_ends_with_the_part(void **state)
{
	(void)state;
	assert_int_equal(windows_map(&windows, BYTES - 1, 1), 0);
	windows.at[BYTES - 1] = 'd';
	assert_int_equal(kept(BYTES - 1), 'd');
}

static void what_was_given_back_is_mapped_again(void **state)
{
	(void)state;
	assert_int_equal(windows_map(&windows, 0, BYTES), 0);
	windows.at[WINDOW_BYTES] = 'e';
	windows_give_back(&windows);
	assert_int_equal(windows_mapped_bytes(&windows), 0);
	assert_int_equal(windows_map(&windows, WINDOW_BYTES, 1), 0);
	assert_int_equal(windows.at[WINDOW_BYTES], 'e');
}

/* The place stays ours, so that a later try finds it free. */
static void a_failed_map_can_be_tried_again(void **state)
{
	int other = dup(fd);

	(void)state;
	close(fd);
	assert_int_equal(windows_map(&windows, 0, 1), -EBADF);
	assert_int_equal(windows_mapped_bytes(&windows), 0);
	assert_int_equal(dup2(other, fd), fd);
	close(other);
	assert_int_equal(windows_map(&windows, 0, 1), 0);
	windows.at[0] = 'f';
	assert_int_equal(kept(0), 'f');
}

#define WINDOWS_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		WINDOWS_TEST(only_what_is_asked_for_is_mapped),
		WINDOWS_TEST(bytes_over_a_border_are_one_piece),
		WINDOWS_TEST(the_last_window_ends_with_the_part),
		WINDOWS_TEST(what_was_given_back_is_mapped_again),
		WINDOWS_TEST(a_failed_map_can_be_tried_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
