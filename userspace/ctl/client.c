/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/client.h"

#include "common/cleanup.h"
#include "common/frame.h"

#include <errno.h>
#include <event2/buffer.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#define PROTOCOL 1u
#define TIMEOUT_SECONDS 10
#define REPLY_BYTES_MAX (4u << 20)

struct client {
	int fd;
	struct evbuffer *input;
	Yagura__Control__Reply *welcome; /* the whole message, of which `welcome` is a part */
};

__attribute__((format(printf, 3, 4))) static int fail(char ret_error[CLIENT_ERROR_BYTES],
						      int result, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(ret_error, CLIENT_ERROR_BYTES, format, arguments);
	va_end(arguments);
	return result;
}

static int fail_socket(char ret_error[CLIENT_ERROR_BYTES], int error)
{
	if (error == EAGAIN || error == EWOULDBLOCK)
		return fail(ret_error, -ETIMEDOUT, "the daemon did not answer within %d s",
			    TIMEOUT_SECONDS);
	return fail(ret_error, -error, "the connection to the daemon broke: %s", strerror(error));
}

/* --- frames --- */

static int send_all(int fd, const uint8_t *bytes, size_t size)
{
	while (size > 0) {
		ssize_t sent = send(fd, bytes, size, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return -errno;
		bytes += sent;
		size -= (size_t)sent;
	}
	return 0;
}

static int send_request(struct client *client, const Yagura__Control__Request *request,
			char ret_error[CLIENT_ERROR_BYTES])
{
	size_t size = yagura__control__request__get_packed_size(request);
	_cleanup_free_ uint8_t *body = malloc(size);
	struct evbuffer *frame = evbuffer_new();
	int r = -ENOMEM;

	if (body && frame &&
	    frame_append(frame, body, yagura__control__request__pack(request, body)) == 0)
		r = send_all(client->fd, evbuffer_pullup(frame, -1), evbuffer_get_length(frame));
	if (frame)
		evbuffer_free(frame);
	/* A daemon that closes at once has said why, and that can still be read. */
	return r == 0 || r == -EPIPE ? 0 : fail_socket(ret_error, -r);
}

/* Waits for one whole reply. Freed by the caller. */
static int receive_reply(struct client *client, Yagura__Control__Reply **ret_reply,
			 char ret_error[CLIENT_ERROR_BYTES])
{
	const uint8_t *body;
	size_t size;
	int r;

	while ((r = frame_peek(client->input, REPLY_BYTES_MAX, &body, &size)) == 0) {
		int got = evbuffer_read(client->input, client->fd, -1);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return fail_socket(ret_error, got < 0 ? errno : ECONNRESET);
	}
	if (r < 0)
		return fail_socket(ret_error, -r);
	*ret_reply = yagura__control__reply__unpack(NULL, size, body);
	frame_drain(client->input, size);
	if (!*ret_reply)
		return fail(ret_error, -EPROTO, "the daemon's answer does not decode");
	return 0;
}

static int fail_order(char ret_error[CLIENT_ERROR_BYTES])
{
	return fail(ret_error, -EPROTO, "the daemon's answer is out of order");
}

/* --- connecting --- */

static int open_socket(const char *path, int *ret_fd)
{
	const struct timeval timeout = { .tv_sec = TIMEOUT_SECONDS };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path));
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) < 0 ||
	    connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	*ret_fd = fd;
	fd = -1;
	return 0;
}

static int greet(struct client *client, char ret_error[CLIENT_ERROR_BYTES])
{
	Yagura__Control__Greeting greeting;
	Yagura__Control__Request request;
	Yagura__Control__Reply *reply = NULL;
	int r;

	yagura__control__greeting__init(&greeting);
	yagura__control__request__init(&request);
	greeting.protocol = PROTOCOL;
	request.body_case = YAGURA__CONTROL__REQUEST__BODY_GREETING;
	request.greeting = &greeting;
	r = send_request(client, &request, ret_error);
	if (r == 0)
		r = receive_reply(client, &reply, ret_error);
	if (r < 0)
		return r;
	if (reply->body_case == YAGURA__CONTROL__REPLY__BODY_WELCOME) {
		client->welcome = reply;
		return 0;
	}
	if (reply->body_case == YAGURA__CONTROL__REPLY__BODY_DONE)
		r = fail(ret_error, -EPERM, "the daemon refuses: %s", reply->done->text);
	else
		r = fail_order(ret_error);
	yagura__control__reply__free_unpacked(reply, NULL);
	return r;
}

int client_connect(const char *path, struct client **ret_client, char ret_error[CLIENT_ERROR_BYTES])
{
	struct client *client = calloc(1, sizeof(*client));
	int r;

	if (!client)
		return fail(ret_error, -ENOMEM, "out of memory");
	client->fd = -1;
	client->input = evbuffer_new();
	r = client->input ? open_socket(path, &client->fd) : -ENOMEM;
	if (r < 0)
		fail(ret_error, r,
		     "cannot connect to %s: %s; is yagurad running? (--socket names another)", path,
		     strerror(-r));
	else
		r = greet(client, ret_error);
	if (r < 0) {
		client_close(client);
		return r;
	}
	*ret_client = client;
	return 0;
}

void client_close(struct client *client)
{
	if (!client)
		return;
	if (client->welcome)
		yagura__control__reply__free_unpacked(client->welcome, NULL);
	if (client->input)
		evbuffer_free(client->input);
	if (client->fd >= 0)
		close(client->fd);
	free(client);
}

const Yagura__Control__Welcome *client_welcome(const struct client *client)
{
	return client->welcome->welcome;
}

/* --- calling --- */

static int send_call(struct client *client, const struct client_call *call,
		     char ret_error[CLIENT_ERROR_BYTES])
{
	size_t room = call->argument_count + 1; /* calloc(0) may be NULL */
	_cleanup_free_ Yagura__Control__Value *values = calloc(room, sizeof(*values));
	_cleanup_free_ Yagura__Control__Value **pointers = calloc(room, sizeof(*pointers));
	Yagura__Control__Call message;
	Yagura__Control__Request request;

	if (!values || !pointers)
		return fail(ret_error, -ENOMEM, "out of memory");
	for (size_t i = 0; i < call->argument_count; i++) {
		yagura__control__value__init(&values[i]);
		values[i].name = (char *)(uintptr_t)call->arguments[i].name;
		values[i].text = (char *)(uintptr_t)call->arguments[i].value;
		pointers[i] = &values[i];
	}
	yagura__control__call__init(&message);
	yagura__control__request__init(&request);
	message.command = (char *)(uintptr_t)call->command;
	message.n_arguments = call->argument_count;
	message.arguments = pointers;
	request.body_case = YAGURA__CONTROL__REQUEST__BODY_CALL;
	request.call = &message;
	return send_request(client, &request, ret_error);
}

/* 1 after a row, 0 after the end, or -errno. */
static int take_reply(const struct client_call *call, const Yagura__Control__Reply *reply,
		      char ret_error[CLIENT_ERROR_BYTES])
{
	int r;

	if (reply->body_case == YAGURA__CONTROL__REPLY__BODY_ROW) {
		r = call->row(call->context, reply->row->json, reply->row->line);
		return r < 0 ? fail(ret_error, r, "the daemon's answer cannot be shown") : 1;
	}
	if (reply->body_case != YAGURA__CONTROL__REPLY__BODY_DONE)
		return fail_order(ret_error);
	if (reply->done->error != 0)
		return fail(ret_error, -EPERM, "the daemon refuses: %s", reply->done->text);
	return 0;
}

int client_call(struct client *client, const struct client_call *call,
		char ret_error[CLIENT_ERROR_BYTES])
{
	const struct timeval patience = { .tv_sec = call->endless ? 0 : TIMEOUT_SECONDS };
	Yagura__Control__Reply *reply;
	int r = send_call(client, call, ret_error);

	if (r < 0)
		return r;
	setsockopt(client->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)); /* 0: none */
	do {
		r = receive_reply(client, &reply, ret_error);
		if (r < 0)
			return r;
		r = take_reply(call, reply, ret_error);
		yagura__control__reply__free_unpacked(reply, NULL);
	} while (r > 0);
	return r;
}
