/* SPDX-License-Identifier: Apache-2.0 */
#include "support/hello_talk.h"
#include "support/parser_case.h"

static const struct dns_case {
	const char *name;
	const char *hex;
	enum parse_status want;
	const char *want_marks;
} cases[] = {
	{ "a question without an answer",
	  "123401000001000000000000076578616d706c6503636f6d0000010001", PARSE_OK,
	  "dns_name=example.com dns_type=A" },
	{ "an answer",
	  "123481800001000100000000076578616d706c6503636f6d0000010001c00c00010001000001"
	  "2c0004c0000201",
	  PARSE_OK,
	  "dns_name=example.com dns_type=A dns_rcode=NOERROR dns_answer_name=example."
	  "com dns_answer_type=A dns_answer_data=192.0.2.1 dns_answer_ttl=300 dns_res"
	  "olved_ip=192.0.2.1" },
	{ "a chain of aliases, compressed",
	  "00078180000100030000000003777777076578616d706c6503636f6d00001c0001c00c000500"
	  "010000003c00060363646ec010c02d001c00010000003c001020010db8000000000000000000"
	  "000001c02d001c00010000003c001020010db8000000000000000000000002",
	  PARSE_OK,
	  "dns_name=www.example.com dns_type=AAAA dns_rcode=NOERROR dns_answer_name=w"
	  "ww.example.com dns_answer_type=CNAME dns_answer_data=cdn.example.com dns_a"
	  "nswer_ttl=60 dns_answer_name=cdn.example.com dns_answer_type=AAAA dns_answ"
	  "er_data=2001:db8::1 dns_answer_ttl=60 dns_resolved_ip=2001:db8::1 dns_answ"
	  "er_name=cdn.example.com dns_answer_type=AAAA dns_answer_data=2001:db8::2 d"
	  "ns_answer_ttl=60 dns_resolved_ip=2001:db8::2" },
	{ "no such name",
	  "000181830001000000010000076578616d706c6503636f6d0000010001c00c00060001000003"
	  "84001f026e73000561646d696e000000000000000000000000000000000000000000",
	  PARSE_OK, "dns_name=example.com dns_type=A dns_rcode=NXDOMAIN" },
	{ "OPT extends the response code",
	  "000181800001000000000001076578616d706c6503636f6d000001000100002904d001000000"
	  "0000",
	  PARSE_OK, "dns_name=example.com dns_type=A dns_rcode=BADVERS" },
	{ "data of many kinds: of texts and the unknown only the length",
	  "000181800001000900000000076578616d706c6503636f6d0000ff0001c00c00020001000000"
	  "010005026e73c00cc00c000f0001000000020009000a046d61696cc00cc00c00100001000000"
	  "03000706736563726574c00c0021000100000004000c0001000213c403736970c00cc00c000c"
	  "000100000005000e04686f7374076578616d706c6500c00c0006000100000006001600000000"
	  "000000000000000000000000000000000000c00cff780001800000000003616263c00c000100"
	  "01000000080003010203c00c0001000300000009000401020304",
	  PARSE_OK,
	  "dns_name=example.com dns_type=ANY dns_rcode=NOERROR dns_answer_name=exampl"
	  "e.com dns_answer_type=NS dns_answer_data=ns.example.com dns_answer_ttl=1 d"
	  "ns_answer_name=example.com dns_answer_type=MX dns_answer_data=10 mail.exam"
	  "ple.com dns_answer_ttl=2 dns_answer_name=example.com dns_answer_type=TXT d"
	  "ns_answer_data=\\# 7 dns_answer_ttl=3 dns_answer_name=example.com dns_answ"
	  "er_type=SRV dns_answer_data=1 2 5060 sip.example.com dns_answer_ttl=4 dns_"
	  "answer_name=example.com dns_answer_type=PTR dns_answer_data=host.example d"
	  "ns_answer_ttl=5 dns_answer_name=example.com dns_answer_type=SOA dns_answer"
	  "_data=\\# 22 dns_answer_ttl=6 dns_answer_name=example.com dns_answer_type="
	  "TYPE65400 dns_answer_data=\\# 3 dns_answer_ttl=0 dns_answer_name=example.c"
	  "om dns_answer_type=A dns_answer_data=\\# 3 dns_answer_ttl=8 dns_answer_nam"
	  "e=example.com dns_answer_type=A dns_answer_data=\\# 4 dns_answer_ttl=9" },
	{ "services",
	  "000181800001000200000000076578616d706c6503636f6d0000410001c00c00410001000000"
	  "3c004c000100000000040001000300010006026832026833000200000003000220fb00040008"
	  "c0000201c0000202000500036b65790006001020010db8000000000000000000000001029b00"
	  "026869c00c004000010000003c0013000003737663076578616d706c65036e657400",
	  PARSE_OK,
	  "dns_name=example.com dns_type=HTTPS dns_rcode=NOERROR dns_answer_name=exam"
	  "ple.com dns_answer_type=HTTPS dns_answer_data=1 . mandatory=alpn,port alpn"
	  "=h2,h3 no-default-alpn port=8443 ipv4hint=192.0.2.1,192.0.2.2 ech ipv6hint"
	  "=2001:db8::1 key667 dns_answer_ttl=60 dns_answer_name=example.com dns_answ"
	  "er_type=SVCB dns_answer_data=0 svc.example.net dns_answer_ttl=60" },
	{ "a service whose port is cut",
	  "000181800001000100000000076578616d706c6503636f6d0000410001c00c00410001000000"
	  "3c00080001000003000101",
	  PARSE_OK,
	  "dns_name=example.com dns_type=HTTPS dns_rcode=NOERROR dns_answer_name=exam"
	  "ple.com dns_answer_type=HTTPS dns_answer_data=\\# 8 dns_answer_ttl=60" },
	{ "labels with dots, backslashes and bytes that are no text",
	  "00010100000100000000000004612e5c620300ff200000100001", PARSE_OK,
	  "dns_name=a\\.\\\\b.\\000\\255\\032 dns_type=TXT" },
	{ "the root", "0001010000010000000000000000020001", PARSE_OK, "dns_name=. dns_type=NS" },
	{ "two questions",
	  "000901000002000000000000076578616d706c6503636f6d000001000103777777076578616d"
	  "706c6503636f6d00001c0001",
	  PARSE_OK, "dns_name=example.com dns_type=A dns_name=www.example.com dns_type=AAAA" },
	{ "mDNS: no question, a class with the cache-flush bit",
	  "00008400000000010000000004686f7374056c6f63616c0000018001000000780004c0000209", PARSE_OK,
	  "dns_answer_name=host.local dns_answer_type=A dns_answer_data=192.0.2.9 dns"
	  "_answer_ttl=120 dns_resolved_ip=192.0.2.9" },
	{ "the longest name",
	  "0001010000010000000000003f61616161616161616161616161616161616161616161616161"
	  "6161616161616161616161616161616161616161616161616161616161616161616161616161"
	  "3f61616161616161616161616161616161616161616161616161616161616161616161616161"
	  "61616161616161616161616161616161616161616161616161613f6161616161616161616161"
	  "6161616161616161616161616161616161616161616161616161616161616161616161616161"
	  "61616161616161616161616161613d6262626262626262626262626262626262626262626262"
	  "6262626262626262626262626262626262626262626262626262626262626262626262626262"
	  "0000010001",
	  PARSE_OK,
	  "dns_name=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.a"
	  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.aaaaaaaaaaa"
	  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbbbbbbb"
	  "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb dns_type=A" },
	{ "a pointer to itself", "000101000001000000000000c00c00010001", PARSE_MALFORMED, NULL },
	{ "a pointer forward", "000101000001000000000000c0100001000100000000", PARSE_MALFORMED,
	  NULL },
	{ "a pointer into the header", "000101000001000000000000c00400010001", PARSE_MALFORMED,
	  NULL },
	{ "a label of an unassigned kind", "00010100000100000000000040610000010001",
	  PARSE_MALFORMED, NULL },
	{ "a name that is too long",
	  "0001010000010000000000003f61616161616161616161616161616161616161616161616161"
	  "6161616161616161616161616161616161616161616161616161616161616161616161616161"
	  "3f61616161616161616161616161616161616161616161616161616161616161616161616161"
	  "61616161616161616161616161616161616161616161616161613f6161616161616161616161"
	  "6161616161616161616161616161616161616161616161616161616161616161616161616161"
	  "61616161616161616161616161613f6161616161616161616161616161616161616161616161"
	  "6161616161616161616161616161616161616161616161616161616161616161616161616161"
	  "61610000010001",
	  PARSE_MALFORMED, NULL },
};

#define CASES (sizeof(cases) / sizeof(*cases))

#define QUERY "123401000001000000000000076578616d706c6503636f6d0000010001"
#define QUERY_IN_CAPITALS "12340100000100000000000007455841 4d504c4503434f4d0000010001"
#define ANSWER                                                                                     \
	"123481800001000100000000076578616d706c6503636f6d0000010001"                               \
	"c00c000100010000012c0004c0000201"

/* As a datagram, and behind its length. */
static void check_case(void **state)
{
	const struct dns_case *dns = *state;
	struct parser_case c = { .want = dns->want, .want_marks = dns->want_marks };
	static struct packet packet;
	size_t opened;

	packet.size = 0;
	opened = packet_open(&packet, 2);
	packet_add_hex(&packet, dns->hex);
	packet_close(&packet, opened, 2);
	c.bytes = packet.at + 2;
	c.size = packet.size - 2;
	check_parser_case(FINGERPRINT_DNS, &c);
	c.bytes = packet.at;
	c.size = packet.size;
	check_parser_case(FINGERPRINT_DNS_TCP, &c);
}

static void say(struct talk *talk, enum fingerprint_side side, const char *hex)
{
	static struct packet packet;

	packet.size = 0;
	packet_add_hex(&packet, hex);
	assert_int_equal(talk_say(talk, FINGERPRINT_DNS, side, packet.at, packet.size), PARSE_OK);
}

static void a_question_and_its_answer_are_one(void **state)
{
	struct talk talk;

	(void)state;
	talk_begin(&talk);
	say(&talk, SIDE_SOURCE, QUERY_IN_CAPITALS); /* case does not count, RFC 4343 */
	say(&talk, SIDE_SOURCE, QUERY_IN_CAPITALS); /* asked again */
	assert_int_equal(talk.marks.count, 0);
	say(&talk, SIDE_DESTINATION, ANSWER);
	fingerprint_finish(talk.session, &talk.marks);
	talk_expect(&talk, MARK_DNS_NAME, "example.com");
	talk_expect(&talk, MARK_DNS_TYPE, "A");
	talk_expect(&talk, MARK_DNS_RCODE, "NOERROR");
	talk_expect(&talk, MARK_DNS_RESOLVED_IP, "192.0.2.1");
	talk_end(&talk);
}

static void what_was_not_answered_comes_last(void **state)
{
	struct talk talk;
	char text[RENDERED_BYTES_MAX];

	(void)state;
	talk_begin(&talk);
	say(&talk, SIDE_SOURCE,
	    "4321"
	    "0100000100000000000003666f6f0000010001");
	say(&talk, SIDE_SOURCE, QUERY);
	say(&talk, SIDE_DESTINATION, ANSWER);
	fingerprint_finish(talk.session, &talk.marks);
	render_marks(&talk.marks, text);
	assert_string_equal(text, "dns_name=example.com dns_type=A dns_rcode=NOERROR "
				  "dns_answer_name=example.com dns_answer_type=A "
				  "dns_answer_data=192.0.2.1 dns_answer_ttl=300 "
				  "dns_resolved_ip=192.0.2.1 dns_name=foo dns_type=A");
	talk_end(&talk);
}

static void too_many_open_questions_are_said(void **state)
{
	struct talk talk;
	char hex[64];

	(void)state;
	talk_begin(&talk);
	for (unsigned int id = 0; id < 20; id++) {
		snprintf(hex, sizeof(hex), "%04x0100000100000000000003666f6f0000010001", id);
		say(&talk, SIDE_SOURCE, hex);
	}
	talk_expect(&talk, MARK_TRUNCATED, "too_many");
	fingerprint_finish(talk.session, &talk.marks);
	assert_int_equal(talk.marks.count, 1 + 2 * 16);
	talk_end(&talk);
}

static size_t count_of(const struct marks *marks, enum mark_kind kind)
{
	size_t count = 0;

	for (size_t i = 0; i < marks->count; i++)
		count += marks->at[i].kind == kind;
	return count;
}

/* Lists of one group stay as long as each other, whatever is left out. */
static void a_full_list_is_cut_by_whole_rows(void **state)
{
	struct talk talk;

	(void)state;
	talk_begin(&talk);
	for (unsigned int i = 0; i < 60; i++)
		say(&talk, SIDE_DESTINATION, ANSWER);
	talk_expect(&talk, MARK_TRUNCATED, "too_many");
	assert_in_range(count_of(&talk.marks, MARK_DNS_NAME), 20, 60);
	assert_int_equal(count_of(&talk.marks, MARK_DNS_NAME),
			 count_of(&talk.marks, MARK_DNS_RCODE));
	assert_int_equal(count_of(&talk.marks, MARK_DNS_ANSWER_NAME),
			 count_of(&talk.marks, MARK_DNS_ANSWER_TYPE));
	assert_int_equal(count_of(&talk.marks, MARK_DNS_ANSWER_NAME),
			 count_of(&talk.marks, MARK_DNS_ANSWER_DATA));
	assert_int_equal(count_of(&talk.marks, MARK_DNS_ANSWER_NAME),
			 count_of(&talk.marks, MARK_DNS_ANSWER_TTL));
	talk_end(&talk);
}

static void many_answers_of_a_message_are_cut(void **state)
{
	static struct packet packet;
	struct talk talk;

	(void)state;
	packet.size = 0;
	packet_add_hex(&packet, "0001 8180 0000 0028 0000 0000");
	for (unsigned int i = 0; i < 40; i++) {
		packet_add_hex(&packet, "00 0001 0001 00000001 0004 c0000200");
		packet.at[packet.size - 1] = (uint8_t)i;
	}
	talk_begin(&talk);
	assert_int_equal(talk_say(&talk, FINGERPRINT_DNS, SIDE_DESTINATION, packet.at, packet.size),
			 PARSE_OK);
	talk_expect(&talk, MARK_TRUNCATED, "too_many");
	assert_int_equal(count_of(&talk.marks, MARK_DNS_RESOLVED_IP), 32);
	talk_end(&talk);
}

/* NOTIFY (RFC 1996) asks nothing: its header is all that is of interest. */
static void other_operations_say_nothing(void **state)
{
	struct parser_case c = { .want = PARSE_OK };
	uint8_t *bytes = NULL;

	(void)state;
	c.size = hex_decode("000124000001000000000000076578616d706c6503636f6d0000060001", &bytes);
	c.tail = c.size - 12;
	c.bytes = bytes;
	check_parser_case(FINGERPRINT_DNS, &c);
	free(bytes);
}

/* More behind a datagram's message, or behind the first of a stream, is not read. */
static void what_comes_after_the_message_is_not_read(void **state)
{
	struct talk talk;

	(void)state;
	talk_begin(&talk);
	say(&talk, SIDE_DESTINATION, ANSWER "c00c");
	talk_expect(&talk, MARK_DNS_RESOLVED_IP, "192.0.2.1");
	talk_end(&talk);
}

static void a_length_that_is_too_small_is_malformed(void **state)
{
	struct parser_case c = { .bytes = "\0\x0c\1\1\1\0\0\1\0\0\0\0\0\0\1\1", .size = 16 };

	(void)state;
	c.want = PARSE_MALFORMED;
	check_parser_case(FINGERPRINT_DNS_TCP, &c);
}

int main(void)
{
	static const struct CMUnitTest others[] = {
		cmocka_unit_test(a_question_and_its_answer_are_one),
		cmocka_unit_test(what_was_not_answered_comes_last),
		cmocka_unit_test(too_many_open_questions_are_said),
		cmocka_unit_test(a_full_list_is_cut_by_whole_rows),
		cmocka_unit_test(many_answers_of_a_message_are_cut),
		cmocka_unit_test(other_operations_say_nothing),
		cmocka_unit_test(what_comes_after_the_message_is_not_read),
		cmocka_unit_test(a_length_that_is_too_small_is_malformed),
	};
	static struct CMUnitTest tests[CASES + sizeof(others) / sizeof(*others)];

	for (size_t i = 0; i < CASES; i++)
		tests[i] = (struct CMUnitTest){ cases[i].name, check_case, NULL, NULL,
						(void *)&cases[i] };
	memcpy(tests + CASES, others, sizeof(others));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
