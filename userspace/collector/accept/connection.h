/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One sensor's TLS connection: frames in, frames out. Its life: handshake, waiting for the Hello,
 * open, closing (what was said last goes out, what still comes in is not read). It frees itself,
 * from the event loop and from nowhere else; `closed` is its last word.
 */
#ifndef YAGURA_COLLECTOR_CONNECTION_H
#define YAGURA_COLLECTOR_CONNECTION_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#define CONNECTION_PEER_BYTES 64
#define CONNECTION_HELLO_S 10 /* for handshake and Hello together */
#define CONNECTION_LINGER_S 2 /* for the last frame to go out */
#define CONNECTION_FRAME_S 60 /* for a frame that has begun to end */

struct event_base;
struct connection;
struct tls;

/* Who is at the other end, certificate checked. */
struct connection_peer {
	uint8_t sensor[16];
	size_t authority; /* the number of the file that vouches for it (tls.h) */
	const char *address; /* "192.0.2.1:40000" */
	const char *tls_version;
	const char *tls_group;
};

struct connection_handlers {
	/* A sensor is there: what is returned is `session` below. NULL: close. */
	void *(*opened)(void *context, struct connection *connection,
			const struct connection_peer *peer);
	size_t (*frame_bytes_max)(const void *session);
	/* 0; or it was not taken and comes again, nothing being read meanwhile: after so many ms,
	 * or (-EAGAIN) with connection_resume_all. */
	int (*frame)(void *session, const uint8_t *body, size_t size);
	/* A frame declares more than frame_bytes_max. */
	void (*oversized)(void *session);
	/* No Hello (connection_established) in time; a frame that does not end. */
	void (*late)(void *session);
	void (*stalled)(void *session);
	/* Somebody was turned away before there was a session; `why` is a constant text. */
	void (*refused)(void *context, const char *address, const char *why);
	void (*closed)(void *session);
	void *context;
	size_t input_bytes_max; /* the most that waits here unread: a whole frame and its prefix */
};

LIST_HEAD(connection_list, connection);

/* All connections of one thread; outlives them. */
struct connection_owner {
	struct event_base *base;
	const struct tls *tls;
	struct connection_handlers handlers;
	struct connection_list connections;
	size_t waiting; /* those that connection_resume_all has something to do for */
	/* One is no more, whether it was ever opened or not. */
	void (*released)(void *context);
	void *context;
};

/* Takes over `fd` and closes it also on failure. */
int connection_new(struct connection_owner *owner, int fd, const char *address);
/* For every connection of the owner: close it (from the event loop), or free it now. */
void connection_close_all(struct connection_owner *owner);
void connection_free_all(struct connection_owner *owner);
/* Those whose frame was not taken with -EAGAIN try again. */
void connection_resume_all(struct connection_owner *owner);
/* Frees the oldest one that has not finished its TLS handshake; false when there is none. From the
 * event loop. */
bool connection_drop_stranger(struct connection_owner *owner);
/* The Hello has come: from now on the sensor may be silent. */
void connection_established(struct connection *connection);
/* 0, -ENOMEM, or -ENOBUFS: the other end has not read its answers for long. */
int connection_send(struct connection *connection, const void *body, size_t size);
/* Sends what waits, then closes. No frame is handed out any more. */
void connection_close(struct connection *connection);

#endif
