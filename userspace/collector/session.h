/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connected sensor: what it says is checked and stored, what is durable is answered. Every
 * answer goes out after the commit it depends on, the HelloAck too.
 */
#ifndef YAGURA_COLLECTOR_SESSION_H
#define YAGURA_COLLECTOR_SESSION_H

#include "collector/accept/connection.h"
#include "collector/group.h"

struct store;
struct session;

/* All sessions and what they share. */
struct sessions {
	LIST_HEAD(, session) list;
	struct store *store;
	struct group *group;
	uint64_t window_bytes;
};

/* For struct connection_handlers; its context is struct sessions. */
void *session_open(void *context, struct connection *connection,
		   const struct connection_peer *peer);
size_t session_frame_bytes_max(const void *session);
void session_frame(void *session, const uint8_t *body, size_t size);
void session_oversized(void *session);
void session_late(void *session);
void session_closed(void *session);

/* For struct group_options. */
void session_settled(void *context, struct group_member *member, bool is_durable);

#endif
