/* SPDX-License-Identifier: Apache-2.0 */
/* A stream's message, read at once and as it grows: both must say the same. */
#ifndef YAGURA_SUPPORT_FUZZ_GROWTH_H
#define YAGURA_SUPPORT_FUZZ_GROWTH_H

#include "support/fuzz_talk.h"

/* The first byte says who speaks and where it is cut, the rest is the message. What needs more has
 * no value of `last`, the kind that only the whole has. The caller frees the marks of the whole. */
static inline enum parse_status fuzz_growth(enum fingerprint_protocol protocol, struct cursor bytes,
					    enum mark_kind last, struct marks *ret_whole)
{
	struct fingerprint_session *at_once = fingerprint_session_new();
	struct fingerprint_session *growing = fingerprint_session_new();
	uint8_t how = cursor_u8(&bytes);
	struct fingerprint_message message = { protocol, how & 1, 0, bytes };
	struct fingerprint_message part = message;
	struct marks parts = { 0 };
	enum parse_status before, after;

	fuzz_require(at_once && growing);
	part.bytes.left = bytes.left * (how >> 1) / 128;
	before = fuzz_say(growing, part, &parts);
	fuzz_require(before != PARSE_NEED_MORE || !marks_find(&parts, last));
	after = before == PARSE_NEED_MORE ? fuzz_say(growing, message, &parts) : before;
	fuzz_require(fuzz_say(at_once, message, ret_whole) == after);
	fingerprint_finish(growing, &parts);
	fingerprint_finish(at_once, ret_whole);
	fuzz_require(parts.count == ret_whole->count);
	for (enum mark_kind kind = 1; kind < MARK_KIND_COUNT; kind++)
		fuzz_check_same(ret_whole, &parts, kind);
	marks_done(&parts);
	fingerprint_session_free(at_once);
	fingerprint_session_free(growing);
	return after;
}

#endif
