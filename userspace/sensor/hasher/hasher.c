/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/hasher/hasher.h"

#include "common/clock.h"
#include "common/log.h"
#include "sensor/hasher/jail.h"
#include "sensor/hasher/slots.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* What may be read at once after a pause: so that the usual small program is not paced at all. */
#define BURST_NS (NS_PER_S / 4)

struct hasher {
	const struct hasher_options *options;
	int jobs;
	int results;
	struct slots *slots;
	uint64_t paid_until_ns; /* when what was read is paid for, at bytes_per_s */
};

/* More than one descriptor makes no job: the room for it is not there, the kernel closes it. */
union one_descriptor {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(sizeof(int))];
};

static int descriptor_of(struct msghdr *message)
{
	struct cmsghdr *header = CMSG_FIRSTHDR(message);
	int fd = -1;

	if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS &&
	    header->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(&fd, CMSG_DATA(header), sizeof(fd));
	return fd;
}

/* False when there is no job now. Without jobs at hand it waits for one; the keeper's end ends us.
 */
static bool take_job(struct hasher *hasher, bool may_wait)
{
	union one_descriptor ancillary = { 0 };
	struct hash_job job = { 0 };
	struct iovec body = { .iov_base = &job, .iov_len = sizeof(job) };
	struct msghdr message = { .msg_iov = &body,
				  .msg_iovlen = 1,
				  .msg_control = ancillary.bytes,
				  .msg_controllen = sizeof(ancillary.bytes) };
	ssize_t got =
		recvmsg(hasher->jobs, &message, MSG_CMSG_CLOEXEC | (may_wait ? 0 : MSG_DONTWAIT));
	int fd;

	if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
		_exit(got == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
	if (got < 0)
		return false;
	fd = descriptor_of(&message);
	if (fd >= 0 && got == sizeof(job))
		slots_add(hasher->slots, &job, fd);
	else if (fd >= 0)
		close(fd);
	return true;
}

/* A worker that does not read, or is not there, asks again. */
static void send_result(const struct hasher *hasher, const struct hash_result *result)
{
	struct iovec body = { .iov_base = (void *)(uintptr_t)result, .iov_len = sizeof(*result) };
	const struct msghdr message = { .msg_iov = &body, .msg_iovlen = 1 };

	(void)!sendmsg(hasher->results, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void keep_pace(struct hasher *hasher, size_t bytes)
{
	uint64_t now_ns = clock_read_ns(CLOCK_MONOTONIC);
	uint64_t wake_ns;
	struct timespec wake;

	if (hasher->options->bytes_per_s == 0)
		return;
	if (hasher->paid_until_ns < now_ns)
		hasher->paid_until_ns = now_ns;
	hasher->paid_until_ns += bytes * NS_PER_S / hasher->options->bytes_per_s;
	if (hasher->paid_until_ns <= now_ns + BURST_NS)
		return;
	wake_ns = hasher->paid_until_ns - BURST_NS;
	wake = (struct timespec){ .tv_sec = (time_t)(wake_ns / NS_PER_S),
				  .tv_nsec = (long)(wake_ns % NS_PER_S) };
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &wake, NULL);
}

static _Noreturn void work(struct hasher *hasher)
{
	const struct hash_result hello = { 0 };

	send_result(hasher, &hello);
	for (;;) {
		struct hash_result result;
		bool is_done;
		size_t bytes;

		while (!slots_are_full(hasher->slots) &&
		       take_job(hasher, slots_are_empty(hasher->slots)))
			;
		if (slots_are_empty(hasher->slots))
			continue;
		bytes = slots_step(hasher->slots, &is_done, &result);
		if (is_done)
			send_result(hasher, &result);
		keep_pace(hasher, bytes);
	}
}

void hasher_run(const struct hasher_options *options, int jobs, int results)
{
	struct hasher hasher = { .options = options, .jobs = jobs, .results = results };
	char error[JAIL_ERROR_BYTES] = "";
	int r;

	hasher.slots = slots_new();
	if (!hasher.slots) {
		log_error("hasher", "OpenSSL gives no SHA-256, or no memory");
		_exit(EXIT_FAILURE);
	}
	r = jail_drop_privileges(options->user, error);
	if (r == -ENOENT) {
		log_warn("hasher", "%s; it stays who it is, without any capability", error);
		r = jail_drop_privileges(NULL, error);
	}
	if (r < 0) {
		log_error("hasher", "%s", error);
		_exit(EXIT_FAILURE);
	}
	r = jail_close();
	if (r < 0) {
		log_error("hasher", "this kernel takes no filter of system calls: %s",
			  strerror(-r));
		_exit(EXIT_FAILURE);
	}
	work(&hasher);
}
