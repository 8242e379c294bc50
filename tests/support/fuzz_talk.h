/* SPDX-License-Identifier: Apache-2.0 */
/* What must hold of fingerprint/ whatever is said; shared by its fuzzers. */
#ifndef YAGURA_SUPPORT_FUZZ_TALK_H
#define YAGURA_SUPPORT_FUZZ_TALK_H

#include "sensor/fingerprint/fingerprint.h"

#include <stdlib.h>
#include <string.h>

static inline void fuzz_require(bool holds)
{
	if (!holds)
		abort();
}

/* An exact-size copy is parsed, so that ASan sees one byte over. */
static inline enum parse_status fuzz_say(struct fingerprint_session *session,
					 struct fingerprint_message message, struct marks *marks)
{
	size_t size = message.bytes.left;
	uint8_t *copy = malloc(size + (size == 0));
	enum parse_status status;

	fuzz_require(copy != NULL);
	cursor_copy(&message.bytes, copy, size);
	message.bytes = cursor_of(copy, size);
	status = fingerprint_parse(session, &message, marks);
	free(copy);
	return status;
}

/* A fingerprint is whole, and comes with the others made of the same hello. */
static inline void fuzz_check_marks(const struct marks *marks)
{
	const struct text *ja3 = marks_find(marks, MARK_JA3);
	const struct text *ja4 = marks_find(marks, MARK_JA4);
	const struct text *raw = marks_find(marks, MARK_JA4_R);
	const struct text *ja3s = marks_find(marks, MARK_JA3S);

	fuzz_require((ja4 != NULL) == (raw != NULL) && (ja4 != NULL) == (ja3 != NULL));
	fuzz_require(!ja3 || ja3->length == 32);
	fuzz_require(!ja3s || ja3s->length == 32);
	fuzz_require(!ja4 || (ja4->length == 36 && memcmp(ja4->at, raw->at, 11) == 0));
}

/* The first value of a kind is the same in both, or in neither. */
static inline void fuzz_check_same(const struct marks *a, const struct marks *b,
				   enum mark_kind kind)
{
	const struct text *left = marks_find(a, kind), *right = marks_find(b, kind);

	fuzz_require((left == NULL) == (right == NULL));
	fuzz_require(!left || (left->length == right->length &&
			       memcmp(left->at, right->at, left->length) == 0));
}

#endif
