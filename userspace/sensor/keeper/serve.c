/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/keeper/serve.h"

#include "sensor/keeper/maps.h"
#include "sensor/keeper/probe_table.h"
#include "sensor/keeper/rules.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int send_reply(int link, const struct keeper_reply *reply, const int *descriptors)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(KEEPER_FD_COUNT * sizeof(int))];
	} ancillary = { 0 };
	struct iovec body = { .iov_base = (void *)(uintptr_t)reply, .iov_len = sizeof(*reply) };
	struct msghdr message = { .msg_iov = &body, .msg_iovlen = 1 };

	if (descriptors) {
		ancillary.header.cmsg_level = SOL_SOCKET;
		ancillary.header.cmsg_type = SCM_RIGHTS;
		ancillary.header.cmsg_len = CMSG_LEN(KEEPER_FD_COUNT * sizeof(int));
		memcpy(CMSG_DATA(&ancillary.header), descriptors, KEEPER_FD_COUNT * sizeof(int));
		message.msg_control = ancillary.bytes;
		message.msg_controllen = sizeof(ancillary.bytes);
	}
	/* A worker that does not read must not stop its keeper. */
	return sendmsg(link, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

static int32_t answer(const struct serve_context *context, const struct keeper_request *request,
		      struct keeper_reply *reply)
{
	if (request->argument != 0)
		return -EINVAL;
	switch (request->verb) {
	case KEEPER_DESCRIBE:
		reply->description = context->description;
		return 0;
	case KEEPER_COUNTERS:
		loader_counters(context->loader, &reply->counters);
		return 0;
	case KEEPER_PROBES:
		loader_probes(context->loader, &reply->probes);
		return 0;
	case KEEPER_SNAPSHOT:
		return loader_iterate(context->loader, PROBE_PROCESS_SNAPSHOT);
	case KEEPER_SWEEP:
		return loader_iterate(context->loader, PROBE_TCP_SWEEP);
	case KEEPER_THROTTLES:
		return loader_iterate(context->loader, PROBE_THROTTLE);
	case KEEPER_MAPS:
		maps_describe(context->loader, &reply->maps);
		return 0;
	case KEEPER_LIVE:
		return rules_live(context->loader, &reply->live);
	default:
		return -EINVAL;
	}
}

/* The rings, the arena and the state: the only descriptors a worker ever gets. */
static int send_description(const struct serve_context *context, int link,
			    const struct keeper_reply *reply)
{
	const int descriptors[KEEPER_FD_COUNT] = {
		[KEEPER_FD_RING_VALUABLE] = loader_ring_fd(context->loader, EVENT_RING_VALUABLE),
		[KEEPER_FD_RING_BULK] = loader_ring_fd(context->loader, EVENT_RING_BULK),
		[KEEPER_FD_ARENA] = loader_arena_fd(context->loader),
		[KEEPER_FD_STATE] = context->state_fd,
	};

	return send_reply(link, reply, descriptors);
}

int serve_request(const struct serve_context *context, int link)
{
	struct keeper_reply reply;
	struct keeper_request request = { 0 };
	ssize_t got;

	memset(&reply, 0, sizeof(reply));
	got = recv(link, &request, sizeof(request), MSG_TRUNC);
	if (got < 0)
		return errno == EINTR ? 0 : -errno;
	if (got == 0)
		return -EPIPE;
	reply.id = request.id;
	reply.verb = request.verb;
	reply.result = got == sizeof(request) ? answer(context, &request, &reply) : -EINVAL;
	if (reply.result == 0 && request.verb == KEEPER_DESCRIBE)
		return send_description(context, link, &reply);
	return send_reply(link, &reply, NULL);
}
