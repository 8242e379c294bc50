/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DNS, over UDP and with its length before it over TCP: who asked what, and what the answer was.
 * RFC 1035 4. A message is read twice: first all of it, and only when it is whole and sound, once
 * more for what it says. A question becomes marks with its answer, or unanswered at the flow's end.
 */
#include "sensor/fingerprint/dns_state.h"
#include "sensor/fingerprint/dns_text.h"
#include "sensor/fingerprint/parser_table.h"
#include "sensor/fingerprint/session.h"

#define DNS_BYTES_MAX 65535u
#define DNS_TCP_BYTES_MAX (16u * 1024)
#define QUESTIONS_MAX 8 /* of a message that become marks */
#define ANSWERS_MAX 32
#define ANSWER_MARKS 5

_Static_assert(MARKS_MAX / (ANSWER_MARKS - 1) <= 64, "a bit for each answer of a flow");

struct header {
	uint16_t id;
	bool is_response;
	uint8_t opcode; /* 0: QUERY */
	uint16_t rcode; /* with what OPT adds (RFC 6891 6.1.3) */
	uint16_t questions;
	uint16_t answers;
	uint32_t others; /* authority and additional */
};

/* Foreign bytes while a message is read; wiped afterwards. */
struct texts {
	char name[DNS_NAME_TEXT_MAX];
	char data[DNS_DATA_TEXT_MAX];
};

struct reading {
	struct fingerprint_session *session;
	struct cursor message;
	struct cursor at; /* ends with it */
	struct header header;
	bool is_asked_for; /* a response, all of whose questions were open */
	struct texts *texts;
	struct marks *marks;
};

/* id; QR opcode AA TC RD, RA Z RCODE; four counts */
static struct header read_header(struct cursor *c)
{
	struct header header = { .id = cursor_u16(c) };
	uint16_t flags = cursor_u16(c);

	header.is_response = (flags & 0x8000) != 0;
	header.opcode = flags >> 11 & 0xf;
	header.rcode = flags & 0xf;
	header.questions = cursor_u16(c);
	header.answers = cursor_u16(c);
	header.others = cursor_u16(c);
	header.others += cursor_u16(c);
	return header;
}

/* QNAME, QTYPE, QCLASS */
static enum parse_status take_question(struct reading *reading, struct writer *name,
				       uint16_t *ret_type)
{
	enum parse_status status = dns_name_read(reading->message, &reading->at, name);

	if (status != PARSE_OK)
		return status;
	*ret_type = cursor_u16(&reading->at);
	cursor_u16(&reading->at);
	return cursor_ok(&reading->at) ? PARSE_OK : PARSE_NEED_MORE;
}

/* NAME, TYPE, CLASS, TTL, RDLENGTH, RDATA */
static enum parse_status take_record(struct reading *reading, struct writer *name,
				     struct dns_record *ret_record)
{
	enum parse_status status = dns_name_read(reading->message, &reading->at, name);
	struct cursor *c = &reading->at;

	if (status != PARSE_OK)
		return status;
	ret_record->type = cursor_u16(c);
	ret_record->class = cursor_u16(c);
	ret_record->ttl = cursor_u32(c);
	ret_record->data_bytes = cursor_u16(c);
	ret_record->data = *c;
	cursor_take(c, ret_record->data_bytes);
	return cursor_ok(c) ? PARSE_OK : PARSE_NEED_MORE;
}

/* All that the header counts must be there. */
static enum parse_status check(struct reading *reading)
{
	struct header *header = &reading->header;
	uint32_t records = header->answers + header->others;
	enum parse_status status = PARSE_OK;
	char nothing[1];
	struct writer nowhere = writer_of(nothing, 0);
	struct dns_record record;
	uint16_t type;

	for (uint32_t i = 0; i < header->questions && status == PARSE_OK; i++)
		status = take_question(reading, &nowhere, &type);
	for (uint32_t i = 0; i < records && status == PARSE_OK; i++) {
		status = take_record(reading, &nowhere, &record);
		if (status == PARSE_OK && record.type == DNS_TYPE_OPT)
			header->rcode |= (uint16_t)(record.ttl >> 24 << 4);
	}
	return status;
}

/* Rows go in whole or not at all: the lists stay aligned. */
static bool has_room(struct reading *reading, size_t marks, size_t bytes)
{
	if (reading->marks->count + marks < MARKS_MAX &&
	    reading->marks->bytes + bytes <= MARKS_BYTES_MAX)
		return true;
	fingerprint_cut(reading->marks, "too_many");
	return false;
}

static void ask(struct reading *reading, const struct dns_question *question)
{
	struct fingerprint_session *session = reading->session;

	if (!session->dns)
		session->dns = dns_state_new();
	if (!session->dns || dns_state_ask(session->dns, question) < 0)
		fingerprint_cut(reading->marks, "too_many");
}

static void answer(struct reading *reading, const struct dns_question *question)
{
	char place[16];
	struct writer rcode = writer_of(place, sizeof(place));

	dns_write_rcode(&rcode, reading->header.rcode);
	if (!dns_state_answer(reading->session->dns, question))
		reading->is_asked_for = false;
	if (!has_room(reading, 3, question->name.length + question->type.length + rcode.length))
		return;
	marks_add(reading->marks, MARK_DNS_NAME, question->name);
	marks_add(reading->marks, MARK_DNS_TYPE, question->type);
	marks_add(reading->marks, MARK_DNS_RCODE, writer_done(&rcode));
}

static void add_question(struct reading *reading)
{
	char place[16];
	struct writer name = writer_of(reading->texts->name, sizeof(reading->texts->name));
	struct writer type = writer_of(place, sizeof(place));
	struct dns_question question = { .id = reading->header.id };
	uint16_t number = 0;

	take_question(reading, &name, &number);
	dns_write_type(&type, number);
	question.name = writer_done(&name);
	question.type = writer_done(&type);
	if (reading->header.is_response)
		answer(reading, &question);
	else
		ask(reading, &question);
}

/* RFC 2181 8: with its highest bit set it is 0. */
static uint32_t sane_ttl(uint32_t ttl)
{
	return ttl > INT32_MAX ? 0 : ttl;
}

static void add_answer(struct reading *reading)
{
	char type_place[16], ttl_place[16];
	struct writer name = writer_of(reading->texts->name, sizeof(reading->texts->name));
	struct writer data = writer_of(reading->texts->data, sizeof(reading->texts->data));
	struct writer type = writer_of(type_place, sizeof(type_place));
	struct writer ttl = writer_of(ttl_place, sizeof(ttl_place));
	struct marks *marks = reading->marks;
	struct dns_record record = { 0 };

	take_record(reading, &name, &record);
	dns_write_type(&type, record.type);
	dns_write_data(&data, reading->message, &record);
	writer_decimal(&ttl, sane_ttl(record.ttl));
	if (record.type == DNS_TYPE_OPT ||
	    !has_room(reading, ANSWER_MARKS,
		      name.length + type.length + 2 * data.length + ttl.length))
		return;
	if (reading->is_asked_for)
		reading->session->dns_asked_for |= 1ull << reading->session->dns_answers;
	reading->session->dns_answers++;
	marks_add(marks, MARK_DNS_ANSWER_NAME, writer_done(&name));
	marks_add(marks, MARK_DNS_ANSWER_TYPE, writer_done(&type));
	marks_add(marks, MARK_DNS_ANSWER_DATA, writer_done(&data));
	marks_add(marks, MARK_DNS_ANSWER_TTL, writer_done(&ttl));
	if ((record.type == DNS_TYPE_A || record.type == DNS_TYPE_AAAA) && data.at[0] != '\\')
		marks_add(marks, MARK_DNS_RESOLVED_IP, writer_done(&data));
}

static uint32_t at_most(uint32_t count, uint32_t max, struct marks *marks)
{
	if (count <= max)
		return count;
	fingerprint_cut(marks, "too_many");
	return max;
}

static void add(struct reading *reading)
{
	const struct header *header = &reading->header;
	uint32_t questions = at_most(header->questions, QUESTIONS_MAX, reading->marks);
	char nothing[1];
	struct writer nowhere = writer_of(nothing, 0);
	uint16_t type;

	reading->is_asked_for = header->is_response && questions > 0;
	for (uint32_t i = 0; i < questions; i++)
		add_question(reading);
	for (uint32_t i = questions; i < header->questions; i++)
		take_question(reading, &nowhere, &type);
	if (!header->is_response)
		return;
	for (uint32_t i = at_most(header->answers, ANSWERS_MAX, reading->marks); i > 0; i--)
		add_answer(reading);
}

static enum parse_status read_message(struct fingerprint_session *session, struct cursor message,
				      struct marks *marks)
{
	struct texts texts;
	struct reading reading = {
		.session = session,
		.message = message,
		.at = message,
		.texts = &texts,
		.marks = marks,
	};
	enum parse_status status;
	struct cursor body;

	reading.header = read_header(&reading.at);
	if (!cursor_ok(&reading.at))
		return PARSE_NEED_MORE;
	if (reading.header.opcode != 0) /* NOTIFY, UPDATE …: nothing is asked */
		return PARSE_OK;
	body = reading.at;
	status = check(&reading);
	if (status != PARSE_OK)
		return status;
	reading.at = body;
	add(&reading);
	explicit_bzero(&texts, sizeof(texts));
	return PARSE_OK;
}

static enum parse_status parse(struct fingerprint_session *session,
			       const struct fingerprint_message *message, struct marks *marks)
{
	return read_message(session, message->bytes, marks);
}

/* u16 length, and so many bytes. RFC 7766 8; the first message of the stream. */
static enum parse_status parse_tcp(struct fingerprint_session *session,
				   const struct fingerprint_message *message, struct marks *marks)
{
	struct cursor c = message->bytes;
	struct cursor whole = cursor_take(&c, cursor_u16(&c));
	enum parse_status status;

	if (!cursor_ok(&c))
		return PARSE_NEED_MORE;
	status = read_message(session, whole, marks);
	return status == PARSE_NEED_MORE ? PARSE_MALFORMED : status;
}

const struct fingerprint_parser fingerprint_dns = {
	.name = "dns",
	.protocol = FINGERPRINT_DNS,
	.bytes_max = DNS_BYTES_MAX,
	.parse = parse,
};

const struct fingerprint_parser fingerprint_dns_tcp = {
	.name = "dns_tcp",
	.protocol = FINGERPRINT_DNS_TCP,
	.bytes_max = DNS_TCP_BYTES_MAX,
	.parse = parse_tcp,
};
