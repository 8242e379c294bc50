/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/kernel/keeper_link.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER_TIMEOUT_MS 2000

/* Room for one more than there should be, so that a message with too many is seen to be wrong. */
#define FD_ROOM (KEEPER_FD_COUNT + 1)

union ancillary {
	struct cmsghdr header;
	char bytes[CMSG_LEN(FD_ROOM * sizeof(int))];
};

/* How many descriptors came with the message; they are copied to `to`. */
static size_t take_descriptors(struct msghdr *message, int to[FD_ROOM])
{
	struct cmsghdr *header = CMSG_FIRSTHDR(message);
	size_t count;

	if (!header || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
		return 0;
	count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	memcpy(to, CMSG_DATA(header), count * sizeof(int));
	return count;
}

static int receive(int link, struct keeper_reply *ret_reply, int *ret_descriptors)
{
	int descriptors[FD_ROOM];
	union ancillary ancillary;
	struct iovec body = { .iov_base = ret_reply, .iov_len = sizeof(*ret_reply) };
	struct msghdr message = { .msg_iov = &body,
				  .msg_iovlen = 1,
				  .msg_control = ancillary.bytes,
				  .msg_controllen = sizeof(ancillary.bytes) };
	struct pollfd wait = { .fd = link, .events = POLLIN };
	size_t count;
	ssize_t got;
	int r;

	r = poll(&wait, 1, ANSWER_TIMEOUT_MS);
	if (r <= 0)
		return r < 0 ? -errno : -ETIMEDOUT;
	got = recvmsg(link, &message, MSG_CMSG_CLOEXEC | MSG_TRUNC);
	if (got <= 0)
		return got < 0 ? -errno : -EPIPE;
	count = take_descriptors(&message, descriptors);
	if (got == sizeof(*ret_reply) && count == (ret_descriptors ? KEEPER_FD_COUNT : 0)) {
		if (ret_descriptors)
			memcpy(ret_descriptors, descriptors, count * sizeof(int));
		return 0;
	}
	for (size_t i = 0; i < count; i++)
		close(descriptors[i]);
	return -EPROTO;
}

static int send_request(int link, struct keeper_request *request, struct keeper_reply *ret_reply,
			int *ret_descriptors)
{
	static uint64_t last_id;
	int r;

	request->id = ++last_id;
	if (send(link, request, sizeof(*request), MSG_NOSIGNAL) < 0)
		return -errno;
	do /* an answer that came too late for its question is not ours */
		r = receive(link, ret_reply, ret_descriptors);
	while (r == 0 && ret_reply->id < request->id);
	if (r < 0)
		return r;
	return ret_reply->id == request->id && ret_reply->verb == request->verb ? ret_reply->result
										: -EPROTO;
}

static int ask(int link, enum keeper_verb verb, struct keeper_reply *ret_reply,
	       int *ret_descriptors)
{
	struct keeper_request request = { .verb = verb };

	return send_request(link, &request, ret_reply, ret_descriptors);
}

int keeper_link_describe(int link, struct keeper_description *ret_description,
			 int ret_descriptors[KEEPER_FD_COUNT])
{
	struct keeper_reply reply;
	int r = ask(link, KEEPER_DESCRIBE, &reply, ret_descriptors);

	if (r == 0)
		*ret_description = reply.description;
	return r;
}

int keeper_link_counters(int link, struct counters *ret_counters)
{
	struct keeper_reply reply;
	int r = ask(link, KEEPER_COUNTERS, &reply, NULL);

	if (r == 0)
		*ret_counters = reply.counters;
	return r;
}

int keeper_link_probes(int link, struct keeper_probes *ret_probes)
{
	struct keeper_reply reply;
	int r = ask(link, KEEPER_PROBES, &reply, NULL);

	if (r == 0)
		*ret_probes = reply.probes;
	return r;
}

int keeper_link_snapshot(int link)
{
	struct keeper_reply reply;

	return ask(link, KEEPER_SNAPSHOT, &reply, NULL);
}

int keeper_link_sweep(int link)
{
	struct keeper_reply reply;

	return ask(link, KEEPER_SWEEP, &reply, NULL);
}

int keeper_link_throttles(int link)
{
	struct keeper_reply reply;

	return ask(link, KEEPER_THROTTLES, &reply, NULL);
}

int keeper_link_maps(int link, struct keeper_maps *ret_maps)
{
	struct keeper_reply reply;
	int r = ask(link, KEEPER_MAPS, &reply, NULL);

	if (r == 0)
		*ret_maps = reply.maps;
	return r;
}

int keeper_link_hash(int link, const struct keeper_hash_request *hash,
		     struct keeper_hash_reply *ret_hash)
{
	struct keeper_request request = { .verb = KEEPER_HASH, .hash = *hash };
	struct keeper_reply reply;
	int r = send_request(link, &request, &reply, NULL);

	if (r == 0)
		*ret_hash = reply.hash;
	return r;
}

int keeper_link_hasher_restart(int link)
{
	struct keeper_reply reply;

	return ask(link, KEEPER_HASHER_RESTART, &reply, NULL);
}

int keeper_link_live(int link, struct live_config *ret_live)
{
	struct keeper_reply reply;
	int r = ask(link, KEEPER_LIVE, &reply, NULL);

	if (r == 0)
		*ret_live = reply.live;
	return r;
}
