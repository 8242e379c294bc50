/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/keeper/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <unistd.h>

#define FIRST_FD 3
#define FDS_MAX 4

/* Out of the way of those that they become. */
static int move_up(const int *descriptors, size_t count, int ret_moved[FDS_MAX])
{
	for (size_t i = 0; i < count; i++) {
		ret_moved[i] = fcntl(descriptors[i], F_DUPFD_CLOEXEC, FIRST_FD + FDS_MAX);
		if (ret_moved[i] < 0) {
			int r = -errno;

			while (i-- > 0)
				close(ret_moved[i]);
			return r;
		}
	}
	return 0;
}

static int set_attributes(posix_spawnattr_t *attributes)
{
	sigset_t held;
	int r = posix_spawnattr_init(attributes);

	if (r)
		return -r;
	/* A request to stop must not come before it can be taken: it would kill. */
	sigemptyset(&held);
	sigaddset(&held, SIGTERM);
	sigaddset(&held, SIGINT);
	posix_spawnattr_setsigmask(attributes, &held);
	posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK);
	return 0;
}

int spawn_self(char *const arguments[], const int *descriptors, size_t count, pid_t *ret_pid)
{
	extern char **environ;
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int moved[FDS_MAX];
	int r;

	if (count > FDS_MAX)
		return -EINVAL;
	r = move_up(descriptors, count, moved);
	if (r < 0)
		return r;
	r = -posix_spawn_file_actions_init(&actions);
	if (r < 0)
		goto out_moved;
	r = set_attributes(&attributes);
	if (r < 0)
		goto out_actions;
	for (size_t i = 0; i < count && r == 0; i++)
		r = -posix_spawn_file_actions_adddup2(&actions, moved[i], FIRST_FD + (int)i);
	if (r == 0)
		r = -posix_spawn(ret_pid, "/proc/self/exe", &actions, &attributes, arguments,
				 environ);
	posix_spawnattr_destroy(&attributes);
out_actions:
	posix_spawn_file_actions_destroy(&actions);
out_moved:
	for (size_t i = 0; i < count; i++)
		close(moved[i]);
	return r;
}
