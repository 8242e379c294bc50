/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf/process_case.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- a place of our own --- */

char place[] = "/tmp/yagura-probes-XXXXXX";

int process_case_setup(void **state)
{
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    !mkdtemp(place) || mount("none", place, "tmpfs", 0, "mode=755") < 0) {
		perror("a mount namespace with a tmpfs");
		return -1;
	}
	return probe_fixture_setup(state);
}

int process_case_teardown(void **state)
{
	umount2(place, MNT_DETACH);
	rmdir(place);
	return probe_fixture_teardown(state);
}

const char *at_place(const char *name)
{
	static char path[2][PATH_MAX];
	static int turn;

	turn = !turn;
	snprintf(path[turn], PATH_MAX, "%s/%s", place, name);
	return path[turn];
}

void place_file(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

const char *place_program(const char *name, mode_t mode)
{
	return place_copy("/bin/cat", name, mode);
}

const char *place_copy(const char *program, const char *name, mode_t mode)
{
	const char *path = at_place(name);
	int from = open(program, O_RDONLY | O_CLOEXEC);
	char bytes[65536];
	ssize_t got;
	int to;

	unlink(path);
	to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
	assert_true(from >= 0 && to >= 0);
	while ((got = read(from, bytes, sizeof(bytes))) > 0)
		assert_int_equal(write(to, bytes, (size_t)got), got);
	assert_int_equal(fchmod(to, mode), 0);
	close(from);
	close(to);
	return path;
}

/* --- programs --- */

void must(bool succeeded, const char *what)
{
	if (succeeded)
		return;
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	_exit(126);
}

struct held hold(const struct start *start)
{
	int input[2], executed[2];
	struct held held;
	char byte;

	assert_int_equal(pipe2(input, O_CLOEXEC), 0);
	assert_int_equal(pipe2(executed, O_CLOEXEC), 0);
	held.pid = (pid_t)syscall(SYS_clone, start->clone_flags | SIGCHLD, 0, 0, 0, 0);
	if (held.pid == 0) {
		dup2(input[0], STDIN_FILENO);
		dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDOUT_FILENO);
		if (start->prepare)
			start->prepare(start->context);
		execl(start->path, start->path, NULL);
		must(false, start->path);
	}
	assert_true(held.pid > 0);
	close(input[0]);
	close(executed[1]);
	assert_int_equal(read(executed[0], &byte, 1), 0); /* closed by the execve */
	close(executed[0]);
	held.input = input[1];
	return held;
}

void let_go(const struct held *held)
{
	int status;

	close(held->input);
	assert_int_equal(waitpid(held->pid, &status, 0), held->pid);
	assert_int_equal(status, 0);
}

/* --- events --- */

struct wanted {
	enum event_kind kind;
	pid_t pid;
};

static bool is_wanted(const struct decoded_event *event, const void *context)
{
	const struct wanted *wanted = context;
	uint32_t pid = 0;

	if (event->kind != wanted->kind)
		return false;
	if (event->kind == EVENT_FORK)
		pid = event->fork.process.pid;
	else if (event->kind == EVENT_EXEC || event->kind == EVENT_SNAPSHOT)
		pid = event->exec.fixed.process.pid;
	else if (event->kind == EVENT_EXIT)
		pid = event->exit.process.pid;
	return pid == (uint32_t)wanted->pid;
}

void must_find(struct probe_fixture *fixture, enum event_kind kind, pid_t pid)
{
	struct wanted wanted = { kind, pid };

	assert_true(probe_fixture_find(fixture, EVENT_RING_VALUABLE, is_wanted, &wanted, 2000));
}

const struct decoded_exec *must_find_exec(struct probe_fixture *fixture, pid_t pid)
{
	must_find(fixture, EVENT_EXEC, pid);
	return &fixture->event.exec;
}

const struct event_exec *run_program(struct probe_fixture *fixture, const char *path)
{
	struct held held = hold(&(struct start){ .path = path });

	must_find_exec(fixture, held.pid);
	let_go(&held);
	return &fixture->event.exec.fixed;
}

void check_path(struct probe_fixture *fixture, const char *path)
{
	assert_string_equal(fixture->event.exec.path, probe_fixture_path(fixture, path));
}

const struct decoded_exec *must_find_snapshot(struct probe_fixture *fixture, pid_t pid)
{
	probe_fixture_drain(fixture);
	assert_int_equal(loader_iterate(fixture->loader, "process-snapshot"), 0);
	must_find(fixture, EVENT_SNAPSHOT, pid);
	return &fixture->event.exec;
}

/* --- what /proc says --- */

const char *proc_read(pid_t pid, const char *file)
{
	static char bytes[16384];
	char path[PATH_MAX];
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		fail_msg("%s: %s", path, strerror(errno));
	got = read(fd, bytes, sizeof(bytes) - 1);
	assert_true(got >= 0);
	bytes[got] = '\0';
	close(fd);
	return bytes;
}

uint64_t proc_status(pid_t pid, const char *name, int n, int base)
{
	const char *at = proc_read(pid, "status");
	uint64_t value = 0;
	char line[64];
	char *end;

	snprintf(line, sizeof(line), "\n%s:", name);
	at = strstr(at, line);
	if (!at)
		fail_msg("no %s in /proc/%d/status", name, pid);
	at += strlen(line);
	for (int i = 0; i <= n; i++, at = end) {
		value = strtoull(at, &end, base);
		assert_true(end > at);
	}
	return value;
}

int64_t proc_stat(pid_t pid, int n)
{
	const char *at = strrchr(proc_read(pid, "stat"), ')'); /* the name may hold anything */

	assert_non_null(at);
	for (int i = 2; i < n; i++) {
		at = strchr(at, ' ');
		assert_non_null(at);
		at++;
	}
	return strtoll(at, NULL, 10);
}

const char *proc_link(struct probe_fixture *fixture, pid_t pid, const char *link)
{
	char path[PATH_MAX], target[PATH_MAX] = "";

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, link);
	assert_true(readlink(path, target, sizeof(target) - 1) > 0);
	return probe_fixture_path(fixture, target);
}

uint32_t proc_namespace(pid_t pid, const char *name)
{
	char path[PATH_MAX];
	struct stat facts;

	snprintf(path, sizeof(path), "/proc/%d/ns/%s", pid, name);
	assert_int_equal(stat(path, &facts), 0);
	return (uint32_t)facts.st_ino;
}
