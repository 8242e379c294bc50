/* SPDX-License-Identifier: Apache-2.0 */
/* The questions of a flow that no answer came for yet. Private to fingerprint/. */
#ifndef YAGURA_FINGERPRINT_DNS_STATE_H
#define YAGURA_FINGERPRINT_DNS_STATE_H

#include "telemetry/marks.h"

#include <stdbool.h>
#include <stdint.h>

#define DNS_UNANSWERED_MAX 16

struct dns_question {
	uint16_t id; /* of its message */
	struct text name, type;
};

struct dns_state;

/* NULL without memory; dns_state_free takes NULL and wipes what was asked. */
struct dns_state *dns_state_new(void);
void dns_state_free(struct dns_state *state);

/* Keeps a copy; the same question asked again is one. 0, -ENOMEM, or -ENOSPC. */
int dns_state_ask(struct dns_state *state, const struct dns_question *question);
/* Forgets it. False when it was not asked, by NULL nothing was. Case does not count (RFC 4343). */
bool dns_state_answer(struct dns_state *state, const struct dns_question *question);
/* MARK_DNS_NAME and MARK_DNS_TYPE of each question left. NULL has none. */
void dns_state_add_unanswered(const struct dns_state *state, struct marks *marks);

#endif
