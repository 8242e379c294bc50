/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/keeper/hasher_process.h"

#include "common/clock.h"
#include "common/log.h"
#include "sensor/keeper/spawn.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* One that dies again and again does not keep the host busy; it is tried on, but not waited for. */
#define RESTART_DELAY_NS (2 * NS_PER_S)
#define SETTLED_NS (10 * NS_PER_S)
#define FAILURES_MAX 3

static int start(struct hasher_process *hasher)
{
	char *const arguments[] = { (char[]){ "yagurad" }, (char[]){ "--hasher" },
				    (char[]){ "--config" }, (char *)(uintptr_t)hasher->config_path,
				    NULL };
	int descriptors[2], pair[2];
	int r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	descriptors[HASHER_JOBS_FD - 3] = pair[1];
	descriptors[HASHER_RESULTS_FD - 3] = hasher->results[1];
	r = spawn_self(arguments, descriptors, 2, &hasher->pid);
	close(pair[1]);
	if (r < 0)
		close(pair[0]);
	else
		hasher->jobs = pair[0];
	return r;
}

int hasher_process_open(struct hasher_process *hasher, const char *config_path)
{
	hasher->config_path = config_path;
	hasher->jobs = -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, hasher->results) < 0) {
		hasher->results[0] = hasher->results[1] = -1;
		return -errno;
	}
	return 0;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void hasher_process_close(struct hasher_process *hasher)
{
	close_fd(&hasher->jobs);
	close_fd(&hasher->results[0]);
	close_fd(&hasher->results[1]);
}

void hasher_process_ended(struct hasher_process *hasher, pid_t pid, int wait_status)
{
	if (pid != hasher->pid)
		return;
	hasher->pid = 0;
	close_fd(&hasher->jobs);
	if (clock_boottime_ns() - hasher->started_ns > SETTLED_NS)
		hasher->failures = 0;
	hasher->failures++;
	if (hasher->results[0] >= 0)
		log_error("keeper",
			  "the hasher ended (%s %d); the next file to hash starts another",
			  WIFSIGNALED(wait_status) ? "signal" : "status",
			  WIFSIGNALED(wait_status) ? WTERMSIG(wait_status)
						   : WEXITSTATUS(wait_status));
}

static int send_job(int link, const struct hash_job *job, int fd)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} ancillary = { 0 };
	struct iovec body = { .iov_base = (void *)(uintptr_t)job, .iov_len = sizeof(*job) };
	const struct msghdr message = { .msg_iov = &body,
					.msg_iovlen = 1,
					.msg_control = ancillary.bytes,
					.msg_controllen = sizeof(ancillary.bytes) };

	ancillary.header.cmsg_level = SOL_SOCKET;
	ancillary.header.cmsg_type = SCM_RIGHTS;
	ancillary.header.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&ancillary.header), &fd, sizeof(fd));
	return sendmsg(link, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

static int start_again(struct hasher_process *hasher)
{
	uint64_t now_ns = clock_boottime_ns();

	if (hasher->failures > 0 && now_ns - hasher->started_ns < RESTART_DELAY_NS)
		return hasher->failures > FAILURES_MAX ? -ESRCH : -EAGAIN;
	hasher->started_ns = now_ns;
	return start(hasher);
}

int hasher_process_give(struct hasher_process *hasher, const struct hash_job *job, int fd)
{
	int r = hasher->pid == 0 ? start_again(hasher) : 0;

	if (r == 0)
		r = send_job(hasher->jobs, job, fd);
	return r == -EPIPE ? -EAGAIN : r; /* its SIGCHLD is under way */
}

void hasher_process_kill(struct hasher_process *hasher)
{
	if (hasher->pid > 0)
		kill(hasher->pid, SIGKILL);
}
