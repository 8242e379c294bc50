/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever a worker that was taken over may send: messages, each led by a byte with its length, to
 * serve_request; of REQUEST_BYTES_MIN or more, zeroes make it as long as a request. The loader is
 * made up here, so nothing is loaded and nothing needs root.
 */
#include "sensor/keeper/maps.h"
#include "sensor/keeper/rules.h"
#include "sensor/keeper/serve.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#define COUNTED 7
#define REQUEST_BYTES_MIN 16

int loader_ring_fd(const struct loader *loader, enum event_ring ring)
{
	(void)loader, (void)ring;
	return STDERR_FILENO;
}

int loader_arena_fd(const struct loader *loader)
{
	(void)loader;
	return STDERR_FILENO;
}

/* Asked for when the keeper begins, which it does not here. */
struct bpf_object *loader_object(const struct loader *loader)
{
	(void)loader;
	return NULL;
}

void loader_counters(const struct loader *loader, struct counters *ret_counters)
{
	(void)loader;
	*ret_counters = (struct counters){ { COUNTED } };
}

void loader_probes(const struct loader *loader, struct keeper_probes *ret_probes)
{
	(void)loader;
	*ret_probes = (struct keeper_probes){ .count = COUNTED };
}

int loader_iterate(struct loader *loader, const char *probe)
{
	(void)loader;
	return probe ? 0 : -EOPNOTSUPP;
}

void maps_describe(const struct loader *loader, struct keeper_maps *ret_maps)
{
	(void)loader;
	*ret_maps = (struct keeper_maps){ .count = COUNTED };
}

int rules_live(const struct loader *loader, struct live_config *ret_live)
{
	(void)loader;
	*ret_live = (struct live_config){ .flow_burst = COUNTED };
	return 0;
}

/* How many descriptors came with the reply; they are closed again. */
static size_t receive(int link, struct keeper_reply *ret_reply)
{
	union {
		struct cmsghdr header;
		char bytes[256];
	} ancillary;
	struct iovec body = { .iov_base = ret_reply, .iov_len = sizeof(*ret_reply) };
	struct msghdr message = { .msg_iov = &body,
				  .msg_iovlen = 1,
				  .msg_control = ancillary.bytes,
				  .msg_controllen = sizeof(ancillary.bytes) };
	const struct cmsghdr *header;
	size_t count = 0;
	int fd;

	if (recvmsg(link, &message, MSG_DONTWAIT | MSG_TRUNC) != sizeof(*ret_reply))
		abort();
	header = CMSG_FIRSTHDR(&message);
	if (header)
		count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	for (size_t i = 0; i < count; i++) {
		memcpy(&fd, CMSG_DATA(header) + i * sizeof(fd), sizeof(fd));
		close(fd);
	}
	return count;
}

static bool is_empty(const struct keeper_hash_request *hash)
{
	static const struct keeper_hash_request empty;

	return memcmp(hash, &empty, sizeof(empty)) == 0;
}

static bool is_known(const struct keeper_request *request)
{
	switch (request->verb) {
	case KEEPER_DESCRIBE:
	case KEEPER_COUNTERS:
	case KEEPER_PROBES:
	case KEEPER_SNAPSHOT:
	case KEEPER_SWEEP:
	case KEEPER_THROTTLES:
	case KEEPER_MAPS:
	case KEEPER_LIVE:
	case KEEPER_HASHER_RESTART:
		return request->argument == 0 && is_empty(&request->hash);
	case KEEPER_HASH:
		return request->argument == 0 && request->hash.what >= KEEPER_HASH_EXECUTABLE &&
		       request->hash.what <= KEEPER_HASH_FILE_LOOK &&
		       request->hash.path[sizeof(request->hash.path) - 1] == '\0';
	default:
		return false;
	}
}

/* Exactly a request is served, anything else refused; descriptors come with a description only. */
static void check(const uint8_t *bytes, size_t size, int link)
{
	struct keeper_request request = { 0 };
	struct keeper_reply reply;
	size_t descriptors = receive(link, &reply);
	bool is_request = size == sizeof(request);

	memcpy(&request, bytes, is_request ? size : 0);
	if (is_request)
		is_request = is_known(&request);
	if (reply.result != (is_request ? 0 : -EINVAL))
		abort();
	if (is_request && (reply.id != request.id || reply.verb != request.verb))
		abort();
	/* The kernel side has noted nothing down: no file is opened or vouched for, whatever is
	 * asked. */
	if (is_request && request.verb == KEEPER_HASH &&
	    (reply.hash.status == HASH_OK || reply.hash.status == HASH_PENDING))
		abort();
	if (descriptors !=
	    (is_request && request.verb == KEEPER_DESCRIBE ? (size_t)KEEPER_FD_COUNT : 0))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct hasher_process hasher = { .jobs = -1, .results = { STDERR_FILENO, -1 } };
	const struct serve_context context = { .state_fd = STDERR_FILENO,
					       .executed = { -1, -1 },
					       .measured_fd = -1,
					       .hash_bytes_max = UINT64_MAX,
					       .hasher = &hasher };
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) != 0)
		abort();
	while (size > 0 && bytes[0] > 0 && bytes[0] < size) {
		uint8_t message[sizeof(struct keeper_request)] = { 0 };
		size_t length = bytes[0] >= REQUEST_BYTES_MIN ? sizeof(message) : bytes[0];

		memcpy(message, bytes + 1, bytes[0]);
		if (send(pair[0], message, length, 0) != (ssize_t)length)
			abort();
		if (serve_request(&context, pair[1]) != 0)
			abort();
		check(message, length, pair[0]);
		size -= 1u + bytes[0];
		bytes += 1u + bytes[0];
	}
	close(pair[0]);
	if (serve_request(&context, pair[1]) != -EPIPE)
		abort();
	close(pair[1]);
	return 0;
}
