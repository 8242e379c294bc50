/* SPDX-License-Identifier: Apache-2.0 */
/* What the parsers remember of a flow. Private to fingerprint/. */
#ifndef YAGURA_FINGERPRINT_SESSION_H
#define YAGURA_FINGERPRINT_SESSION_H

#include "sensor/fingerprint/digest.h"
#include "sensor/fingerprint/fingerprint.h"

struct dns_state;
struct dtls_state;
struct quic_state;

struct fingerprint_session {
	struct digester *digester; /* through session_digester() */
	bool has_client_hello; /* the first was read: later ones change nothing */
	bool has_server_hello; /* likewise; a HelloRetryRequest is none */
	struct dtls_state *dtls; /* NULL until its first message; dtls.c */
	struct quic_state *quic; /* likewise; quic_initial.c */
	bool is_at_limit[SIDE_COUNT]; /* the last datagram that is looked at has come */
	uint64_t dns_asked_for; /* a bit for each answer that is a mark: there was a question */
	uint32_t dns_answers; /* that are marks */
	struct dns_state *dns; /* NULL until the first question; dns_state.h */
};

/* Made when first asked for; NULL without memory. */
struct digester *session_digester(struct fingerprint_session *session);

/* Why what pieces_add() refused makes a hello truncated. */
const char *pieces_reason(int error);

/* Forgets, wiped, what the parsers keep of unfinished messages. NULL is nothing. dtls.c,
 * quic_initial.c */
void dtls_state_free(struct dtls_state *state);
void quic_state_free(struct quic_state *state);
/* Whether a hello of that side was begun and did not come to its end. NULL: no. */
bool dtls_state_is_unfinished(const struct dtls_state *state, enum fingerprint_side side);
bool quic_state_is_unfinished(const struct quic_state *state, enum fingerprint_side side);
/* What it takes of the heap. NULL: nothing. */
size_t dtls_state_bytes(const struct dtls_state *state);
size_t quic_state_bytes(const struct quic_state *state);

#endif
