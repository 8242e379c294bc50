/* SPDX-License-Identifier: Apache-2.0 */
/* A database that rpm itself has made (tests/support/rpm_database), and what is said of files by
 * it. */
#include "sensor/content/packages.h"

#include "common/clock.h"
#include "support/temp_dir.h"

#include <openssl/evp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const uint8_t some_md5[16] = { 1 };

/* `script` has the root as $1. */
static void run(const char *script, const char *root)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		execl("/bin/sh", "sh", "-c", script, "sh", root, NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static char *new_root(void)
{
	char *root = temp_dir_new();

	run("tests/support/rpm_database $1 var/lib/rpm >/dev/null 2>&1", root);
	return root;
}

static struct packages *read_all(const char *root)
{
	struct packages *packages = packages_new(root);

	for (uint64_t i = 1; i < 100; i++)
		packages_step(packages, i * NS_PER_S);
	return packages;
}

static enum package_state judge(const struct packages *packages, const char *path,
				const char *content)
{
	uint8_t sha256[32];
	size_t size;

	assert_int_equal(
		EVP_Q_digest(NULL, "SHA256", NULL, content, strlen(content), sha256, &size), 1);
	return packages_judge(packages, (struct text){ path, strlen(path) }, NULL, sha256);
}

static void check(const struct packages *packages)
{
	assert_int_equal(judge(packages, "/usr/bin/one", "one"), PACKAGE_UNMODIFIED);
	assert_int_equal(judge(packages, "/usr/bin/two", "two"), PACKAGE_UNMODIFIED);
	assert_int_equal(judge(packages, "/usr/bin/one", "two"), PACKAGE_MODIFIED);
	assert_int_equal(judge(packages, "/etc/conf", "whatever"), PACKAGE_OWNED);
	assert_int_equal(judge(packages, "/usr/bin/ghost", "whatever"), PACKAGE_OWNED);
	assert_int_equal(judge(packages, "/usr/bin/three", "three"), PACKAGE_NOT_OWNED);
}

static void check_all(const char *root)
{
	struct packages *packages = read_all(root);
	const struct text path = { "/usr/bin/one", 12 };

	check(packages);
	assert_false(packages_want_md5(packages)); /* its digests are SHA-256 */
	assert_int_equal(packages_judge(packages, path, some_md5, NULL), PACKAGE_UNKNOWN);
	packages_free(packages);
}

static void files_are_as_packages_brought_them_or_not(void **state)
{
	char *root = new_root();

	(void)state;
	check_all(root);
	run("mkdir -p $1/usr/lib/sysimage && mv $1/var/lib/rpm $1/usr/lib/sysimage", root);
	check_all(root);
	temp_dir_remove(root);
}

/* Who may not write where it is: the log's index cannot be made. */
static void anybody_may_read_it(void **state)
{
	char *root = new_root();
	int status;
	pid_t child;

	(void)state;
	run("chmod 755 $1; rm -f $1/var/lib/rpm/rpmdb.sqlite-*", root);
	child = fork();
	if (child == 0) {
		struct packages *packages;

		if (setresuid(65534, 65534, 65534) < 0)
			_exit(2);
		packages = read_all(root);
		_exit(judge(packages, "/usr/bin/one", "one") != PACKAGE_UNMODIFIED);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	temp_dir_remove(root);
}

static void a_package_that_is_removed_is_forgotten(void **state)
{
	char *root = new_root();
	struct packages *packages = read_all(root);

	(void)state;
	check(packages);
	run("rpm --dbpath $1/var/lib/rpm --erase --justdb scratch 2>/dev/null", root);
	for (uint64_t i = 200; i < 300; i++)
		packages_step(packages, i * NS_PER_S);
	assert_int_equal(judge(packages, "/usr/bin/one", "one"), PACKAGE_NOT_OWNED);
	packages_free(packages);
	temp_dir_remove(root);
}

static void of_a_damaged_one_nothing_is_denied(void **state)
{
	char *root = new_root();
	struct packages *packages;

	(void)state;
	run("sqlite3 $1/var/lib/rpm/rpmdb.sqlite \"UPDATE Packages SET blob = "
	    "x'0000000100000001'\"",
	    root);
	packages = read_all(root);
	assert_int_equal(judge(packages, "/usr/bin/one", "one"), PACKAGE_UNKNOWN);
	packages_free(packages);
	temp_dir_remove(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_are_as_packages_brought_them_or_not),
		cmocka_unit_test(anybody_may_read_it),
		cmocka_unit_test(a_package_that_is_removed_is_forgotten),
		cmocka_unit_test(of_a_damaged_one_nothing_is_denied),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
