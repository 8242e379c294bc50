/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/fingerprint/parser_table.h"

#include "sensor/fingerprint/session.h"

/* One line a parser. */
static const struct fingerprint_parser *const parsers[FINGERPRINT_PROTOCOL_COUNT] = {
	[FINGERPRINT_TLS] = &fingerprint_tls, /* tls.c */
	[FINGERPRINT_SSH] = &fingerprint_ssh, /* ssh.c */
	[FINGERPRINT_HTTP] = &fingerprint_http, /* http.c */
	[FINGERPRINT_DNS_TCP] = &fingerprint_dns_tcp, /* dns.c */
	[FINGERPRINT_DNS] = &fingerprint_dns, /* dns.c */
	[FINGERPRINT_QUIC] = &fingerprint_quic, /* quic_initial.c */
	[FINGERPRINT_DTLS] = &fingerprint_dtls, /* dtls.c */
};

const struct fingerprint_parser *fingerprint_parser_of(enum fingerprint_protocol protocol)
{
	return protocol > FINGERPRINT_NONE && protocol < FINGERPRINT_PROTOCOL_COUNT
		       ? parsers[protocol]
		       : NULL;
}

static bool is_last_datagram(const struct fingerprint_message *message)
{
	if (message->protocol == FINGERPRINT_QUIC)
		return message->start >= FINGERPRINT_QUIC_MAX - 1;
	return message->protocol == FINGERPRINT_DTLS && message->start >= FINGERPRINT_DTLS_MAX - 1;
}

enum parse_status fingerprint_parse(struct fingerprint_session *session,
				    const struct fingerprint_message *message, struct marks *marks)
{
	const struct fingerprint_parser *parser = fingerprint_parser_of(message->protocol);
	struct fingerprint_message kept = *message;

	if (!parser)
		return PARSE_MALFORMED;
	if (kept.bytes.left > parser->bytes_max)
		kept.bytes.left = parser->bytes_max;
	if (is_last_datagram(message))
		session->is_at_limit[message->side] = true;
	return parser->parse(session, &kept, marks);
}

void fingerprint_cut(struct marks *marks, const char *reason)
{
	marks_add_string(marks, MARK_TRUNCATED, reason);
}

void fingerprint_first_bytes(uint8_t kind, struct marks *marks)
{
	static const char *const names[] = { [FIRST_BYTES_TEXT] = "text",
					     [FIRST_BYTES_BINARY] = "binary",
					     [FIRST_BYTES_RANDOM] = "random" };

	if (kind > 0 && kind < sizeof(names) / sizeof(*names))
		marks_add_string(marks, MARK_FIRST_BYTES, names[kind]);
}
