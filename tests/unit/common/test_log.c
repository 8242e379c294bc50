/* SPDX-License-Identifier: Apache-2.0 */
#include "common/log.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void check_level_parse(void **state)
{
	static const char *const names[] = { "error", "warn", "info", "debug" };
	static const char *const bad[] = { "", "Error", "warning", "info ", "4" };
	enum log_level level = LOG_LEVEL_ERROR;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_true(log_level_parse(names[i], &level));
		assert_int_equal(level, i);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(log_level_parse(bad[i], &level));
	assert_int_equal(level, LOG_LEVEL_DEBUG);
}

/* What log_write puts on stderr, by way of a pipe in its place. */
static size_t logged(enum log_level level, const char *text, char *ret_line, size_t size)
{
	int ends[2];
	int saved = dup(STDERR_FILENO);
	ssize_t got;

	assert_int_equal(pipe(ends), 0);
	assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
	close(ends[1]);
	errno = EXDEV;
	log_write(level, "spool", "%s", text);
	assert_int_equal(errno, EXDEV);
	assert_true(dup2(saved, STDERR_FILENO) >= 0);
	close(saved);
	got = read(ends[0], ret_line, size - 1);
	assert_true(got >= 0);
	close(ends[0]);
	ret_line[got] = '\0';
	return (size_t)got;
}

static void check_line(void **state)
{
	char line[4096];

	(void)state;
	log_init("yagurad", LOG_LEVEL_WARN);
	logged(LOG_LEVEL_WARN, "disk full", line, sizeof(line));
	assert_string_equal(line, "yagurad: warn spool: disk full\n");
	assert_int_equal(logged(LOG_LEVEL_INFO, "dropped", line, sizeof(line)), 0);
}

static void check_hostile_text(void **state)
{
	char line[4096];

	(void)state;
	logged(LOG_LEVEL_ERROR, "a\nyagurad: error b\x1b[2J\x7f", line, sizeof(line));
	assert_string_equal(line, "yagurad: error spool: a?yagurad: error b?[2J?\n");
}

static void check_long_text(void **state)
{
	char text[3000];
	char line[4096];
	size_t size;

	(void)state;
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	size = logged(LOG_LEVEL_ERROR, text, line, sizeof(line));
	assert_int_equal(size, 1024);
	assert_int_equal(line[size - 1], '\n');
	assert_int_equal(line[size - 2], 'x');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(check_level_parse),
		cmocka_unit_test(check_line),
		cmocka_unit_test(check_hostile_text),
		cmocka_unit_test(check_long_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
