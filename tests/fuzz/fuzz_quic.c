/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Datagrams of a QUIC flow: each a byte for how it comes, two for its length, and its bytes: a
 * datagram as it is, or frames for an Initial, which is sealed here as no fuzzer can. How: 1 the
 * server's, 2 sealed, 4 to another id than the first, 8 version 2.
 */
#include "support/fuzz_talk.h"
#include "support/quic_seal.h"

#define DATAGRAMS_MAX 32
#define FRAME_BYTES_MIN 4
#define FRAME_BYTES_MAX 12000

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static struct cursor sealed(uint8_t how, uint32_t number, struct cursor bytes)
{
	static struct packet frames, datagram;
	const struct seal seal = {
		.version = how & 8 ? 0x6b3343cf : 1,
		.is_server = how & 1,
		.key_id = "8394c8f03e515708",
		.destination_id = how & 4 ? "0102" : "8394c8f03e515708",
		.source_id = "",
		.number = number,
	};

	frames.size = datagram.size = 0;
	packet_add_bytes(&frames, bytes.at,
			 bytes.left < FRAME_BYTES_MAX ? bytes.left : FRAME_BYTES_MAX);
	packet_quic_initial(&datagram, &seal, &frames);
	return cursor_of(datagram.at, datagram.size);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct fingerprint_session *session = fingerprint_session_new();
	struct marks marks = { 0 };
	struct cursor script = cursor_of(bytes, size);

	fuzz_require(session != NULL);
	for (uint32_t i = 0; i < DATAGRAMS_MAX && script.left > 0; i++) {
		struct fingerprint_message message = { .protocol = FINGERPRINT_QUIC, .start = i };
		uint8_t how = cursor_u8(&script);
		size_t length = cursor_u16(&script);

		message.side = how & 1;
		message.bytes = cursor_take(&script, length < script.left ? length : script.left);
		if (how & 2 && message.bytes.left >= FRAME_BYTES_MIN)
			message.bytes = sealed(how, i, message.bytes);
		fuzz_say(session, message, &marks);
	}
	fingerprint_finish(session, &marks);
	fuzz_check_marks(&marks);
	marks_done(&marks);
	fingerprint_session_free(session);
	return 0;
}
