/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes that pass by the usual send and receive: sendfile, splice, zero-copy. */
#include "support/owners/scenario.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/errqueue.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

/* The client of all of them: a request, then more than one segment of reply. */
static void talk_bulk(struct scene *scene)
{
	struct label *label;
	int fd = connect_labelled(scene, &label);

	send_labelled(fd, label, REQUEST_BYTES);
	receive_labelled(fd, label, BULK_BYTES);
	receive_end(fd, label);
	MUST(close(fd));
}

/* --- sendfile --- */

static void send_file(int fd, struct label *label)
{
	int file = MUST(memfd_create("reply", MFD_CLOEXEC));
	size_t left = BULK_BYTES;

	MUST(ftruncate(file, BULK_BYTES));
	receive_labelled(fd, label, REQUEST_BYTES);
	while (left > 0)
		left -= (size_t)MUST(sendfile(fd, file, NULL, left));
	label_sent(label, BULK_BYTES);
	MUST(close(file));
	MUST(close(fd));
}

static void serve_sendfile(struct scene *scene)
{
	serve_each(scene, send_file);
}

/* --- splice: the request into a pipe, the reply out of one --- */

static void splice_in(int fd, struct label *label, int pipe_in)
{
	size_t left = REQUEST_BYTES;

	label_use(label);
	while (left > 0) {
		size_t got = (size_t)MUST(splice(fd, NULL, pipe_in, NULL, left, 0));

		if (got == 0)
			errx(EXIT_FAILURE, "splice: %zu bytes are missing", left);
		left -= got;
	}
	label_received(label, REQUEST_BYTES);
}

static void splice_out(int fd, struct label *label, const int ends[2])
{
	static const char bytes[4096];
	size_t left = BULK_BYTES;

	label_use(label);
	while (left > 0) {
		size_t size = left < sizeof(bytes) ? left : sizeof(bytes);
		ssize_t filled = MUST(write(ends[1], bytes, size));

		left -= (size_t)filled;
		while (filled > 0)
			filled -= MUST(splice(ends[0], NULL, fd, NULL, (size_t)filled, 0));
	}
	label_sent(label, BULK_BYTES);
}

static void splice_both(int fd, struct label *label)
{
	char request[REQUEST_BYTES];
	int ends[2];

	MUST(pipe(ends));
	splice_in(fd, label, ends[1]);
	MUST(read(ends[0], request, sizeof(request)));
	splice_out(fd, label, ends);
	MUST(close(ends[0]));
	MUST(close(ends[1]));
	MUST(close(fd));
}

static void serve_splice(struct scene *scene)
{
	serve_each(scene, splice_both);
}

/* Nothing but splice, and nothing sent: the one way to read that no receive call sees. */
static void splice_only_in(int fd, struct label *label)
{
	char request[REQUEST_BYTES];
	int ends[2];

	MUST(pipe(ends));
	splice_in(fd, label, ends[1]);
	MUST(read(ends[0], request, sizeof(request)));
	MUST(close(ends[0]));
	MUST(close(ends[1]));
}

/* The parent accepts, so that only the splicing tells of the child. */
static void splice_in_child(int fd, struct label *label)
{
	pid_t child = child_start();

	if (child == 0) {
		splice_only_in(fd, label);
		_exit(EXIT_SUCCESS);
	}
	MUST(close(fd));
	child_end(child);
}

static void serve_splice_reads(struct scene *scene)
{
	serve_each(scene, splice_in_child);
}

static void talk_sends(struct scene *scene)
{
	struct label *label;
	int fd = connect_labelled(scene, &label);

	send_labelled(fd, label, REQUEST_BYTES);
	MUST(close(fd));
}

/* --- MSG_ZEROCOPY --- */

static unsigned int completions(int fd)
{
	char control[128];
	struct msghdr message = { .msg_control = control, .msg_controllen = sizeof(control) };
	const struct cmsghdr *header;
	struct sock_extended_err error;

	MUST(recvmsg(fd, &message, MSG_ERRQUEUE));
	header = CMSG_FIRSTHDR(&message);
	if (!header)
		errx(EXIT_FAILURE, "zero-copy: a completion says nothing");
	memcpy(&error, CMSG_DATA(header), sizeof(error));
	return error.ee_data - error.ee_info + 1;
}

static void send_zero_copy(int fd, struct label *label)
{
	static char bytes[BULK_BYTES];
	struct pollfd completion = { .fd = fd };
	unsigned int calls = 0;
	size_t left = BULK_BYTES;
	int on = 1;

	MUST(setsockopt(fd, SOL_SOCKET, SO_ZEROCOPY, &on, sizeof(on)));
	receive_labelled(fd, label, REQUEST_BYTES);
	for (; left > 0; calls++)
		left -= (size_t)MUST(send(fd, bytes, left, MSG_ZEROCOPY | MSG_NOSIGNAL));
	label_sent(label, BULK_BYTES);
	while (calls > 0) {
		MUST(poll(&completion, 1, -1));
		calls -= completions(fd);
	}
	MUST(close(fd));
}

static void serve_zero_copy(struct scene *scene)
{
	serve_each(scene, send_zero_copy);
}

const struct scenario bulk_scenarios[] = {
	{ "sendfile", "the reply comes from a file", SOCK_STREAM, 40, serve_sendfile, talk_bulk,
	  NULL },
	{ "splice", "request and reply through a pipe", SOCK_STREAM, 40, serve_splice, talk_bulk,
	  NULL },
	{ "splice_reads", "the parent accepts, a child only splices from it", SOCK_STREAM, 40,
	  serve_splice_reads, talk_sends, NULL },
	{ "zero_copy", "the reply is sent without a copy", SOCK_STREAM, 40, serve_zero_copy,
	  talk_bulk, NULL },
	{ 0 },
};
