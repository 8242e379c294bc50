/* SPDX-License-Identifier: Apache-2.0 */
/* A stream of TLS records, at once and as it grows: a byte says who speaks and where it is cut. */
#include "support/fuzz_talk.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static enum parse_status say(struct fingerprint_session *session, enum fingerprint_side side,
			     struct cursor bytes, struct marks *marks)
{
	const struct fingerprint_message message = { FINGERPRINT_TLS, side, 7, bytes };

	return fuzz_say(session, message, marks);
}

static void copy(const struct marks *from, struct marks *to)
{
	for (size_t i = 0; i < from->count; i++)
		marks_add(to, from->at[i].kind, from->at[i].value);
}

static bool has(const struct marks *marks, const struct mark *wanted)
{
	for (size_t i = 0; i < marks->count; i++) {
		const struct mark *mark = &marks->at[i];

		if (mark->kind == wanted->kind && mark->value.length == wanted->value.length &&
		    memcmp(mark->value.at, wanted->value.at, wanted->value.length) == 0)
			return true;
	}
	return false;
}

/* All that was said is said; the version chosen takes the place of others. */
static void require_all(const struct marks *said, const struct marks *later)
{
	for (size_t i = 0; i < said->count; i++)
		fuzz_require(has(later, &said->at[i]) || said->at[i].kind == MARK_TLS_VERSION);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct fingerprint_session *at_once = fingerprint_session_new();
	struct fingerprint_session *growing = fingerprint_session_new();
	struct marks whole = { 0 }, parts = { 0 }, early = { 0 };
	struct cursor stream = cursor_of(bytes, size);
	uint8_t how = cursor_u8(&stream);
	enum fingerprint_side side = how & 1;
	struct cursor part = stream;
	enum parse_status before, after;
	bool is_enough_early;

	fuzz_require(at_once && growing);
	part.left = stream.left * (how >> 1) / 128;
	before = say(growing, side, part, &parts);
	fuzz_require(before != PARSE_NEED_MORE || !marks_find(&parts, MARK_JA4));
	copy(&parts, &early);
	after = say(growing, side, stream, &parts);
	fuzz_require(say(at_once, side, stream, &whole) == after || marks_find(&parts, MARK_HRR));
	fuzz_check_marks(&whole);
	/* Nothing is taken back, and all at once says it too. */
	require_all(&early, &parts);
	require_all(&early, &whole);
	/* A HelloRetryRequest is enough by itself, whatever is malformed behind it. */
	is_enough_early = marks_find(&parts, MARK_HRR);
	fuzz_require(is_enough_early || before == PARSE_NEED_MORE || before == after);
	for (enum mark_kind kind = 1; kind < MARK_KIND_COUNT && !is_enough_early; kind++)
		fuzz_check_same(&whole, &parts, kind);
	marks_done(&whole);
	marks_done(&parts);
	marks_done(&early);
	fingerprint_session_free(at_once);
	fingerprint_session_free(growing);
	return 0;
}
