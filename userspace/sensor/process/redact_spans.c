/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/process/redact_spans.h"

/* Where the new one goes: behind all that end before it begins. */
static size_t place_of(const struct redact_spans *spans, size_t start)
{
	size_t place = spans->count;

	while (place > 0 && spans->at[place - 1].end >= start)
		place--;
	return place;
}

/* How many from `place` on it touches. */
static size_t touched(const struct redact_spans *spans, size_t place, size_t end)
{
	size_t count = 0;

	while (place + count < spans->count && spans->at[place + count].start <= end)
		count++;
	return count;
}

void redact_spans_add(struct redact_spans *spans, struct cursor secret)
{
	struct redact_span span;
	size_t place, merged;

	if (secret.left == 0)
		return;
	span.start = (size_t)(secret.at - spans->base);
	span.end = span.start + secret.left;
	place = place_of(spans, span.start);
	merged = touched(spans, place, span.end);
	if (merged == 0 && spans->count == REDACT_SPANS_MAX) {
		spans->are_full = true;
		return;
	}
	if (merged > 0) {
		const struct redact_span *first = &spans->at[place];
		const struct redact_span *last = &spans->at[place + merged - 1];

		span.start = first->start < span.start ? first->start : span.start;
		span.end = last->end > span.end ? last->end : span.end;
	}
	memmove(&spans->at[place + 1], &spans->at[place + merged],
		(spans->count - place - merged) * sizeof(span));
	spans->at[place] = span;
	spans->count += 1 - merged;
}
