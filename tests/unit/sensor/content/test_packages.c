/* SPDX-License-Identifier: Apache-2.0 */
/* A package database made up, and what is said of files by it. */
#include "sensor/content/packages.h"

#include "common/clock.h"
#include "support/temp_dir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define SUM "000102030405060708090a0b0c0d0e0f"
static const uint8_t sum[16] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };
static const uint8_t other_sha256[32] = { 1 };
static const uint8_t other_sum[16] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 16 };

struct world {
	char *root;
	struct packages *packages;
	uint64_t now_ns;
};

static void put(const struct world *w, const char *name, const char *text)
{
	char *path = temp_dir_path(w->root, name);
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	free(path);
}

static void make(const struct world *w, const char *name)
{
	char *path = temp_dir_path(w->root, name);

	assert_int_equal(mkdir(path, 0755), 0);
	free(path);
}

static void settle(struct world *w)
{
	for (int i = 0; i < 100; i++, w->now_ns += NS_PER_S)
		packages_step(w->packages, w->now_ns);
}

static int set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	const char *directories[] = { "usr",	 "usr/bin",	 "var",
				      "var/lib", "var/lib/dpkg", "var/lib/dpkg/info" };
	char *link;

	w->root = temp_dir_new();
	w->now_ns = NS_PER_S;
	for (size_t i = 0; i < sizeof(directories) / sizeof(*directories); i++)
		make(w, directories[i]);
	link = temp_dir_path(w->root, "bin");
	assert_int_equal(symlink("usr/bin", link), 0);
	free(link);
	put(w, "var/lib/dpkg/status", "");
	put(w, "var/lib/dpkg/info/one.list",
	    "/.\n/bin\n/bin/ls\n/usr/bin/told\n/etc/conf\n/sbin/init\n/usr/bin/diverted\n");
	put(w, "var/lib/dpkg/info/one.md5sums",
	    SUM "  bin/ls\n" SUM "  usr/bin/told\n" SUM "  sbin/init\n" SUM "  usr/bin/diverted\n"
		"no sum\n000102030405060708090a0b0c0d0e0g  usr/bin/bad\n" SUM
		" usr/bin/one-blank\n");
	put(w, "var/lib/dpkg/info/one.postinst", "/usr/bin/no-list\n");
	put(w, "var/lib/dpkg/diversions", "/usr/bin/diverted\n/usr/bin/diverted.real\nother\n");
	w->packages = packages_new(w->root);
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	packages_free(w->packages);
	temp_dir_remove(w->root);
	free(w);
	return 0;
}

static enum package_state judge(const struct world *w, const char *path, const uint8_t *md5)
{
	return packages_judge(w->packages, (struct text){ path, strlen(path) }, md5,
			      md5 ? other_sha256 : NULL);
}

static void nothing_is_known_before_it_is_read(void **state)
{
	assert_int_equal(judge(*state, "/usr/bin/ls", sum), PACKAGE_UNKNOWN);
}

static void files_are_as_packages_brought_them_or_not(void **state)
{
	settle(*state);
	assert_true(packages_want_md5(((struct world *)*state)->packages));
	assert_int_equal(judge(*state, "/usr/bin/told", sum), PACKAGE_UNMODIFIED);
	assert_int_equal(judge(*state, "/usr/bin/told", other_sum), PACKAGE_MODIFIED);
	assert_int_equal(judge(*state, "/usr/bin/told", NULL), PACKAGE_UNKNOWN);
	assert_int_equal(judge(*state, "/usr/bin/mine", sum), PACKAGE_NOT_OWNED);
	assert_int_equal(judge(*state, "/usr/bin/tol", sum), PACKAGE_NOT_OWNED);
	assert_int_equal(judge(*state, "/etc/conf", sum), PACKAGE_OWNED);
	assert_int_equal(judge(*state, "usr/bin/told", sum), PACKAGE_UNKNOWN); /* a cut path */
}

static void merged_directories_have_two_names(void **state)
{
	settle(*state);
	assert_int_equal(judge(*state, "/usr/bin/ls", sum), PACKAGE_UNMODIFIED);
	assert_int_equal(judge(*state, "/bin/ls", sum), PACKAGE_UNMODIFIED);
	assert_int_equal(judge(*state, "/sbin/init", sum), PACKAGE_UNMODIFIED);
	assert_int_equal(judge(*state, "/usr/sbin/init", sum), PACKAGE_NOT_OWNED); /* no link */
}

static void bad_lines_and_other_files_say_nothing(void **state)
{
	settle(*state);
	assert_int_equal(judge(*state, "/usr/bin/bad", sum), PACKAGE_NOT_OWNED);
	assert_int_equal(judge(*state, "/usr/bin/one-blank", sum), PACKAGE_NOT_OWNED);
	assert_int_equal(judge(*state, "/usr/bin/no-list", sum), PACKAGE_NOT_OWNED);
}

static void a_diverted_file_is_not_judged_by_its_sum(void **state)
{
	settle(*state);
	assert_int_equal(judge(*state, "/usr/bin/diverted", other_sum), PACKAGE_OWNED);
}

static void a_changed_database_is_read_again(void **state)
{
	struct world *w = *state;

	settle(w);
	put(w, "var/lib/dpkg/info/two.list", "/usr/bin/mine\n");
	settle(w);
	assert_int_equal(judge(w, "/usr/bin/mine", sum), PACKAGE_NOT_OWNED); /* dpkg still works */
	usleep(20000);
	put(w, "var/lib/dpkg/status", "done");
	settle(w);
	assert_int_equal(judge(w, "/usr/bin/mine", sum), PACKAGE_OWNED);
	assert_int_equal(judge(w, "/usr/bin/told", sum), PACKAGE_UNMODIFIED);
}

static void without_a_database_nothing_is_known(void **state)
{
	struct packages *none = packages_new("/nowhere");

	(void)state;
	for (uint64_t now_ns = 1; now_ns < 100 * NS_PER_S; now_ns += NS_PER_S)
		packages_step(none, now_ns);
	assert_false(packages_want_md5(none));
	assert_int_equal(packages_judge(none, (struct text){ "/usr/bin/ls", 11 }, sum, NULL),
			 PACKAGE_UNKNOWN);
	packages_free(none);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_is_known_before_it_is_read),
		TEST(files_are_as_packages_brought_them_or_not),
		TEST(merged_directories_have_two_names),
		TEST(bad_lines_and_other_files_say_nothing),
		TEST(a_diverted_file_is_not_judged_by_its_sum),
		TEST(a_changed_database_is_read_again),
		TEST(without_a_database_nothing_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
