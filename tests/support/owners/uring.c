/* SPDX-License-Identifier: Apache-2.0 */
/* io_uring: no system call of the usual names, and work done by threads of the kernel's making. */
#include "support/owners/scenario.h"

#include <errno.h>
#include <liburing.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ENTRIES 4

/* How requests are made: each is a way in which another thread may end up doing the work. */
struct ring {
	struct io_uring uring;
	unsigned int request_flags; /* IOSQE_ASYNC: always by a worker thread */
};

static struct io_uring_sqe *request(struct ring *ring)
{
	struct io_uring_sqe *entry = io_uring_get_sqe(&ring->uring);

	if (!entry)
		errx(EXIT_FAILURE, "io_uring: no room");
	return entry;
}

/* Submits the one request and waits for its result. */
static int complete(struct ring *ring, struct io_uring_sqe *entry)
{
	struct io_uring_cqe *completion;
	int result;

	io_uring_sqe_set_flags(entry, ring->request_flags);
	if (io_uring_submit(&ring->uring) < 0 || io_uring_wait_cqe(&ring->uring, &completion) < 0)
		errx(EXIT_FAILURE, "io_uring: submit and wait");
	result = completion->res;
	io_uring_cqe_seen(&ring->uring, completion);
	errno = result < 0 ? -result : 0;
	return result < 0 ? -1 : result;
}

static void uring_send(struct ring *ring, int fd, struct label *label, size_t size_bytes)
{
	static const char bytes[REPLY_BYTES];
	struct io_uring_sqe *entry = request(ring);

	label_use(label);
	io_uring_prep_send(entry, fd, bytes, size_bytes, MSG_NOSIGNAL);
	if ((size_t)MUST(complete(ring, entry)) != size_bytes)
		errx(EXIT_FAILURE, "io_uring: a short send");
	label_sent(label, size_bytes);
}

static size_t receive_some(struct ring *ring, int fd, char *bytes, size_t size_bytes)
{
	struct io_uring_sqe *entry = request(ring);

	io_uring_prep_recv(entry, fd, bytes, size_bytes, 0);
	return (size_t)MUST(complete(ring, entry));
}

static void uring_receive(struct ring *ring, int fd, struct label *label, size_t size_bytes)
{
	char bytes[REPLY_BYTES];
	size_t left = size_bytes;

	label_use(label);
	while (left > 0) {
		size_t got = receive_some(ring, fd, bytes, left);

		if (got == 0)
			errx(EXIT_FAILURE, "io_uring: %zu bytes are missing", left);
		left -= got;
	}
	label_received(label, size_bytes);
}

static int uring_accept(struct ring *ring, int listener)
{
	struct io_uring_sqe *entry = request(ring);

	io_uring_prep_accept(entry, listener, NULL, NULL, 0);
	return MUST(complete(ring, entry));
}

static struct label *uring_connect(struct ring *ring, int fd)
{
	struct io_uring_sqe *entry = request(ring);
	const union address *server = &ledger->server;
	struct label *label;
	socklen_t size =
		server->any.sa_family == AF_INET6 ? sizeof(server->ipv6) : sizeof(server->ipv4);

	io_uring_prep_connect(entry, fd, &server->any, size);
	MUST(complete(ring, entry));
	label = label_open(fd, false, (struct actor){ 0 });
	label_use(label);
	return label;
}

/* The parent listens, a child accepts and talks: the listener's process cannot pass for it. */
static void serve_with(struct scene *scene, unsigned int setup_flags, unsigned int request_flags)
{
	struct ring ring = { .request_flags = request_flags };
	pid_t child;

	scene_listen(scene);
	scene_ready();
	child = child_start();
	if (child > 0) {
		child_end(child);
		return;
	}
	if (io_uring_queue_init(ENTRIES, &ring.uring, setup_flags) < 0)
		errx(EXIT_FAILURE, "io_uring: set up");
	for (unsigned int i = 0; i < scene->conversations; i++) {
		int fd = uring_accept(&ring, scene->server);
		struct label *label = label_open(fd, true, scene->listener);

		uring_receive(&ring, fd, label, REQUEST_BYTES);
		uring_send(&ring, fd, label, REPLY_BYTES);
		MUST(close(fd));
	}
	io_uring_queue_exit(&ring.uring);
	_exit(EXIT_SUCCESS);
}

static void talk_with(struct scene *scene, unsigned int setup_flags, unsigned int request_flags)
{
	struct ring ring = { .request_flags = request_flags };
	int fd = MUST(socket(scene->family, SOCK_STREAM, 0));
	struct label *label;

	if (io_uring_queue_init(ENTRIES, &ring.uring, setup_flags) < 0)
		errx(EXIT_FAILURE, "io_uring: set up");
	label = uring_connect(&ring, fd);
	uring_send(&ring, fd, label, REQUEST_BYTES);
	uring_receive(&ring, fd, label, REPLY_BYTES);
	MUST(close(fd));
	io_uring_queue_exit(&ring.uring);
}

static void serve_uring(struct scene *scene)
{
	serve_with(scene, 0, 0);
}

static void talk_uring(struct scene *scene)
{
	talk_with(scene, 0, 0);
}

static void serve_async(struct scene *scene)
{
	serve_with(scene, 0, IOSQE_ASYNC);
}

static void talk_async(struct scene *scene)
{
	talk_with(scene, 0, IOSQE_ASYNC);
}

static void serve_polled(struct scene *scene)
{
	serve_with(scene, IORING_SETUP_SQPOLL, 0);
}

static void talk_polled(struct scene *scene)
{
	talk_with(scene, IORING_SETUP_SQPOLL, 0);
}

static const char *cannot_uring(void)
{
	struct io_uring uring;
	int r = io_uring_queue_init(ENTRIES, &uring, 0);

	if (r < 0)
		return strerror(-r);
	io_uring_queue_exit(&uring);
	return NULL;
}

const struct scenario uring_scenarios[] = {
	{ "io_uring", "every operation through io_uring", SOCK_STREAM, 40, serve_uring, talk_uring,
	  cannot_uring },
	{ "io_uring_async", "… by its worker threads", SOCK_STREAM, 40, serve_async, talk_async,
	  cannot_uring },
	{ "io_uring_polled", "… by its submission thread", SOCK_STREAM, 20, serve_polled,
	  talk_polled, cannot_uring },
	{ 0 },
};
