/* SPDX-License-Identifier: Apache-2.0 */
#include "support/fake_parser.h"

#include <stdio.h>
#include <stdlib.h>

#define HEADER_BYTES 3

struct fingerprint_session {
	size_t kept_bytes; /* as if it kept each message */
};

static struct fake_parser_calls calls;

struct fake_parser_calls fake_parser_calls(void)
{
	return calls;
}

void fake_parser_reset(void)
{
	calls = (struct fake_parser_calls){ 0 };
}

struct fingerprint_session *fingerprint_session_new(void)
{
	calls.sessions++;
	return calloc(1, sizeof(struct fingerprint_session));
}

void fingerprint_session_clear(struct fingerprint_session *session)
{
	session->kept_bytes = 0;
	calls.clears++;
}

void fingerprint_session_free(struct fingerprint_session *session)
{
	calls.sessions -= session != NULL;
	free(session);
}

size_t fingerprint_session_bytes(const struct fingerprint_session *session)
{
	return session ? session->kept_bytes : 0;
}

const struct fingerprint_parser *fingerprint_parser_of(enum fingerprint_protocol protocol)
{
	static const struct fingerprint_parser stream = { .name = "stream",
							  .protocol = FINGERPRINT_TLS,
							  .bytes_max = SIZE_MAX };
	static const struct fingerprint_parser small = { .name = "small",
							 .protocol = FINGERPRINT_SSH,
							 .bytes_max = 100 };
	static const struct fingerprint_parser datagram = { .name = "datagram",
							    .protocol = FINGERPRINT_DNS,
							    .bytes_max = SIZE_MAX };

	if (protocol == FINGERPRINT_NONE || protocol == FINGERPRINT_QUIC)
		return NULL;
	if (protocol == FINGERPRINT_DNS)
		return &datagram;
	return protocol == FINGERPRINT_SSH ? &small : &stream;
}

enum parse_status fingerprint_parse(struct fingerprint_session *session,
				    const struct fingerprint_message *message, struct marks *marks)
{
	struct cursor c = message->bytes;
	struct cursor said;
	bool is_wrong = c.left > 0 && cursor_u8(&c) != 'M';

	session->kept_bytes += message->bytes.left;
	calls.parses++;
	calls.bytes += message->bytes.left;
	if (is_wrong)
		return PARSE_MALFORMED;
	said = cursor_take(&c, cursor_u16(&c));
	if (message->bytes.left < HEADER_BYTES || said.failed)
		return PARSE_NEED_MORE;
	marks_add(marks, MARK_SERVER_NAME, (struct text){ (const char *)said.at, said.left });
	return PARSE_OK;
}

uint64_t fingerprint_asked_for(const struct fingerprint_session *session)
{
	return session ? UINT64_MAX : 0;
}

void fingerprint_finish(const struct fingerprint_session *session, struct marks *marks)
{
	(void)session;
	(void)marks;
	calls.finishes++;
}

void fingerprint_cut(struct marks *marks, const char *reason)
{
	marks_add_string(marks, MARK_TRUNCATED, reason);
}

void fingerprint_syn(const struct fingerprint_syn *syn, struct marks *marks)
{
	char text[16];

	calls.syns++;
	snprintf(text, sizeof(text), "syn %u", syn->window & 0xff);
	marks_add_string(marks, MARK_TCP_SYN, text);
}

/* Of the window's lower half alone. */
void fingerprint_syn_shape(const struct fingerprint_syn *syn,
			   struct fingerprint_syn_shape *ret_shape)
{
	*ret_shape = (struct fingerprint_syn_shape){ .length = 1,
						     .marks = 1,
						     .bytes = { (uint8_t)syn->window } };
}

void fingerprint_first_bytes(uint8_t kind, struct marks *marks)
{
	(void)kind;
	marks_add_string(marks, MARK_FIRST_BYTES, "binary");
}
