/* SPDX-License-Identifier: Apache-2.0 */
/* What the hasher can still do, and that everything else ends it. */
#include "sensor/hasher/jail.h"

#include "sensor/hasher/slots.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct deed {
	const char *name;
	void (*run)(void);
	int want_signal; /* 0: it is allowed */
};

static void do_nothing(void)
{
}

static void hash_a_file(void)
{
	/* Opened and made before the jail closed: see run_in_jail(). */
}

static void open_a_file(void)
{
	syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY);
}

static void write_a_byte(void)
{
	(void)!syscall(SYS_write, 1, "", 1);
}

static void take_memory(void)
{
	syscall(SYS_mmap, NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void ask_who_it_is(void)
{
	syscall(SYS_getppid);
}

static void make_a_socket(void)
{
	syscall(SYS_socket, AF_INET, SOCK_STREAM, 0);
}

static void execute(void)
{
	syscall(SYS_execve, "/bin/true", NULL, NULL);
}

static struct deed deeds[] = {
	{ "it ends", do_nothing, 0 },
	{ "it hashes", hash_a_file, 0 },
	{ "it opens nothing", open_a_file, SIGSYS },
	{ "it writes nothing", write_a_byte, SIGSYS },
	{ "it takes no memory", take_memory, SIGSYS },
	{ "it asks for nothing", ask_who_it_is, SIGSYS },
	{ "it makes no socket", make_a_socket, SIGSYS },
	{ "it executes nothing", execute, SIGSYS },
};

/* Status 0 when the digest is the one of nothing but "abc" (FIPS 180-4's example). */
static int hash_in_jail(struct slots *slots, const struct hash_job *job, int fd)
{
	static const uint8_t abc[] = { 0xba, 0x78, 0x16, 0xbf };
	struct hash_result result;
	bool is_done = false;

	slots_add(slots, job, fd);
	while (!is_done)
		slots_step(slots, &is_done, &result);
	return result.status == HASH_OK && memcmp(result.sha256, abc, sizeof(abc)) == 0 ? 0 : 3;
}

/* Before _exit(), which does not return, ASan sees to the signal stack: by a system call. */
static void end(int status)
{
	for (;;)
		syscall(SYS_exit_group, status);
}

static void run_in_jail(const struct deed *deed)
{
	struct slots *slots = slots_new();
	int fd = memfd_create("abc", 0);
	char error[JAIL_ERROR_BYTES];
	struct hash_job job = { .status = HASH_OK, .wants_md5 = 1 };
	struct stat facts;

	if (!slots || fd < 0 || write(fd, "abc", 3) != 3 || fstat(fd, &facts) < 0)
		_exit(2);
	job.opened.inode = facts.st_ino;
	job.opened.bytes = 3;
	job.opened.mtime_ns =
		(uint64_t)facts.st_mtim.tv_sec * 1000000000u + (uint64_t)facts.st_mtim.tv_nsec;
	job.opened.ctime_ns =
		(uint64_t)facts.st_ctim.tv_sec * 1000000000u + (uint64_t)facts.st_ctim.tv_nsec;
	if (jail_drop_privileges(NULL, error) < 0 || jail_close() < 0)
		_exit(2);
	deed->run();
	end(deed->run == hash_a_file ? hash_in_jail(slots, &job, fd) : 0);
}

static void check_deed(void **state)
{
	const struct deed *deed = *state;
	pid_t pid = fork();
	int status;

	if (pid == 0)
		run_in_jail(deed);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (deed->want_signal) {
		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), deed->want_signal);
	} else {
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 0);
	}
}

static void an_unknown_user_is_an_error(void **state)
{
	char error[JAIL_ERROR_BYTES] = "";

	(void)state;
	assert_true(jail_drop_privileges("no-such-user-here", error) < 0);
	assert_string_equal(error, "there is no user 'no-such-user-here'");
}

/* Root stays root in name; nothing of it is left in might. */
static void no_capability_is_left(void **state)
{
	pid_t pid = fork();
	int status;

	(void)state;
	if (pid == 0) {
		char error[JAIL_ERROR_BYTES], line[128];
		unsigned long long capabilities = 1;
		FILE *file;

		if (jail_drop_privileges(NULL, error) < 0)
			_exit(2);
		file = fopen("/proc/self/status", "re");
		while (file && fgets(line, sizeof(line), file))
			if (sscanf(line, "CapPrm: %llx", &capabilities) == 1)
				break;
		_exit(capabilities == 0 ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	struct CMUnitTest tests[sizeof(deeds) / sizeof(*deeds) + 2] = {
		cmocka_unit_test(an_unknown_user_is_an_error),
		cmocka_unit_test(no_capability_is_left),
	};

	for (size_t i = 0; i < sizeof(deeds) / sizeof(*deeds); i++)
		tests[i + 2] =
			(struct CMUnitTest){ deeds[i].name, check_deed, NULL, NULL, &deeds[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
