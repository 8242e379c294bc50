/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/keeper/worker_process.h"

#include "sensor/keeper/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* /proc/self/exe, so that a package upgrade never pairs a new worker with an old keeper. `link`
 * becomes KEEPER_LINK_FD; every other descriptor of ours is close-on-exec. */
static int spawn(char *const arguments[], int link, pid_t *ret_pid)
{
	extern char **environ;
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t held;
	int r;

	/* A request to stop must not come before the worker can take it: it would kill it. */
	sigemptyset(&held);
	sigaddset(&held, SIGTERM);
	sigaddset(&held, SIGINT);
	r = posix_spawn_file_actions_init(&actions);
	if (r)
		return -r;
	r = posix_spawnattr_init(&attributes);
	if (r) {
		posix_spawn_file_actions_destroy(&actions);
		return -r;
	}
	posix_spawnattr_setsigmask(&attributes, &held);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK);
	if (link >= 0) /* dup2 onto itself clears close-on-exec too (POSIX 2024, glibc 2.29) */
		r = posix_spawn_file_actions_adddup2(&actions, link, KEEPER_LINK_FD);
	if (r == 0)
		r = posix_spawn(ret_pid, "/proc/self/exe", &actions, &attributes, arguments,
				environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return -r;
}

int worker_process_start(const char *config_path, pid_t *ret_pid, int *ret_link)
{
	char *const arguments[] = { (char[]){ "yagurad" }, (char[]){ "--worker" },
				    (char[]){ "--config" }, (char *)(uintptr_t)config_path, NULL };
	int pair[2];
	int r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	r = spawn(arguments, pair[1], ret_pid);
	close(pair[1]);
	if (r < 0)
		close(pair[0]);
	else
		*ret_link = pair[0];
	return r;
}

int worker_process_check(const char *config_path)
{
	char *const arguments[] = { (char[]){ "yagurad" },	    (char[]){ "--worker" },
				    (char[]){ "--check" },	    (char[]){ "--config" },
				    (char *)(uintptr_t)config_path, NULL };
	int status;
	pid_t pid;
	int r;

	r = spawn(arguments, -1, &pid);
	if (r < 0)
		return r;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EINVAL;
}
