/* SPDX-License-Identifier: Apache-2.0 */
/* Where secrets lie in an argument vector: ordered, apart from each other. Private to
 * process/redact*. */
#ifndef YAGURA_PROCESS_REDACT_SPANS_H
#define YAGURA_PROCESS_REDACT_SPANS_H

#include "common/cursor.h"

#define REDACT_SPANS_MAX 64

struct redact_span {
	size_t start;
	size_t end;
};

struct redact_spans {
	const uint8_t *base; /* what they count from */
	struct redact_span at[REDACT_SPANS_MAX];
	size_t count;
	bool are_full; /* one more was found */
};

/* Adds what lies in the text, unless it is empty. Those that meet become one. */
void redact_spans_add(struct redact_spans *spans, struct cursor secret);

#endif
