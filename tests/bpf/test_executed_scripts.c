/* SPDX-License-Identifier: Apache-2.0 */
/* Scripts: which file it was, and by what name it is found. */
#include "bpf/executed_case.h"
#include "bpf/kernel_case.h"
#include "sensor/content/content_private.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static void go_to(const void *context)
{
	must(chdir(context) == 0, "chdir");
}

/* As a worker asks: first which file it is, then for that under the name it was executed by. */
static struct keeper_hash_request *script_request_of(const struct probe_fixture *fixture)
{
	const struct executed_maps maps = maps_of(fixture);
	struct keeper_hash_request *request = request_of(fixture, KEEPER_HASH_SCRIPT_LOOK);
	struct executed_file_opened opened;
	char buffer[EVENT_PATH_BYTES_MAX];
	struct text path = content_script_path(&fixture->event.exec, buffer);

	executed_open(&maps, LARGEST, request, &opened);
	assert_int_equal(opened.status, HASH_OK);
	assert_int_equal(opened.fd, -1);
	request->what = KEEPER_HASH_SCRIPT;
	request->identity = opened.identity;
	memset(request->path, 0, sizeof(request->path));
	memcpy(request->path, path.at, path.length);
	return request;
}

static void assert_is_file(const struct hash_identity *identity, const char *path)
{
	const struct hash_identity want = identity_of_file(path);

	assert_memory_equal(identity, &want, sizeof(want));
}

static const char *settled_script(const char *name, const char *text)
{
	const char *path = at_place(name);

	place_file(path, text, 0755);
	settle();
	return path;
}

static void check_script(struct probe_fixture *fixture, const char *given, const char *path)
{
	struct held held =
		hold(&(struct start){ .path = given, .prepare = go_to, .context = place });
	struct keeper_hash_request *request;
	int fd;

	must_find_exec(fixture, held.pid);
	request = script_request_of(fixture);
	assert_is_file(&request->identity, path);
	assert_int_equal(open_as(fixture, request, &fd), HASH_OK);
	assert_holds(fd, path);
	let_go(&held);
}

static void a_script_is_opened_by_the_name_it_was_executed_by(void **state)
{
	char path[256];

	snprintf(path, sizeof(path), "%s",
		 settled_script("script", "#!/bin/cat -\n# some script\n"));
	check_script(*state, "./script", path);
	check_script(*state, path, path);
	assert_int_equal(mkdir(at_place("below"), 0755), 0);
	check_script(*state, "below/../script", path);
	assert_int_equal(symlink(place, at_place("below/link")), 0);
	settle(); /* followed, it is noted down in it */
	check_script(*state, "below/./link//script", path);
}

/* Whoever it was may have gone elsewhere, its parent too. */
static void a_script_is_found_from_where_it_was_executed(void **state)
{
	struct held held;
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s", settled_script("left", "#!/bin/true\n"));
	held = hold(&(struct start){ .path = "./left", .prepare = go_to, .context = place });
	must_find_exec(*state, held.pid);
	let_go(&held);
	assert_int_equal(open_as(*state, script_request_of(*state), &fd), HASH_OK);
	assert_holds(fd, path);
}

static void of_scripts_as_interpreters_it_is_the_outermost(void **state)
{
	char inner[256], text[300], outer[256];

	snprintf(inner, sizeof(inner), "%s", settled_script("inner", "#!/bin/cat -\n# inner\n"));
	snprintf(text, sizeof(text), "#!%s\n# outer\n", inner);
	snprintf(outer, sizeof(outer), "%s", settled_script("outer", text));
	check_script(*state, outer, outer);
}

static void leave_open(const void *context)
{
	must(chdir(context) == 0, "chdir");
	for (int i = 0; i < 100; i++)
		must(open("/bin/true", O_RDONLY | O_CLOEXEC) >= 0, "open");
}

/* They are let go of in the same execve(). */
static void files_that_are_closed_meanwhile_are_not_it(void **state)
{
	struct held held;
	char path[256];

	snprintf(path, sizeof(path), "%s", settled_script("among", "#!/bin/cat -\n"));
	held = hold(&(struct start){ .path = "./among", .prepare = leave_open, .context = place });
	must_find_exec(*state, held.pid);
	assert_is_file(&script_request_of(*state)->identity, path);
	let_go(&held);
}

static void another_file_under_a_script_s_name_is_not_it(void **state)
{
	struct held held;
	char path[256];

	snprintf(path, sizeof(path), "%s", settled_script("swapped", "#!/bin/cat -\n"));
	held = hold(&(struct start){ .path = path });
	must_find_exec(*state, held.pid);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("/etc/shadow", path), 0);
	/* The first who follows it is noted down in it, which is more than a look into the cache.
	 */
	settle();
	assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(open_as(*state, script_request_of(*state), NULL), HASH_CHANGED);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(open_as(*state, script_request_of(*state), NULL), HASH_VANISHED);
	place_file(path, "#!/bin/cat -\n", 0755);
	assert_int_equal(open_as(*state, script_request_of(*state), NULL), HASH_CHANGED);
	let_go(&held);
}

/* Another directory takes the place of the script's: none of its own times tells. */
static void a_script_of_the_same_name_elsewhere_is_not_it(void **state)
{
	struct held held;
	char one[256], other[256], aside[256];

	snprintf(one, sizeof(one), "%s", at_place("one"));
	snprintf(other, sizeof(other), "%s", at_place("other"));
	snprintf(aside, sizeof(aside), "%s", at_place("aside"));
	assert_true(mkdir(one, 0755) == 0 && mkdir(other, 0755) == 0);
	settled_script("one/run", "#!/bin/cat -\n");
	settled_script("other/run", "#!/bin/cat -\n");
	held = hold(&(struct start){ .path = at_place("one/run") });
	must_find_exec(*state, held.pid);
	assert_true(rename(one, aside) == 0 && rename(other, one) == 0);
	assert_int_equal(open_as(*state, script_request_of(*state), NULL), HASH_CHANGED);
	assert_true(rename(one, other) == 0 && mkdir(one, 0755) == 0);
	assert_int_equal(mount(other, one, NULL, MS_BIND, NULL), 0);
	assert_int_equal(open_as(*state, script_request_of(*state), NULL), HASH_CHANGED);
	let_go(&held);
	assert_int_equal(umount(one), 0);
}

/* No typed pointer leads to the file: rather none than what has its name. */
static void under_lockdown_no_script_is_known(void **state)
{
	const struct executed_maps maps = maps_of(*state);
	struct executed_file_opened opened;
	struct held held;

	settled_script("unseen", "#!/bin/cat -\n");
	held = hold(&(struct start){ .path = at_place("unseen") });
	must_find_exec(*state, held.pid);
	executed_open(&maps, LARGEST, request_of(*state, KEEPER_HASH_SCRIPT_LOOK), &opened);
	assert_int_equal(opened.status, HASH_NOT_CONFIRMED);
	let_go(&held);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_script_is_opened_by_the_name_it_was_executed_by),
		cmocka_unit_test(a_script_is_found_from_where_it_was_executed),
		cmocka_unit_test(of_scripts_as_interpreters_it_is_the_outermost),
		cmocka_unit_test(files_that_are_closed_meanwhile_are_not_it),
		cmocka_unit_test(another_file_under_a_script_s_name_is_not_it),
		cmocka_unit_test(a_script_of_the_same_name_elsewhere_is_not_it),
	};
	const struct CMUnitTest locked[] = {
		cmocka_unit_test(under_lockdown_no_script_is_known),
	};

	if (is_confidential())
		return cmocka_run_group_tests(locked, process_case_setup, process_case_teardown);
	return cmocka_run_group_tests(tests, process_case_setup, process_case_teardown);
}
