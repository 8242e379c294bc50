/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/keeper/worker_process.h"

#include "sensor/keeper/spawn.h"

#include <errno.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

int worker_process_start(const char *config_path, pid_t *ret_pid, int *ret_link)
{
	char *const arguments[] = { (char[]){ "yagurad" }, (char[]){ "--worker" },
				    (char[]){ "--config" }, (char *)(uintptr_t)config_path, NULL };
	int pair[2];
	int r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	r = spawn_self(arguments, &pair[1], 1, ret_pid);
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

	r = spawn_self(arguments, NULL, 0, &pid);
	if (r < 0)
		return r;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EINVAL;
}
