/* SPDX-License-Identifier: Apache-2.0 */
/* What the keeper opens to be hashed: what was executed, and nothing else whoever asks. */
#include "bpf/kernel_case.h"
#include "bpf/process_case.h"
#include "sensor/keeper/executed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#define LARGEST (64u << 20)

static struct executed_maps maps_of(const struct probe_fixture *fixture)
{
	return executed_maps_of(loader_object(fixture->loader));
}

/* What a worker would ask for, having read the fixture's event. */
static struct keeper_hash_request *request_of(const struct probe_fixture *fixture, uint32_t what)
{
	static struct keeper_hash_request request;
	const struct decoded_exec *exec = &fixture->event.exec;
	const struct event_exec *fixed = &exec->fixed;

	memset(&request, 0, sizeof(request));
	request.process = fixed->process;
	request.parent = fixed->parent;
	request.identity = (struct hash_identity){ .inode = fixed->inode,
						   .bytes = fixed->file_bytes,
						   .ctime_ns = fixed->ctime_ns,
						   .mtime_ns = fixed->mtime_ns,
						   .device = fixed->device };
	request.what = what;
	assert_true(exec->path_length < sizeof(request.path));
	memcpy(request.path, exec->path, exec->path_length);
	return &request;
}

static enum hash_status open_as(const struct probe_fixture *fixture,
				const struct keeper_hash_request *request, int *ret_fd)
{
	const struct executed_maps maps = maps_of(fixture);
	struct executed_file_opened opened;

	executed_open(&maps, LARGEST, request, &opened);
	if (ret_fd)
		*ret_fd = opened.fd;
	else if (opened.fd >= 0)
		close(opened.fd);
	return opened.status;
}

static void assert_holds(int fd, const char *path)
{
	char one[512] = "", other[512] = "";
	int want = open(path, O_RDONLY);
	ssize_t size;

	assert_true(fd >= 0 && want >= 0);
	size = read(want, other, sizeof(other));
	assert_true(size > 0);
	assert_int_equal(pread(fd, one, sizeof(one), 0), size);
	assert_memory_equal(one, other, (size_t)size);
	close(want);
	close(fd);
}

static void a_running_program_is_opened(void **state)
{
	struct held held = hold(&(struct start){ .path = place_program("run", 0700) });
	int fd;

	must_find_exec(*state, held.pid);
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
	usleep(20000); /* the kernel tells times apart by ticks */
	assert_int_equal(unlink(kept), 0);
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
	int from = open(path, O_RDONLY), to = memfd_create("nameless", 0);
	ssize_t size = read(from, bytes, sizeof(bytes));

	assert_true(size > 0 && write(to, bytes, (size_t)size) == size);
	close(from);
	return to;
}

static void a_memfd_is_opened_while_it_runs(void **state)
{
	char path[64];
	int program = memfd_of("/bin/cat"), fd;
	struct held held;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)getpid(), program);
	held = hold(&(struct start){ .path = path });
	must_find_exec(*state, held.pid);
	assert_int_equal(open_as(*state, request_of(*state, KEEPER_HASH_EXECUTABLE), &fd), HASH_OK);
	assert_holds(fd, "/bin/cat");
	let_go(&held);
	close(program);
	assert_int_equal(open_as(*state, request_of(*state, KEEPER_HASH_EXECUTABLE), NULL),
			 HASH_VANISHED);
}

static struct hash_identity identity_of_file(const char *path)
{
	struct stat facts;

	assert_int_equal(stat(path, &facts), 0);
	return (struct hash_identity){
		.inode = facts.st_ino,
		.bytes = (uint64_t)facts.st_size,
		.ctime_ns = (uint64_t)facts.st_ctim.tv_sec * 1000000000u +
			    (uint64_t)facts.st_ctim.tv_nsec,
		.mtime_ns = (uint64_t)facts.st_mtim.tv_sec * 1000000000u +
			    (uint64_t)facts.st_mtim.tv_nsec,
		.device = major(facts.st_dev) << 20 | minor(facts.st_dev),
	};
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
	assert_int_equal(open_as(*state, request, NULL), HASH_NOT_CONFIRMED);
	request = request_of(*state, KEEPER_HASH_EXECUTABLE);
	snprintf(request->path, sizeof(request->path), "bin/true");
	assert_int_equal(open_as(*state, request, NULL), HASH_VANISHED);
	request = request_of(*state, KEEPER_HASH_SCRIPT); /* it was none */
	snprintf(request->path, sizeof(request->path), "/etc/shadow");
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

static void go_to(const void *context)
{
	must(chdir(context) == 0, "chdir");
}

static void check_script(struct probe_fixture *fixture, const char *given, const char *path)
{
	struct held held =
		hold(&(struct start){ .path = given, .prepare = go_to, .context = place });
	int fd;

	must_find_exec(fixture, held.pid);
	assert_int_equal(open_as(fixture, request_of(fixture, KEEPER_HASH_SCRIPT_LOOK), &fd),
			 HASH_OK);
	assert_int_equal(fd, -1);
	assert_int_equal(open_as(fixture, request_of(fixture, KEEPER_HASH_SCRIPT), &fd), HASH_OK);
	assert_holds(fd, path);
	let_go(&held);
}

static void a_script_is_opened_by_the_name_it_was_executed_by(void **state)
{
	char path[256];

	snprintf(path, sizeof(path), "%s", at_place("script"));
	place_file(path, "#!/bin/cat -\n# some script\n", 0755);
	usleep(20000);
	check_script(*state, "./script", path);
	check_script(*state, path, path);
}

static void another_file_under_a_script_s_name_is_not_it(void **state)
{
	struct held held;
	char path[256];

	snprintf(path, sizeof(path), "%s", at_place("swapped"));
	place_file(path, "#!/bin/cat -\n", 0755);
	usleep(20000);
	held = hold(&(struct start){ .path = path });
	must_find_exec(*state, held.pid);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("/etc/shadow", path), 0);
	/* The first who follows it is noted down in it, which is more than a look into the cache.
	 */
	usleep(20000);
	assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(open_as(*state, request_of(*state, KEEPER_HASH_SCRIPT), NULL),
			 HASH_CHANGED); /* nobody may execute that */
	assert_int_equal(unlink(path), 0);
	assert_int_equal(open_as(*state, request_of(*state, KEEPER_HASH_SCRIPT), NULL),
			 HASH_VANISHED);
	usleep(20000);
	place_file(path, "#!/bin/cat -\n", 0755);
	assert_int_equal(open_as(*state, request_of(*state, KEEPER_HASH_SCRIPT), NULL),
			 HASH_CHANGED);
	let_go(&held);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_running_program_is_opened),
		cmocka_unit_test(one_that_has_ended_is_found_by_name),
		cmocka_unit_test(one_that_was_deleted_or_replaced_is_opened_while_it_runs),
		cmocka_unit_test(a_memfd_is_opened_while_it_runs),
		cmocka_unit_test(nothing_else_is_opened),
		cmocka_unit_test(one_over_the_limit_is_not_opened),
		cmocka_unit_test(a_script_is_opened_by_the_name_it_was_executed_by),
		cmocka_unit_test(another_file_under_a_script_s_name_is_not_it),
	};

	return cmocka_run_group_tests(tests, process_case_setup, process_case_teardown);
}
