/* SPDX-License-Identifier: Apache-2.0 */
/* TLS over a stream: from the first record of a handshake on. RFC 8446 4, 5246 7.4 */
#include "sensor/fingerprint/parser_table.h"
#include "sensor/fingerprint/tls_marks.h"
#include "sensor/fingerprint/tls_record.h"

#define MESSAGES_MAX 8 /* HelloRequests, a HelloRetryRequest, the hello */
#define MESSAGE_BYTES_MAX (20 << 10) /* a hello, its records and what may stand between them */
#define DECIMAL_BYTES_MAX 10

static const struct tls_transport transport = { .ja4 = 't', .npf = { { "tls/1/", NPF_SORTED } } };

static void add_offset(const struct fingerprint_message *message, struct marks *marks)
{
	char digits[DECIMAL_BYTES_MAX];
	struct writer writer = writer_of(digits, sizeof(digits));

	if (message->start == 0)
		return;
	writer_decimal(&writer, message->start);
	marks_add(marks, MARK_HELLO_OFFSET, writer_done(&writer));
}

/* u8 msg_type; u24 length; body. Only hellos have a place for long ones. */
static enum parse_status take_message(struct tls_records *records, uint8_t *ret_type,
				      struct cursor *ret_body, bool *ret_is_over_limit)
{
	struct cursor header = { 0 };
	enum parse_status status = tls_records_take(records, TLS_HANDSHAKE_HEADER_BYTES, &header);
	size_t length;

	if (status != PARSE_OK)
		return status;
	*ret_type = cursor_u8(&header);
	length = (size_t)cursor_be(&header, 3);
	if (*ret_type != TLS_HELLO_REQUEST && *ret_type != TLS_CLIENT_HELLO &&
	    *ret_type != TLS_SERVER_HELLO)
		return PARSE_MALFORMED;
	if (length > UINT16_MAX || (*ret_type == TLS_HELLO_REQUEST && length > 0))
		return PARSE_MALFORMED;
	*ret_is_over_limit = length > TLS_HELLO_BYTES_MAX;
	return *ret_is_over_limit ? PARSE_OK : tls_records_take(records, length, ret_body);
}

static enum parse_status parse(struct fingerprint_session *session,
			       const struct fingerprint_message *message, struct marks *marks)
{
	struct tls_records records;
	enum parse_status status = PARSE_NEED_MORE;
	bool is_over_limit = false;
	uint8_t type = 0;

	tls_records_open(&records, message->bytes);
	for (int i = 0; i < MESSAGES_MAX && status == PARSE_NEED_MORE; i++) {
		struct cursor body = { 0 };
		bool is_first = !session->has_client_hello;

		status = take_message(&records, &type, &body, &is_over_limit);
		if (status != PARSE_OK)
			return status;
		if (is_over_limit)
			fingerprint_cut(marks, "limit");
		else
			status = tls_handshake_message(session, &transport, type, body, marks);
		if (is_first && session->has_client_hello)
			add_offset(message, marks);
		/* A HelloRetryRequest that is all of the message: another one has the ServerHello.
		 */
		if (status == PARSE_NEED_MORE && type == TLS_SERVER_HELLO &&
		    tls_records_is_empty(&records))
			status = PARSE_OK;
	}
	return status == PARSE_NEED_MORE ? PARSE_MALFORMED : status;
}

const struct fingerprint_parser fingerprint_tls = {
	.name = "tls",
	.protocol = FINGERPRINT_TLS,
	.bytes_max = MESSAGE_BYTES_MAX,
	.parse = parse,
};
