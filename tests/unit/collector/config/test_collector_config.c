/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/config/collector_config.h"

#include "common/cleanup.h"
#include "support/temp_dir.h"

#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define PACKAGED "packaging/config/collector.conf" /* tests run at the top of the tree */

static void packaged_file_is_the_example(void **state)
{
	_cleanup_free_ char *example = NULL;
	_cleanup_fclose_ FILE *packaged = fopen(PACKAGED, "re");
	size_t size = 0;
	FILE *to = open_memstream(&example, &size);
	char found[16384];
	size_t length;

	(void)state;
	assert_non_null(to);
	config_write_example(collector_options, to);
	fclose(to);
	assert_non_null(packaged);
	length = fread(found, 1, sizeof(found) - 1, packaged);
	found[length] = '\0';
	assert_string_equal(found, example);
}

static int read_text(const char *text, struct collector_config *config, char *error)
{
	char *directory = temp_dir_new();
	char path[PATH_MAX];
	FILE *file;
	int r;

	assert_non_null(directory);
	snprintf(path, sizeof(path), "%s/collector.conf", directory);
	file = fopen(path, "we");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	r = config_read(collector_options, config, path, error);
	temp_dir_remove(directory);
	return r;
}

#define REQUIRED                                                                                   \
	"[tls]\nca = /ca\ncertificate = /crt\nkey = /key\n"                                        \
	"[store]\ndirectory = /store\n"

static void defaults(void **state)
{
	struct collector_config config;
	char error[CONFIG_ERROR_BYTES] = "";

	(void)state;
	assert_int_equal(read_text(REQUIRED, &config, error), 0);
	assert_string_equal(config.address, "127.0.0.1");
	assert_int_equal(config.port, 7443);
	assert_string_equal(config.tenant.ca, "/ca");
	assert_string_equal(config.certificate, "/crt");
	assert_string_equal(config.key, "/key");
	assert_string_equal(config.tenant.directory, "/store");
	assert_int_equal(config.connections, 1000);
	assert_int_equal(config.window_bytes, 4 << 20);
	assert_int_equal(config.level, LOG_LEVEL_INFO);
	assert_false(config.lines);
	config_done(collector_options, &config);
}

static void every_option(void **state)
{
	struct collector_config config;
	char error[CONFIG_ERROR_BYTES] = "";

	(void)state;
	assert_int_equal(read_text(REQUIRED "[listen]\naddress = ::1\nport = 0\n"
					    "[limits]\nconnections = 5\nwindow_bytes = 64K\n"
					    "[log]\nlevel = debug\n[lines]\nenabled = yes\n",
				   &config, error),
			 0);
	assert_string_equal(config.address, "::1");
	assert_int_equal(config.port, 0);
	assert_int_equal(config.connections, 5);
	assert_int_equal(config.window_bytes, 65536);
	assert_int_equal(config.level, LOG_LEVEL_DEBUG);
	assert_true(config.lines);
	config_done(collector_options, &config);
}

static struct bad_case {
	const char *name;
	const char *text;
	const char *want; /* in the message */
} bad[] = {
	{ "no key", "[tls]\nca = /a\ncertificate = /b\n[store]\ndirectory = /c\n", "key" },
	{ "no directory", "[tls]\nca = /a\ncertificate = /b\nkey = /c\n", "directory" },
	{ "a port too high", REQUIRED "[listen]\nport = 65536\n", "port" },
	{ "no connection at all", REQUIRED "[limits]\nconnections = 0\n", "connections" },
	{ "a window too small", REQUIRED "[limits]\nwindow_bytes = 1K\n", "window_bytes" },
	{ "a key nobody knows", REQUIRED "[listen]\nportt = 1\n", "portt" },
};

static void check_bad(void **state)
{
	const struct bad_case *c = *state;
	struct collector_config config;
	char error[CONFIG_ERROR_BYTES] = "";

	assert_int_equal(read_text(c->text, &config, error), -EINVAL);
	assert_non_null(strstr(error, c->want));
}

#define BAD (sizeof(bad) / sizeof(bad[0]))

int main(void)
{
	struct CMUnitTest tests[BAD + 3] = {
		cmocka_unit_test(packaged_file_is_the_example),
		cmocka_unit_test(defaults),
		cmocka_unit_test(every_option),
	};

	for (size_t i = 0; i < BAD; i++)
		tests[3 + i] = (struct CMUnitTest){ bad[i].name, check_bad, NULL, NULL, &bad[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
