/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/keeper/serve.h"

#include "sensor/keeper/maps.h"
#include "sensor/keeper/measured.h"
#include "sensor/keeper/probe_table.h"
#include "sensor/keeper/rules.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int serve_hashes(struct serve_context *context, struct hasher_process *hasher,
		 const char *config_path)
{
	context->hasher = hasher;
	context->executed = executed_maps_of(loader_object(context->loader));
	context->measured_fd = measured_map_of(loader_object(context->loader));
	return hasher_process_open(hasher, config_path);
}

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

/* Opens it, hands it on, and forgets it. */
static int32_t hash(const struct serve_context *context, const struct keeper_hash_request *request,
		    struct keeper_hash_reply *reply)
{
	struct executed_file_opened file;
	struct hash_job job;
	int r;

	if (request->what < KEEPER_HASH_EXECUTABLE || request->what > KEEPER_HASH_FILE_LOOK ||
	    request->path[sizeof(request->path) - 1] != '\0')
		return -EINVAL;
	if (context->hash_bytes_max == 0) {
		reply->status = HASH_OFF;
		return 0;
	}
	executed_open(&context->executed, context->hash_bytes_max, request, &file);
	reply->identity = file.identity;
	reply->status = file.status;
	reply->is_volatile = file.is_volatile;
	if (request->what == KEEPER_HASH_EXECUTABLE)
		reply->ima = measured_find(context->measured_fd, &request->identity);
	if (file.fd < 0)
		return 0;
	executed_measure(file.fd, reply);
	job = (struct hash_job){ .identity = file.identity,
				 .opened = file.opened,
				 .status = file.status,
				 .wants_md5 = request->wants_md5 };
	r = hasher_process_give(context->hasher, &job, file.fd);
	reply->status = r == 0 ? HASH_PENDING : r == -EAGAIN ? HASH_OVERLOADED : HASH_OFF;
	close(file.fd);
	return 0;
}

static bool is_empty(const struct keeper_hash_request *hash)
{
	static const struct keeper_hash_request empty;

	return memcmp(hash, &empty, sizeof(empty)) == 0;
}

static int32_t answer(const struct serve_context *context, const struct keeper_request *request,
		      struct keeper_reply *reply)
{
	if (request->argument != 0 || (request->verb != KEEPER_HASH && !is_empty(&request->hash)))
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
	case KEEPER_HASH:
		return hash(context, &request->hash, &reply->hash);
	case KEEPER_HASHER_RESTART:
		hasher_process_kill(context->hasher);
		return 0;
	default:
		return -EINVAL;
	}
}

/* The rings, the arena, the state, the digests: the only descriptors a worker ever gets. */
static int send_description(const struct serve_context *context, int link,
			    const struct keeper_reply *reply)
{
	const int descriptors[KEEPER_FD_COUNT] = {
		[KEEPER_FD_RING_VALUABLE] = loader_ring_fd(context->loader, EVENT_RING_VALUABLE),
		[KEEPER_FD_RING_BULK] = loader_ring_fd(context->loader, EVENT_RING_BULK),
		[KEEPER_FD_ARENA] = loader_arena_fd(context->loader),
		[KEEPER_FD_STATE] = context->state_fd,
		[KEEPER_FD_HASHES] = context->hasher->results[0],
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
