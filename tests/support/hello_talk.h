/* SPDX-License-Identifier: Apache-2.0 */
/* A flow whose messages are parsed one after the other, and what they said. */
#ifndef YAGURA_SUPPORT_HELLO_TALK_H
#define YAGURA_SUPPORT_HELLO_TALK_H

#include "sensor/fingerprint/fingerprint.h"
#include "support/packet_build.h"

struct talk {
	struct fingerprint_session *session;
	struct marks marks;
};

void talk_begin(struct talk *talk);
void talk_end(struct talk *talk);
/* Parses an exact-size copy, so that ASan sees one byte over. */
enum parse_status talk_say(struct talk *talk, enum fingerprint_protocol protocol,
			   enum fingerprint_side side, const void *bytes, size_t size);
/* Fails the test unless the kind's only value is `want`; NULL: it has none. */
void talk_expect(const struct talk *talk, enum mark_kind kind, const char *want);
/* Fails the test unless one of the kind's values is `want`. */
void talk_expect_any(const struct talk *talk, enum mark_kind kind, const char *want);
/* Every prefix of a stream's message, each in a new flow, needs more and says nothing. */
void talk_expect_prefixes_silent(enum fingerprint_protocol protocol, enum fingerprint_side side,
				 const struct packet *packet);
/* What is no hello: no part of it says anything, nor is one of use unless the whole is. */
struct talk_negative {
	const char *name;
	const char *hex;
	enum parse_status want; /* of the whole */
};
void talk_expect_negative(enum fingerprint_protocol protocol, const struct talk_negative *negative);
/* The records of a whole ClientHello. */
void talk_client_records(const struct hello_parts *parts, struct packet *ret_packet);

#endif
