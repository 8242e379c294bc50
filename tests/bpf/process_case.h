/* SPDX-License-Identifier: Apache-2.0 */
/* Programs that are executed and then held until they have been looked at, and what /proc says of
 * them: shared by the tests of process.bpf.c. */
#ifndef YAGURA_TESTS_BPF_PROCESS_CASE_H
#define YAGURA_TESTS_BPF_PROCESS_CASE_H

#include "bpf/probe_fixture.h"

#include <stdint.h>
#include <sys/types.h>

/* cmocka group set-up: a fixture, with this process in a mount namespace of its own and an empty
 * tmpfs on `place`. All that is mounted goes with this process. */
extern char place[];
int process_case_setup(void **state);
int process_case_teardown(void **state);

/* Brings the child into the state to be told of, before it executes; what fails there ends it. */
typedef void (*prepare_fn)(const void *context);

struct start {
	const char *path; /* executed as argv[0]; must read its input to the end, as cat does */
	prepare_fn prepare; /* NULL: nothing */
	const void *context;
	int clone_flags; /* CLONE_NEW… */
};

struct held {
	pid_t pid;
	int input;
};

/* Returns once the program has been executed. */
struct held hold(const struct start *start);
/* Lets the program end; it must do so without an error. */
void let_go(const struct held *held);
/* Ends this process with a line of what failed: for children, where asserting is of no use. */
void must(bool succeeded, const char *what);

/* Reads the valuable ring up to the event of that kind and process, or the test fails. */
void must_find(struct probe_fixture *fixture, enum event_kind kind, pid_t pid);
/* The next EVENT_EXEC of that process. */
const struct decoded_exec *must_find_exec(struct probe_fixture *fixture, pid_t pid);
/* Executes `path` to its end; its event, which is the fixture's, is returned. */
const struct event_exec *run_program(struct probe_fixture *fixture, const char *path);
/* The fixture's event must have this path, as we see it. */
void check_path(struct probe_fixture *fixture, const char *path);
/* What a snapshot says of it. */
const struct decoded_exec *must_find_snapshot(struct probe_fixture *fixture, pid_t pid);

/* The bytes of a file below /proc/PID, NUL-terminated; valid until the next call. */
const char *proc_read(pid_t pid, const char *file);
/* A field of /proc/PID/status, told by its name: the n-th number, from 0. */
uint64_t proc_status(pid_t pid, const char *name, int n, int base);
/* A number of /proc/PID/stat, counted as proc(5) does. */
int64_t proc_stat(pid_t pid, int n);
/* What a link below /proc/PID leads to, as the kernel's path; valid until the next call. */
const char *proc_link(struct probe_fixture *fixture, pid_t pid, const char *link);
/* Inode number of a namespace. */
uint32_t proc_namespace(pid_t pid, const char *name);

/* A path below the place; those of the last two calls stay valid. */
const char *at_place(const char *name);
/* A copy of /bin/cat in `place`; returns its path, as at_place() does. */
const char *place_program(const char *name, mode_t mode);
/* The same of another program. */
const char *place_copy(const char *program, const char *name, mode_t mode);
void place_file(const char *path, const char *text, mode_t mode);

#endif
