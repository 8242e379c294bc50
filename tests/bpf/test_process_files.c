/* SPDX-License-Identifier: Apache-2.0 */
/* Which file a process runs: inode, layers, and its path over mounts and depths. */
#include "bpf/process_case.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#define LAYER_FLAGS (EXEC_DELETED | EXEC_MEMFD | EXEC_UPPER_LAYER)

static void make_directory(const char *path)
{
	assert_int_equal(mkdir(path, 0755), 0);
}

static uint64_t nanoseconds(struct timespec time)
{
	return (uint64_t)time.tv_sec * 1000000000ull + (uint64_t)time.tv_nsec;
}

/* --- the inode --- */

static void the_inode_is_the_one_stat_shows(void **state)
{
	const char *path = place_program("inode", 0751);
	const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { 1234567890, 987654321 } };
	const struct event_exec *fixed;
	struct stat want;

	assert_int_equal(link(path, at_place("inode-too")), 0);
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
	assert_int_equal(stat(path, &want), 0); /* from 6.13 on this marks the inode's ctime */
	fixed = run_program(*state, path);
	check_path(*state, path);
	assert_true(fixed->inode == want.st_ino);
	assert_true(fixed->file_bytes == (uint64_t)want.st_size);
	assert_int_equal(fixed->mode, want.st_mode);
	assert_int_equal(fixed->nlink, 2);
	assert_true(fixed->ctime_ns == nanoseconds(want.st_ctim));
	assert_true(fixed->mtime_ns == 1234567890987654321ull);
	assert_int_equal(fixed->device, major(want.st_dev) << 20 | minor(want.st_dev));
	assert_int_equal(fixed->flags & LAYER_FLAGS, 0);
}

static void a_snapshot_knows_the_inode_as_well(void **state)
{
	struct held held = hold(&(struct start){ .path = place_program("inode", 0700) });
	struct event_exec executed = must_find_exec(*state, held.pid)->fixed;
	const struct event_exec *listed = &must_find_snapshot(*state, held.pid)->fixed;

	assert_memory_equal(&listed->inode, &executed.inode,
			    offsetof(struct event_exec, uid) - offsetof(struct event_exec, inode));
	let_go(&held);
}

/* Executes what is open as `fd`; the event is the fixture's. */
static const struct event_exec *run_open(struct probe_fixture *fixture, int fd)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		close(STDIN_FILENO);
		open("/dev/null", O_RDONLY);
		fexecve(fd, (char *[]){ "cat", NULL }, (char *[]){ NULL });
		must(false, "fexecve");
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	return &must_find_exec(fixture, pid)->fixed;
}

/* The name means nothing: only what memfd_create(2) made is a memfd. */
static void a_deleted_program_is_no_memfd(void **state)
{
	const char *path = place_program("memfd:not", 0755);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	const struct event_exec *fixed;

	assert_int_equal(unlink(path), 0);
	fixed = run_open(*state, fd);
	check_path(*state, path);
	assert_int_equal(fixed->flags & LAYER_FLAGS, EXEC_DELETED);
	assert_int_equal(fixed->nlink, 0);
	close(fd);
}

static void a_memfd_is_told_as_one(void **state)
{
	struct probe_fixture *fixture = *state;
	int from = open("/bin/cat", O_RDONLY | O_CLOEXEC);
	int memfd = memfd_create("ghost", MFD_CLOEXEC);
	const struct event_exec *fixed;
	struct stat want;

	assert_int_equal(fstat(from, &want), 0);
	assert_int_equal(sendfile(memfd, from, NULL, (size_t)want.st_size), want.st_size);
	fixed = run_open(fixture, memfd);
	assert_string_equal(fixture->event.exec.path, "/memfd:ghost");
	assert_int_equal(fixed->flags & LAYER_FLAGS, EXEC_DELETED | EXEC_MEMFD);
	assert_int_equal(fstat(memfd, &want), 0);
	assert_true(fixed->inode == want.st_ino);
	assert_true(fixed->file_bytes == (uint64_t)want.st_size);
	close(from);
	close(memfd);
}

/* --- mounts --- */

static void a_bind_mount_is_the_path_taken(void **state)
{
	char path[PATH_MAX];

	make_directory(at_place("bound"));
	make_directory(at_place("source"));
	place_program("source/program", 0755);
	assert_int_equal(mount(at_place("source"), at_place("bound"), NULL, MS_BIND, NULL), 0);
	snprintf(path, sizeof(path), "%s", at_place("bound/program"));
	run_program(*state, path);
	check_path(*state, path);
}

static void mount_overlay(void)
{
	char options[3 * PATH_MAX];

	for (const char *name = "merged\0lower\0upper\0work\0"; *name; name += strlen(name) + 1)
		make_directory(at_place(name));
	place_program("lower/below", 0755);
	place_program("lower/changed", 0755);
	snprintf(options, sizeof(options), "lowerdir=%s/lower,upperdir=%s/upper,workdir=%s/work",
		 place, place, place);
	assert_int_equal(mount("overlay", at_place("merged"), "overlay", 0, options), 0);
	place_program("merged/added", 0755);
	assert_int_equal(chmod(at_place("merged/changed"), 0711), 0); /* copied up */
}

static void what_a_container_changed_is_told(void **state)
{
	const struct event_exec *fixed;

	mount_overlay();
	fixed = run_program(*state, at_place("merged/below"));
	check_path(*state, at_place("merged/below"));
	assert_int_equal(fixed->flags & LAYER_FLAGS, 0);
	fixed = run_program(*state, at_place("merged/added"));
	check_path(*state, at_place("merged/added"));
	assert_int_equal(fixed->flags & LAYER_FLAGS, EXEC_UPPER_LAYER);
	fixed = run_program(*state, at_place("merged/changed"));
	assert_int_equal(fixed->flags & LAYER_FLAGS, EXEC_UPPER_LAYER);
	assert_int_equal(fixed->mode, S_IFREG | 0711);
	/* The same file, but not through the overlay. */
	fixed = run_program(*state, at_place("upper/added"));
	assert_int_equal(fixed->flags & LAYER_FLAGS, 0);
}

static void enter_root(const void *context)
{
	must(chroot(context) == 0 && chdir("/bin") == 0, "chroot");
}

/* Paths are told from the root of the mount namespace: a chroot hides nothing. */
static void a_chroot_hides_nothing(void **state)
{
	struct probe_fixture *fixture = *state;
	struct start start = { .path = "/bin/cat", .prepare = enter_root };
	char want[PATH_MAX], real[PATH_MAX];
	struct held held;

	make_directory(at_place("root"));
	assert_int_equal(mount("/", at_place("root"), NULL, MS_BIND, NULL), 0);
	start.context = at_place("root");
	held = hold(&start);
	must_find_exec(fixture, held.pid);
	let_go(&held);
	assert_non_null(realpath("/bin/cat", real));
	snprintf(want, sizeof(want), "%s%s", at_place("root"), real);
	check_path(fixture, want);
	*strrchr(want, '/') = '\0';
	assert_string_equal(fixture->event.exec.cwd, probe_fixture_path(fixture, want));
}

/* --- depth --- */

/* Goes down `levels` directories named "d" from the place, making them. */
static void descend(int levels)
{
	assert_int_equal(chdir(place), 0);
	for (int i = 0; i < levels; i++) {
		mkdir("d", 0755);
		assert_int_equal(chdir("d"), 0);
	}
}

/* Executes ./program, put there, from where we are. */
static const struct decoded_exec *run_here(struct probe_fixture *fixture)
{
	const char *from = place_program("deep", 0755);
	struct held held;

	assert_int_equal(rename(from, "program"), 0);
	held = hold(&(struct start){ .path = "./program" });
	must_find_exec(fixture, held.pid);
	let_go(&held);
	assert_int_equal(chdir("/"), 0);
	return &fixture->event.exec;
}

static void a_deep_path_is_whole(void **state)
{
	const struct decoded_exec *exec;
	char want[PATH_MAX];
	int levels = EVENT_PATH_COMPONENTS_MAX - 3; /* and /tmp, the place, the program */

	snprintf(want, sizeof(want), "%s", place);
	for (int i = 0; i < levels; i++)
		strcat(want, "/d");
	descend(levels);
	exec = run_here(*state);
	assert_string_equal(exec->cwd, probe_fixture_path(*state, want));
	strcat(want, "/program");
	check_path(*state, want);
	assert_int_equal(exec->fixed.flags, 0);
}

static void a_path_too_deep_is_cut_and_said_so(void **state)
{
	const struct decoded_exec *exec;

	descend(EVENT_PATH_COMPONENTS_MAX);
	exec = run_here(*state);
	assert_int_equal(exec->fixed.flags, EXEC_PATH_TRUNCATED | EXEC_CWD_TRUNCATED);
	assert_memory_equal(exec->path, "d/d/", 4); /* no slash: not the whole path */
	assert_string_equal(exec->path + exec->path_length - 10, "/d/program");
	assert_int_equal(exec->cwd_length, 2 * EVENT_PATH_COMPONENTS_MAX - 1);
}

static void a_path_too_long_is_cut_and_said_so(void **state)
{
	const struct decoded_exec *exec;
	char name[NAME_MAX + 1] = "";

	memset(name, 'n', NAME_MAX);
	assert_int_equal(chdir(place), 0);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(mkdir(name, 0755), 0);
		assert_int_equal(chdir(name), 0);
	}
	exec = run_here(*state);
	assert_int_equal(exec->fixed.flags, EXEC_PATH_TRUNCATED | EXEC_CWD_TRUNCATED);
	assert_in_range(exec->path_length, EVENT_PATH_BYTES_MAX - 2 * 256, EVENT_PATH_BYTES_MAX);
	assert_in_range(exec->cwd_length, EVENT_PATH_BYTES_MAX - 2 * 256, EVENT_PATH_BYTES_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_inode_is_the_one_stat_shows),
		cmocka_unit_test(a_snapshot_knows_the_inode_as_well),
		cmocka_unit_test(a_deleted_program_is_no_memfd),
		cmocka_unit_test(a_memfd_is_told_as_one),
		cmocka_unit_test(a_bind_mount_is_the_path_taken),
		cmocka_unit_test(what_a_container_changed_is_told),
		cmocka_unit_test(a_chroot_hides_nothing),
		cmocka_unit_test(a_deep_path_is_whole),
		cmocka_unit_test(a_path_too_deep_is_cut_and_said_so),
		cmocka_unit_test(a_path_too_long_is_cut_and_said_so),
	};

	return cmocka_run_group_tests(tests, process_case_setup, process_case_teardown);
}
