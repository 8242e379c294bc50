/* SPDX-License-Identifier: Apache-2.0 */
/* A flow's DNS messages, each behind a length of two bytes: the first once more as a TCP stream's,
 * which must say the same. Lists of one group are as long as each other. */
#include "support/fuzz_growth.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static size_t count_of(const struct marks *marks, enum mark_kind kind)
{
	size_t count = 0;

	for (size_t i = 0; i < marks->count; i++)
		count += marks->at[i].kind == kind;
	return count;
}

static void check_lists(const struct marks *marks)
{
	size_t answers = count_of(marks, MARK_DNS_ANSWER_NAME);

	fuzz_require(answers == count_of(marks, MARK_DNS_ANSWER_TYPE));
	fuzz_require(answers == count_of(marks, MARK_DNS_ANSWER_DATA));
	fuzz_require(answers == count_of(marks, MARK_DNS_ANSWER_TTL));
	fuzz_require(count_of(marks, MARK_DNS_NAME) == count_of(marks, MARK_DNS_TYPE));
	fuzz_require(count_of(marks, MARK_DNS_NAME) >= count_of(marks, MARK_DNS_RCODE));
}

static void say_all(struct cursor messages)
{
	struct fingerprint_session *session = fingerprint_session_new();
	struct fingerprint_message message = { .protocol = FINGERPRINT_DNS };
	struct marks marks = { 0 };

	fuzz_require(session != NULL);
	while (messages.left > 0) {
		size_t bytes = cursor_u16(&messages);

		message.bytes =
			cursor_take(&messages, bytes < messages.left ? bytes : messages.left);
		fuzz_say(session, message, &marks);
		message.side ^= 1;
	}
	fingerprint_finish(session, &marks);
	check_lists(&marks);
	fingerprint_session_free(session);
	marks_done(&marks);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct cursor stream = cursor_of(bytes, size);
	struct marks marks = { 0 };

	fuzz_growth(FINGERPRINT_DNS_TCP, stream, MARK_DNS_NAME, &marks);
	check_lists(&marks);
	marks_done(&marks);
	cursor_u8(&stream);
	say_all(stream);
	return 0;
}
