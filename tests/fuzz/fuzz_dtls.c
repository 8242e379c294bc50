/* SPDX-License-Identifier: Apache-2.0 */
/* Datagrams of a DTLS flow: each a byte for who sends it, two for its length, and its bytes. */
#include "support/fuzz_talk.h"

#define DATAGRAMS_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct fingerprint_session *session = fingerprint_session_new();
	struct marks marks = { 0 };
	struct cursor script = cursor_of(bytes, size);

	fuzz_require(session != NULL);
	for (uint32_t i = 0; i < DATAGRAMS_MAX && script.left > 0; i++) {
		struct fingerprint_message message = { .protocol = FINGERPRINT_DTLS, .start = i };
		size_t length;

		message.side = cursor_u8(&script) & 1;
		length = cursor_u16(&script);
		message.bytes = cursor_take(&script, length < script.left ? length : script.left);
		fuzz_say(session, message, &marks);
	}
	fingerprint_finish(session, &marks);
	fuzz_check_marks(&marks);
	marks_done(&marks);
	fingerprint_session_free(session);
	return 0;
}
