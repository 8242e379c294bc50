/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/process/procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/event_build.h"

#define PID 4711
#define TICK_NS                                                                                    \
	(1000000000ull / 100) /* user space sees 100 a second on every architecture here           \
			       */
/* fields 4 … 21 of /proc/PID/stat, between the state and the start time */
#define FIELDS "1 2 3 0 -1 4194560 10 20 30 40 1 2 3 4 20 0 1 0"

static char proc[] = "/tmp/yagura-procfs-XXXXXX";
static char directory[64];

static void write_file(const char *name, const char *bytes, size_t size)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

static void remove_file(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	unlink(path);
}

static int make_proc(void **state)
{
	(void)state;
	if (!mkdtemp(proc))
		return -1;
	snprintf(directory, sizeof(directory), "%s/%d", proc, PID);
	return mkdir(directory, 0700);
}

static int remove_proc(void **state)
{
	(void)state;
	remove_file("stat");
	remove_file("cmdline");
	return rmdir(directory) | rmdir(proc);
}

static struct stat_case {
	const char *name;
	const char *stat;
	uint64_t start_ns;
	long want;
} cases[] = {
	{ "plain", "4711 (ls) S " FIELDS " 777 9 9\n", 777 * TICK_NS, 6 },
	{ "anywhere within the tick", "4711 (ls) S " FIELDS " 777 9\n", 777 * TICK_NS + 9999999,
	  6 },
	{ "the tick before", "4711 (ls) S " FIELDS " 777 9\n", 777 * TICK_NS - 1, -ESRCH },
	{ "the tick after", "4711 (ls) S " FIELDS " 777 9\n", 778 * TICK_NS, -ESRCH },
	{ "blanks in the comm", "4711 (a b c) S " FIELDS " 777 9\n", 777 * TICK_NS, 6 },
	{ "parentheses in the comm", "4711 (a) S (b)) S " FIELDS " 777 9\n", 777 * TICK_NS, 6 },
	{ "a comm like another stat", "4711 (x) S " FIELDS " 1 9) S " FIELDS " 777 9\n",
	  777 * TICK_NS, 6 },
	{ "newline in the comm", "4711 (a\nb) S " FIELDS " 777 9\n", 777 * TICK_NS, 6 },
	{ "empty", "", 0, -EBADMSG },
	{ "no comm", "4711 ls S " FIELDS " 777 9\n", 777 * TICK_NS, -EBADMSG },
	{ "ends before the start", "4711 (ls) S 1 2 3\n", 0, -EBADMSG },
	{ "ends inside the start", "4711 (ls) S " FIELDS " 777", 777 * TICK_NS, -EBADMSG },
	{ "start is no number", "4711 (ls) S " FIELDS " x 9\n", 0, -EBADMSG },
	{ "start is negative", "4711 (ls) S " FIELDS " -1 9\n", 0, -EBADMSG },
	{ "start is too large", "4711 (ls) S " FIELDS " 99999999999999999999999 9\n", 0, -EBADMSG },
};

static void check_case(void **state)
{
	const struct stat_case *c = *state;
	struct process_key key = build_key(c->start_ns, PID, 1);
	char args[64];

	write_file("stat", c->stat, strlen(c->stat));
	write_file("cmdline", "ls\0-l", 6);
	assert_int_equal(procfs_args(proc, &key, args, sizeof(args)), c->want);
	if (c->want > 0)
		assert_memory_equal(args, "ls\0-l", 6);
}

static void args_are_cut_to_the_room(void **state)
{
	struct process_key key = build_key(777 * TICK_NS, PID, 1);
	char args[5] = "....";

	(void)state;
	write_file("stat", "1 (x) S " FIELDS " 777 9", sizeof("1 (x) S " FIELDS " 777 9") - 1);
	write_file("cmdline", "ls\0-l", 6);
	assert_int_equal(procfs_args(proc, &key, args, 4), 4);
	assert_memory_equal(args, "ls\0-", 5); /* the byte after is untouched: 0 */
	assert_int_equal(procfs_args(proc, &key, args, 0), 0);
	write_file("cmdline", "", 0); /* a kernel thread, a zombie */
	assert_int_equal(procfs_args(proc, &key, args, 4), 0);
}

static void what_is_gone_is_esrch(void **state)
{
	struct process_key key = build_key(777 * TICK_NS, PID, 1);
	struct process_key other = build_key(777 * TICK_NS, PID + 1, 1);
	char args[8];

	(void)state;
	assert_int_equal(procfs_args(proc, &other, args, sizeof(args)), -ESRCH);
	remove_file("cmdline");
	assert_int_equal(procfs_args(proc, &key, args, sizeof(args)), -ESRCH);
	remove_file("stat");
	assert_int_equal(procfs_args(proc, &key, args, sizeof(args)), -ESRCH);
	assert_int_equal(procfs_args("/nowhere", &key, args, sizeof(args)), -ESRCH);
}

static void a_path_beyond_limits_is_refused(void **state)
{
	static char long_proc[5000];
	struct process_key key = build_key(1, 1, 1);
	char args[8];

	(void)state;
	memset(long_proc, '/', sizeof(long_proc) - 1);
	assert_int_equal(procfs_args(long_proc, &key, args, sizeof(args)), -ENAMETOOLONG);
}

/* Our own start, read independently: this program's comm has neither blank nor parenthesis. */
static uint64_t own_start_ticks(void)
{
	unsigned long long ticks = 0;
	FILE *file = fopen("/proc/self/stat", "r");

	assert_non_null(file);
	assert_int_equal(fscanf(file,
				"%*d %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
				"%*s %*s %*s %*s %*s %llu",
				&ticks),
			 1);
	fclose(file);
	return ticks;
}

static void our_own_args_are_found(void **state)
{
	struct process_key key = build_key(own_start_ticks() * TICK_NS, (uint32_t)getpid(), 1);
	char want[4096], args[4096];
	int fd = open("/proc/self/cmdline", O_RDONLY);
	ssize_t size = read(fd, want, sizeof(want));

	(void)state;
	close(fd);
	assert_true(size > 0);
	assert_int_equal(procfs_args("/proc", &key, args, sizeof(args)), size);
	assert_memory_equal(args, want, (size_t)size);
	key.start_ns += 2 * TICK_NS;
	assert_int_equal(procfs_args("/proc", &key, args, sizeof(args)), -ESRCH);
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

int main(void)
{
	struct CMUnitTest tests[COUNT(cases) + 4] = {
		cmocka_unit_test(our_own_args_are_found),
		cmocka_unit_test(args_are_cut_to_the_room),
		cmocka_unit_test(what_is_gone_is_esrch),
		cmocka_unit_test(a_path_beyond_limits_is_refused),
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		tests[4 + i] =
			(struct CMUnitTest){ cases[i].name, check_case, NULL, NULL, &cases[i] };
	return cmocka_run_group_tests(tests, make_proc, remove_proc);
}
