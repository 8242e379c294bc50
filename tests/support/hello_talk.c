/* SPDX-License-Identifier: Apache-2.0 */
#include "support/hello_talk.h"

#include "support/hex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

void talk_begin(struct talk *talk)
{
	*talk = (struct talk){ .session = fingerprint_session_new() };
	assert_non_null(talk->session);
}

void talk_end(struct talk *talk)
{
	fingerprint_session_free(talk->session);
	marks_done(&talk->marks);
}

enum parse_status talk_say(struct talk *talk, enum fingerprint_protocol protocol,
			   enum fingerprint_side side, const void *bytes, size_t size)
{
	uint8_t *copy = hex_copy(bytes, size);
	const struct fingerprint_message message = {
		.protocol = protocol,
		.side = side,
		.bytes = cursor_of(copy, size),
	};
	enum parse_status status = fingerprint_parse(talk->session, &message, &talk->marks);

	free(copy);
	return status;
}

static bool is_value(const struct mark *mark, enum mark_kind kind, const char *want)
{
	return mark->kind == kind && mark->value.length == strlen(want) &&
	       memcmp(mark->value.at, want, strlen(want)) == 0;
}

void talk_expect(const struct talk *talk, enum mark_kind kind, const char *want)
{
	const char *name = mark_kind_row(kind)->name;
	size_t found = 0;

	for (size_t i = 0; i < talk->marks.count; i++) {
		const struct mark *mark = &talk->marks.at[i];

		if (mark->kind != kind)
			continue;
		found++;
		if (!want || !is_value(mark, kind, want))
			fail_msg("%s is %s, not %s", name, mark->value.at, want ? want : "absent");
	}
	if (found != (want ? 1 : 0))
		fail_msg("%s has %zu values, not %s", name, found, want ? want : "none");
}

void talk_expect_any(const struct talk *talk, enum mark_kind kind, const char *want)
{
	for (size_t i = 0; i < talk->marks.count; i++)
		if (is_value(&talk->marks.at[i], kind, want))
			return;
	fail_msg("%s is nowhere %s", mark_kind_row(kind)->name, want);
}

void talk_expect_prefixes_silent(enum fingerprint_protocol protocol, enum fingerprint_side side,
				 const struct packet *packet)
{
	for (size_t size = 0; size < packet->size; size++) {
		struct talk talk;

		talk_begin(&talk);
		if (talk_say(&talk, protocol, side, packet->at, size) != PARSE_NEED_MORE)
			fail_msg("the first %zu of %zu bytes do not need more", size, packet->size);
		assert_int_equal(talk.marks.count, 0);
		talk_end(&talk);
	}
}

void talk_expect_negative(enum fingerprint_protocol protocol, const struct talk_negative *negative)
{
	static struct packet packet;

	packet.size = 0;
	packet_add_hex(&packet, negative->hex);
	for (size_t size = 0; size <= packet.size; size++) {
		enum parse_status status;
		struct talk talk;

		talk_begin(&talk);
		status = talk_say(&talk, protocol, SIDE_SOURCE, packet.at, size);
		assert_int_equal(talk.marks.count, 0);
		if (negative->want != PARSE_OK)
			assert_int_not_equal(status, PARSE_OK);
		if (size == packet.size)
			assert_int_equal(status, negative->want);
		talk_end(&talk);
	}
}

void talk_client_records(const struct hello_parts *parts, struct packet *ret_packet)
{
	static struct packet body, handshake;

	body.size = 0;
	handshake.size = 0;
	ret_packet->size = 0;
	packet_client_hello(&body, parts);
	packet_handshake(&handshake, 1, &body);
	packet_tls_records(ret_packet, &handshake, 1 << 14);
}
