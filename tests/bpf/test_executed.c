/* SPDX-License-Identifier: Apache-2.0 */
/* What the keeper opens to be hashed: what was executed, and nothing else whoever asks. */
#include "bpf/executed_case.h"
#include "bpf/kernel_case.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static void a_running_program_is_opened(void **state)
{
	struct held held = hold(&(struct start){ .path = place_program("run", 0700) });
	int fd;

	must_find_exec(*state, held.pid);
	settle();
	assert_int_equal(open_as(*state, request_of(*state, KEEPER_HASH_EXECUTABLE), &fd), HASH_OK);
	assert_holds(fd, "/bin/cat");
	let_go(&held);
}

static void one_that_has_ended_is_found_by_name(void **state)
{
	int fd;

	run_program(*state, "/bin/true");
	assert_int_equal(open_as(*state, request_of(*state, KEEPER_HASH_EXECUTABLE), &fd), HASH_OK);
	assert_holds(fd, "/bin/true");
}

static void one_that_was_deleted_or_replaced_is_opened_while_it_runs(void **state)
{
	const char *path = place_program("fleeting", 0700);
	struct held held = hold(&(struct start){ .path = path });
	char kept[256];
	int fd;

	snprintf(kept, sizeof(kept), "%s", path);
	must_find_exec(*state, held.pid);
	settle();
	assert_int_equal(unlink(kept), 0);
	settle();
	assert_int_equal(open_as(*state, request_of(*state, KEEPER_HASH_EXECUTABLE), &fd),
			 HASH_TOUCHED);
	assert_holds(fd, "/bin/cat");
	place_file(kept, "#!/bin/true\n", 0700);
	assert_int_equal(open_as(*state, request_of(*state, KEEPER_HASH_EXECUTABLE), &fd),
			 HASH_TOUCHED);
	assert_holds(fd, "/bin/cat");
	let_go(&held);
	/* Lockdown hides all of its path but the end. */
	assert_int_equal(open_as(*state, request_of(*state, KEEPER_HASH_EXECUTABLE), &fd),
			 is_confidential() ? HASH_VANISHED : HASH_CHANGED);
	unlink(kept);
	assert_int_equal(open_as(*state, request_of(*state, KEEPER_HASH_EXECUTABLE), &fd),
			 HASH_VANISHED);
}

static int memfd_of(const char *path)
{
	static char bytes[4 << 20];
	int from = open(path, O_RDONLY), to = memfd_create("nameless", MFD_ALLOW_SEALING);
	ssize_t size = read(from, bytes, sizeof(bytes));

	assert_true(size > 0 && write(to, bytes, (size_t)size) == size);
	close(from);
	return to;
}

/* Who made one may write to it all the while, unless it is sealed. */
static void a_sealed_memfd_is_opened_while_it_runs(void **state)
{
	char path[64];
	int program = memfd_of("/bin/cat"), fd;
	struct held held;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)getpid(), program);
	held = hold(&(struct start){ .path = path });
	must_find_exec(*state, held.pid);
	settle();
	assert_int_equal(open_as(*state, request_of(*state, KEEPER_HASH_EXECUTABLE), &fd),
			 HASH_UNSETTLED);
	assert_int_equal(fd, -1);
	assert_int_equal(fcntl(program, F_ADD_SEALS, F_SEAL_WRITE), 0);
	assert_int_equal(open_as(*state, request_of(*state, KEEPER_HASH_EXECUTABLE), &fd), HASH_OK);
	assert_holds(fd, "/bin/cat");
	let_go(&held);
	close(program);
	assert_int_equal(open_as(*state, request_of(*state, KEEPER_HASH_EXECUTABLE), NULL),
			 HASH_VANISHED);
}

/* Whatever it says: a worker that somebody else has taken over gets nothing but what was
 * executed. */
static void nothing_else_is_opened(void **state)
{
	struct keeper_hash_request *request;

	run_program(*state, "/bin/true");
	request = request_of(*state, KEEPER_HASH_EXECUTABLE);
	snprintf(request->path, sizeof(request->path), "/etc/shadow");
	assert_int_equal(open_as(*state, request, NULL), HASH_CHANGED);
	request->identity = identity_of_file("/etc/shadow");
	assert_int_equal(open_as(*state, request, NULL), HASH_NOT_CONFIRMED);
	request = request_of(*state, KEEPER_HASH_EXECUTABLE);
	request->identity.ctime_ns++;
	assert_int_equal(open_as(*state, request, NULL), HASH_CHANGED);
	request = request_of(*state, KEEPER_HASH_EXECUTABLE);
	snprintf(request->path, sizeof(request->path), "bin/true");
	assert_int_equal(open_as(*state, request, NULL), HASH_VANISHED);
	request = request_of(*state, KEEPER_HASH_SCRIPT);
	snprintf(request->path, sizeof(request->path), "/etc/shadow");
	assert_int_equal(open_as(*state, request, NULL), HASH_CHANGED);
	request->what = KEEPER_HASH_SCRIPT_LOOK; /* it was none */
	assert_int_equal(open_as(*state, request, NULL), HASH_NOT_CONFIRMED);
}

static void one_over_the_limit_is_not_opened(void **state)
{
	const struct executed_maps maps = maps_of(*state);
	struct executed_file_opened opened;

	run_program(*state, "/bin/true");
	executed_open(&maps, 100, request_of(*state, KEEPER_HASH_EXECUTABLE), &opened);
	assert_int_equal(opened.status, HASH_TOO_LARGE);
	assert_int_equal(opened.fd, -1);
}

static void write_over(const char *path, bool keeps_mtime)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	struct stat before;
	struct timespec times[2];

	assert_true(fd >= 0 && fstat(fd, &before) == 0);
	assert_int_equal(pwrite(fd, "x", 1, before.st_size - 1), 1);
	times[0] = before.st_atim;
	times[1] = before.st_mtim;
	if (keeps_mtime)
		assert_int_equal(futimens(fd, times), 0);
	close(fd);
}

/* It runs another program, changes the first, puts its time back, and runs it again. */
static void one_that_was_changed_between_two_executions_is_not_it(void **state)
{
	struct keeper_hash_request first;
	struct held held;
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s", place_program("twice", 0700));
	settle();
	held = hold(&(struct start){ .path = path });
	must_find_exec(*state, held.pid);
	first = *request_of(*state, KEEPER_HASH_EXECUTABLE);
	let_go(&held);
	write_over(path, true);
	settle();
	held = hold(&(struct start){ .path = path });
	must_find_exec(*state, held.pid);
	first.process = request_of(*state, KEEPER_HASH_EXECUTABLE)->process; /* as if it were one */
	assert_int_equal(open_as(*state, &first, NULL), HASH_CHANGED);
	assert_int_equal(open_as(*state, request_of(*state, KEEPER_HASH_EXECUTABLE), &fd), HASH_OK);
	assert_holds(fd, path);
	let_go(&held);
}

static enum hash_status look_at(const struct probe_fixture *fixture)
{
	return open_as(fixture, request_of(fixture, KEEPER_HASH_EXECUTABLE_LOOK), NULL);
}

/* What was written a moment before is proven by nothing but that it still runs. */
static void one_that_still_runs_is_told(void **state)
{
	struct held held = hold(&(struct start){ .path = place_program("fresh", 0700) });

	must_find_exec(*state, held.pid);
	settle();
	assert_int_equal(look_at(*state), HASH_OK);
	assert_int_equal(chmod(at_place("fresh"), 0711), 0);
	assert_int_equal(look_at(*state), HASH_OK);
	let_go(&held);
	assert_int_equal(look_at(*state), HASH_UNSETTLED);
}

static void one_that_runs_another_time_is_not(void **state)
{
	struct held held = hold(&(struct start){ .path = place_program("again", 0700) }), other;

	must_find_exec(*state, held.pid);
	settle();
	other = hold(&(struct start){ .path = at_place("again") });
	assert_int_equal(look_at(*state), HASH_UNSETTLED);
	must_find_exec(*state, other.pid);
	assert_int_equal(look_at(*state), HASH_OK);
	let_go(&held);
	let_go(&other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_running_program_is_opened),
		cmocka_unit_test(one_that_has_ended_is_found_by_name),
		cmocka_unit_test(one_that_was_deleted_or_replaced_is_opened_while_it_runs),
		cmocka_unit_test(a_sealed_memfd_is_opened_while_it_runs),
		cmocka_unit_test(nothing_else_is_opened),
		cmocka_unit_test(one_over_the_limit_is_not_opened),
		cmocka_unit_test(one_that_was_changed_between_two_executions_is_not_it),
		cmocka_unit_test(one_that_still_runs_is_told),
		cmocka_unit_test(one_that_runs_another_time_is_not),
	};

	return cmocka_run_group_tests(tests, process_case_setup, process_case_teardown);
}
