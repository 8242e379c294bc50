/* SPDX-License-Identifier: Apache-2.0 */
#include "common/config.h"

#include "common/log.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/temp_dir.h"

struct settings {
	char *address;
	uint32_t port;
	bool verbose;
	uint64_t limit;
	char *token;
	enum log_level level;
};

static const struct config_option table[] = {
	{ "listen", "address", CONFIG_TEXT, offsetof(struct settings, address), "::", 0, 0,
	  "where to listen" },
	{ "listen", "port", CONFIG_U32, offsetof(struct settings, port), "6514", 1, 65535,
	  "TCP port" },
	{ "store", "limit", CONFIG_BYTES, offsetof(struct settings, limit), "1G", 4096, 1ull << 40,
	  "room for the store" },
	{ "store", "token", CONFIG_TEXT, offsetof(struct settings, token), NULL, 0, 0,
	  "shared with the sensors" },
	{ "store", "verbose", CONFIG_BOOL, offsetof(struct settings, verbose), "no", 0, 0,
	  "say more" },
	{ "store", "level", CONFIG_LEVEL, offsetof(struct settings, level), "info", 0, 0,
	  "what to log" },
	{ 0 },
};

static char *directory;
static char *path;

static int make_directory(void **state)
{
	(void)state;
	directory = temp_dir_new();
	path = temp_dir_path(directory, "test.conf");
	return 0;
}

static int remove_directory(void **state)
{
	(void)state;
	free(path);
	temp_dir_remove(directory);
	return 0;
}

static int read_text(const char *text, size_t size, struct settings *settings, char *ret_error)
{
	temp_dir_write(directory, "test.conf", text, size);
	return config_read(table, settings, path, ret_error);
}

static void check_every_type(void **state)
{
	static const char text[] = "# comment\n"
				   "[listen]\n"
				   "address = 10.0.0.1 ; inline comment\n"
				   "  port=443\r\n"
				   "\n"
				   "[store]\n"
				   "\tlimit = 64K\n"
				   "\ttoken = two words\n"
				   "verbose: yes\n"
				   "level = debug"; /* no newline at the end */
	struct settings settings;
	char error[CONFIG_ERROR_BYTES];

	(void)state;
	assert_int_equal(read_text(text, sizeof(text) - 1, &settings, error), 0);
	assert_string_equal(settings.address, "10.0.0.1");
	assert_int_equal(settings.port, 443);
	assert_int_equal(settings.limit, 64 << 10);
	assert_string_equal(settings.token, "two words");
	assert_true(settings.verbose);
	assert_int_equal(settings.level, LOG_LEVEL_DEBUG);
	config_done(table, &settings);
	assert_null(settings.address);
	assert_null(settings.token);
}

static void check_fallbacks(void **state)
{
	static const char text[] = "[store]\ntoken = x\n";
	struct settings settings;
	char error[CONFIG_ERROR_BYTES];

	(void)state;
	assert_int_equal(read_text(text, sizeof(text) - 1, &settings, error), 0);
	assert_string_equal(settings.address, "::");
	assert_int_equal(settings.port, 6514);
	assert_int_equal(settings.limit, 1 << 30);
	assert_false(settings.verbose);
	assert_int_equal(settings.level, LOG_LEVEL_INFO);
	config_done(table, &settings);
}

static const struct error_case {
	const char *name;
	const char *text;
	const char *want; /* behind the path */
} cases[] = {
	{ "unknown key", "[listen]\n\nportt = 1\n",
	  ":3: unknown key 'portt' in [listen]; known keys: address, port" },
	{ "key of another section", "[store]\nport = 1\n",
	  ":2: unknown key 'port' in [store]; known keys: limit, token, verbose, level" },
	{ "unknown section", "[listenn]\nport = 1\n",
	  ":2: unknown section [listenn]; known sections: listen, store" },
	{ "key before any section", "port = 1\n",
	  ":1: 'port' stands before any section; known sections: listen, store" },
	{ "number below its bound", "[listen]\nport = 0\n",
	  ":2: 'port' in [listen] is '0'; it must be a number from 1 to 65535" },
	{ "number above its bound", "[listen]\nport = 65536\n",
	  ":2: 'port' in [listen] is '65536'; it must be a number from 1 to 65535" },
	{ "number with a suffix", "[listen]\nport = 1K\n",
	  ":2: 'port' in [listen] is '1K'; it must be a number from 1 to 65535" },
	{ "no number", "[listen]\nport =\n",
	  ":2: 'port' in [listen] is ''; it must be a number from 1 to 65535" },
	{ "size out of bounds", "[store]\nlimit = 4095\n",
	  ":2: 'limit' in [store] is '4095'; it must be a size from 4K to 1024G, suffixes K, M, "
	  "G" },
	{ "size with a wrong suffix", "[store]\nlimit = 4T\n",
	  ":2: 'limit' in [store] is '4T'; it must be a size from 4K to 1024G, suffixes K, M, G" },
	{ "no bool", "[store]\nverbose = true\n",
	  ":2: 'verbose' in [store] is 'true'; it must be yes or no" },
	{ "no level", "[store]\nlevel = loud\n",
	  ":2: 'level' in [store] is 'loud'; it must be error, warn, info or debug" },
	{ "given twice", "[store]\ntoken = a\n[listen]\n[store]\ntoken = a\n",
	  ":5: 'token' in [store] is given twice; keep one of them" },
	{ "required and missing", "[listen]\nport = 1\n",
	  ": 'token' in [store] is missing and has no default: shared with the sensors" },
	{ "required and empty", "[store]\ntoken =\n",
	  ":2: 'token' in [store] is empty and has no default: shared with the sensors" },
	{ "no pair", "[listen]\nport 443\n",
	  ":2: neither 'key = value' nor '[section]' nor '# comment'" },
	{ "section not closed", "[listen\nport = 1\n",
	  ":1: neither 'key = value' nor '[section]' nor '# comment'" },
	{ "the first of two errors: no pair", "[listen]\nport 443\nportt = 1\n",
	  ":2: neither 'key = value' nor '[section]' nor '# comment'" },
	{ "the first of two errors: unknown key", "[listen]\nportt = 1\nport 443\n",
	  ":2: unknown key 'portt' in [listen]; known keys: address, port" },
};

static void check_error(void **state)
{
	const struct error_case *c = *state;
	struct settings settings;
	char error[CONFIG_ERROR_BYTES] = "";

	assert_int_equal(read_text(c->text, strlen(c->text), &settings, error), -EINVAL);
	assert_memory_equal(error, path, strlen(path));
	assert_string_equal(error + strlen(path), c->want);
	assert_null(settings.address);
	assert_null(settings.token);
}

static void check_long_line(void **state)
{
	char text[1024] = "[store]\ntoken = ";
	struct settings settings;
	char error[CONFIG_ERROR_BYTES];

	(void)state;
	memset(text + strlen(text), 'x', sizeof(text) - strlen(text));
	assert_int_equal(read_text(text, sizeof(text), &settings, error), -EINVAL);
	assert_non_null(strstr(error, "test.conf:2: the line is longer than "));
}

static void check_zero_byte(void **state)
{
	static const char text[] = "[store]\ntoken = a\0b\nlevel = info\n";
	struct settings settings;
	char error[CONFIG_ERROR_BYTES];

	(void)state;
	assert_int_equal(read_text(text, sizeof(text) - 1, &settings, error), -EINVAL);
	assert_non_null(strstr(error, "test.conf:2: "));
	assert_non_null(strstr(error, "or not text"));
}

static void check_unreadable(void **state)
{
	struct settings settings;
	char error[CONFIG_ERROR_BYTES] = "";

	(void)state;
	assert_int_equal(config_read(table, &settings, "/nonexistent/x.conf", error), -ENOENT);
	assert_string_equal(error, "/nonexistent/x.conf: cannot open: No such file or directory");
	assert_int_equal(config_read(table, &settings, directory, error), -EISDIR);
	assert_non_null(strstr(error, ": cannot read: Is a directory"));
	assert_null(settings.address);
}

/* However long the path, the error keeps room for what is wrong. */
static void check_long_path(void **state)
{
	char name[3000];
	struct settings settings;
	char error[CONFIG_ERROR_BYTES] = "";

	(void)state;
	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(config_read(table, &settings, name, error), -ENAMETOOLONG);
	assert_non_null(strstr(error, ": cannot open: File name too long"));
}

static void check_bad_fallback(void **state)
{
	static const struct config_option bad[] = {
		{ "a", "text", CONFIG_TEXT, offsetof(struct settings, address), "x", 0, 0, "" },
		{ "a", "port", CONFIG_U32, offsetof(struct settings, port), "0", 1, 9, "" },
		{ 0 },
	};
	struct settings settings;
	char error[CONFIG_ERROR_BYTES] = "";

	(void)state;
	temp_dir_write(directory, "test.conf", "", 0);
	assert_int_equal(config_read(bad, &settings, path, error), -EINVAL);
	assert_non_null(strstr(error, "'port' in [a] is '0'"));
	assert_null(settings.address);
}

/* Takes the # off each key that is commented out, and fills in the key that has no default. */
static void write_example(bool with_defaults)
{
	FILE *file = fopen(path, "we");
	char *text = NULL;
	size_t size = 0;
	FILE *memory = open_memstream(&text, &size);

	assert_non_null(file);
	assert_non_null(memory);
	config_write_example(table, memory);
	fclose(memory);
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		if (strcmp(line, "token =") == 0)
			fprintf(file, "%s x\n", line);
		else
			fprintf(file, "%s\n",
				line + (with_defaults && line[0] == '#' && line[1] != ' '));
	}
	free(text);
	assert_int_equal(fclose(file), 0);
}

static void check_example(void **state)
{
	struct settings settings;
	char error[CONFIG_ERROR_BYTES] = "";
	(void)state;

	for (int with_defaults = 0; with_defaults < 2; with_defaults++) {
		write_example(with_defaults);
		assert_int_equal(config_read(table, &settings, path, error), 0);
		assert_string_equal(settings.address, "::");
		assert_string_equal(settings.token, "x");
		assert_int_equal(settings.port, 6514);
		assert_int_equal(settings.limit, 1 << 30);
		assert_int_equal(settings.level, LOG_LEVEL_INFO);
		config_done(table, &settings);
	}
}

static void check_example_text(void **state)
{
	char *text = NULL;
	size_t size = 0;
	FILE *memory = open_memstream(&text, &size);

	(void)state;
	assert_non_null(memory);
	config_write_example(table, memory);
	fclose(memory);
	assert_non_null(strstr(text, "\n[listen]\n# where to listen (text)\n#address = ::\n"
				     "# TCP port (a number from 1 to 65535)\n#port = 6514\n"));
	assert_non_null(strstr(text, "\n# shared with the sensors (text)\ntoken =\n"));
	free(text);
}

#define CASE_COUNT (sizeof(cases) / sizeof(cases[0]))
int main(void)
{
	struct CMUnitTest tests[9 + CASE_COUNT] = {
		cmocka_unit_test_setup_teardown(check_every_type, make_directory, remove_directory),
		cmocka_unit_test_setup_teardown(check_fallbacks, make_directory, remove_directory),
		cmocka_unit_test_setup_teardown(check_long_line, make_directory, remove_directory),
		cmocka_unit_test_setup_teardown(check_zero_byte, make_directory, remove_directory),
		cmocka_unit_test_setup_teardown(check_unreadable, make_directory, remove_directory),
		cmocka_unit_test_setup_teardown(check_long_path, make_directory, remove_directory),
		cmocka_unit_test_setup_teardown(check_bad_fallback, make_directory,
						remove_directory),
		cmocka_unit_test_setup_teardown(check_example, make_directory, remove_directory),
		cmocka_unit_test_setup_teardown(check_example_text, make_directory,
						remove_directory),
	};
	size_t count = 9;

	for (size_t i = 0; i < CASE_COUNT; i++)
		tests[count++] = (struct CMUnitTest){ cases[i].name, check_error, make_directory,
						      remove_directory, (void *)&cases[i] };
	return _cmocka_run_group_tests("config", tests, count, NULL, NULL);
}
