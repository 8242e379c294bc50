/* SPDX-License-Identifier: Apache-2.0 */
/*
 * First bytes in, marks out. A message is what one end said at one place of its stream (from where
 * its protocol begins), or one datagram; it is given again whenever more of it has come, until its
 * parser needs no more. Bytes and values only: no I/O, no clock, no globals.
 *
 * Definitions and licences of the fingerprints: proto/FINGERPRINTS.md.
 */
#ifndef YAGURA_FINGERPRINT_FINGERPRINT_H
#define YAGURA_FINGERPRINT_FINGERPRINT_H

#include "common/cursor.h"
#include "telemetry/marks.h"

#include <stdbool.h>
#include <stdint.h>

/* X(NAME, name): what a message may be. As bpf/lib/dissect.h numbers them. */
#define FINGERPRINT_PROTOCOLS(X)                                                                   \
	X(TLS, tls) /* records from a handshake's first on */                                      \
	X(SSH, ssh)                                                                                \
	X(HTTP, http) /* a request's line and headers */                                           \
	X(DNS_TCP, dns_tcp) /* with its length before it */                                        \
	X(DNS, dns)                                                                                \
	X(QUIC, quic)                                                                              \
	X(DTLS, dtls)

enum fingerprint_protocol {
	FINGERPRINT_NONE = 0,
#define FINGERPRINT_PROTOCOL_ENUM(NAME, name) FINGERPRINT_##NAME,
	FINGERPRINT_PROTOCOLS(FINGERPRINT_PROTOCOL_ENUM)
#undef FINGERPRINT_PROTOCOL_ENUM
		FINGERPRINT_PROTOCOL_COUNT
};

/* Who speaks: the flow's initiator or the other end. */
enum fingerprint_side { SIDE_SOURCE = 0, SIDE_DESTINATION = 1, SIDE_COUNT };

/* So many datagrams of an end are looked at: bpf/lib/look_datagram.h. */
#define FINGERPRINT_QUIC_MAX 16
#define FINGERPRINT_DTLS_MAX 8

struct fingerprint_message {
	enum fingerprint_protocol protocol;
	enum fingerprint_side side;
	uint32_t start; /* at which byte of the stream; datagrams: 0, 1, 2 … of its side */
	struct cursor bytes; /* without a gap from its start on */
};

enum parse_status {
	PARSE_OK, /* all that is of interest was read */
	PARSE_NEED_MORE, /* right so far */
	PARSE_MALFORMED, /* not what it looked like, or broken */
};

/* What is remembered from one message of a flow to the next. Opaque; private to the parsers. */
struct fingerprint_session;

/* NULL without memory. */
struct fingerprint_session *fingerprint_session_new(void);
/* Forgets, wiped, what it kept of foreign bytes, and is a new flow's session. What it looked up of
 * algorithms it keeps. */
void fingerprint_session_clear(struct fingerprint_session *session);
/* Wipes what it kept of foreign bytes. NULL is nothing. */
void fingerprint_session_free(struct fingerprint_session *session);

/* What it takes of the heap, of which the other end of a flow can choose most: hellos over several
 * datagrams wait in it. NULL: nothing. */
size_t fingerprint_session_bytes(const struct fingerprint_session *session);

struct fingerprint_parser {
	const char *name;
	enum fingerprint_protocol protocol;
	size_t bytes_max; /* of a message; what is longer is cut */
	enum parse_status (*parse)(struct fingerprint_session *session,
				   const struct fingerprint_message *message, struct marks *marks);
};

/* By protocol; NULL for FINGERPRINT_NONE. parser_table.c */
const struct fingerprint_parser *fingerprint_parser_of(enum fingerprint_protocol protocol);

/* Parses what has come of a message and adds what it says to `marks`. A message that needs more, or
 * is malformed, adds nothing that could be wrong: no hash of a part. */
enum parse_status fingerprint_parse(struct fingerprint_session *session,
				    const struct fingerprint_message *message, struct marks *marks);

/* Which of the DNS answers among a flow's marks, by their order, answer a question that was open:
 * bit n is the n-th. Anybody may send the others. NULL: none. */
uint64_t fingerprint_asked_for(const struct fingerprint_session *session);

/* No more messages will come of a flow: adds MARK_TRUNCATED "cut" when a hello that several
 * datagrams carry was begun and not seen to its end ("limit" after as many datagrams as are looked
 * at), and the DNS questions without an answer. A
 * datagram on its own is PARSE_OK once all of it was read; what it holds of a hello waits in the
 * session for the next. Once a flow. */
void fingerprint_finish(const struct fingerprint_session *session, struct marks *marks);

/* No more will come of a message that PARSE_NEED_MORE was said of: adds MARK_TRUNCATED with
 * `reason` ("cut", "overlap", "limit", "no_room" …). */
void fingerprint_cut(struct marks *marks, const char *reason);

/* The first segment of a TCP connection. */
struct fingerprint_syn {
	uint8_t ip_version; /* 4 or 6 */
	uint8_t ttl; /* hop limit */
	bool is_id_zero; /* IPv4 identification, IPv6 flow label */
	bool dont_fragment;
	uint16_t ip_options_bytes;
	uint16_t window; /* as sent: not scaled */
	uint16_t flags; /* TCP header bytes 12 and 13, without the data offset */
	bool has_payload;
	struct cursor options; /* of TCP, as on the wire, up to 40 bytes */
};

/* Adds MARK_TCP_SYN (or, for a SYN-ACK, MARK_TCP_SYNACK), and for a SYN MARK_TCP_SYN_SIG and
 * MARK_NPF "tcp/". tcp_syn.c */
void fingerprint_syn(const struct fingerprint_syn *syn, struct marks *marks);

#define FINGERPRINT_SYN_BYTES_MAX 56

/* All that the marks of a segment depend on, as bytes to compare: of timestamps only whether they
 * are 0. */
struct fingerprint_syn_shape {
	uint8_t length; /* 0: of options that are malformed, which are all different */
	uint8_t marks; /* so many it has */
	uint8_t bytes[FINGERPRINT_SYN_BYTES_MAX];
};

/* Segments of one shape have the same marks. tcp_syn.c */
void fingerprint_syn_shape(const struct fingerprint_syn *syn,
			   struct fingerprint_syn_shape *ret_shape);

/* What kind of bytes a flow begins with that no parser knows, as proto/FINGERPRINTS.md defines it.
 * As bpf/lib/shape.h numbers them, which tells: the bytes never come here. */
enum fingerprint_first_bytes {
	FIRST_BYTES_TEXT = 1,
	FIRST_BYTES_BINARY = 2,
	FIRST_BYTES_RANDOM = 3
};

/* Adds MARK_FIRST_BYTES; nothing for another number. */
void fingerprint_first_bytes(uint8_t kind, struct marks *marks);

#endif
