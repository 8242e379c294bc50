// SPDX-License-Identifier: Apache-2.0
/* bpf/lib/look.h: which bytes of a stream are taken, however it is cut up and in whatever order its
 * segments come. */
#include "bpf/lib/look_datagram.h"
#include "support/hex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/look_stream.h"

struct expected {
	enum dissect_protocol protocol;
	uint32_t start;
	uint32_t bytes;
	bool is_whole;
};

struct row {
	const char *name;
	const char *hex; /* "(N)" stands for N bytes 0x2e */
	struct expected want[MESSAGES_MAX];
	bool large_segments_only; /* a beginning lies in the middle of a segment */
};

/* A ClientHello of 4 + 45 bytes in one record of 49: 54 bytes. */
#define HELLO                                                                                      \
	"16030100310100002d0303"                                                                   \
	"(43)"
/* A ServerHello of 4 + 40 bytes: 49 bytes. */
#define SERVER_HELLO                                                                               \
	"160303002c020000280303"                                                                   \
	"(38)"
#define GET "474554202f20485454502f312e310d0a486f73743a20610d0a0d0a" /* 27 bytes */
#define CONNECT "434f4e4e45435420613a34343320485454502f312e310d0a0d0a" /* 26 bytes */
#define SOCKS "05010003067365637265740050" /* CONNECT to a name, RFC 1928 4 */
#define BANNER "5353482d322e302d4f70656e5353485f390d0a" /* 19 bytes */
#define KEXINIT                                                                                    \
	"0000001c0614"                                                                             \
	"(26)" /* 32 bytes */
#define QUERY                                                                                      \
	"001d12340100000100000000000007657861"                                                     \
	"(13)" /* 31 bytes */

static const struct row rows[] = {
	{ "a ClientHello, then application data",
	  HELLO "1703030020(32)",
	  { { DISSECT_TLS, 0, 54, true } } },
	{ "a ServerHello, then its certificate in the same record",
	  "160303012c020000280303(38)0b000100(256)",
	  { { DISSECT_TLS, 0, 49, true } } },
	{ "a hello over three records",
	  "16030100020100"
	  "160301000400"
	  "2d0303"
	  "160301002b(43)"
	  "1703030001(1)",
	  { { DISSECT_TLS, 0, 7 + 9 + 48, true } } },
	{ "a hello whose every record has one byte",
	  "1603010001011603010001001603010001001603010001021603010001031603010001031403",
	  { { DISSECT_TLS, 0, 36, true } } },
	{ "a hello that another record interrupts",
	  "1603010010"
	  "0100002d03"
	  "03(10)"
	  "15030100020100",
	  { { DISSECT_TLS, 0, 21, false } } },
	{ "two ServerHellos (HelloRetryRequest)",
	  SERVER_HELLO "140303000101" SERVER_HELLO,
	  { { DISSECT_TLS, 0, 49, true } } },
	{ "a hello behind a PROXY line",
	  "50524f58592054435034203139322e302e322e31203139322e302e322e3220312032"
	  "0d0a" HELLO,
	  { { DISSECT_TLS, 36, 54, true } },
	  true },
	{ "an SSH banner and its key exchange",
	  BANNER KEXINIT "(64)",
	  { { DISSECT_SSH, 0, 51, true } } },
	{ "an SSH banner that never ends",
	  "5353482d322e302d"
	  "(300)",
	  { { DISSECT_SSH, 0, 254, false } } },
	{ "a request, never its body", GET "(100)", { { DISSECT_HTTP, 0, 27, true } } },
	{ "a request to a proxy, and the hello behind it in one segment",
	  CONNECT HELLO "(30)",
	  { { DISSECT_HTTP, 0, 26, true }, { DISSECT_TLS, 26, 54, true } } },
	{ "a body that looks like a banner, or like a request",
	  GET BANNER GET "(30)",
	  { { DISSECT_HTTP, 0, 27, true } },
	  true },
	{ "a hello behind SOCKS 5: greeting, request by name",
	  "050100" SOCKS HELLO "(30)",
	  { { DISSECT_TLS, 16, 54, true } },
	  true },
	{ "a ServerHello behind the answers of SOCKS 5",
	  "050005000001(6)" SERVER_HELLO,
	  { { DISSECT_TLS, 12, 49, true } },
	  true },
	{ "a ServerHello behind a proxy's answer",
	  "485454502f312e3120323030204f4b0d0a0d0a" SERVER_HELLO,
	  { { DISSECT_TLS, 19, 49, true } },
	  true },
	{ "a request with bare line feeds",
	  "474554202f610a610a0a"
	  "(9)",
	  { { DISSECT_HTTP, 0, 10, true } } },
	{ "a request whose line ends look like its end",
	  "474554202f610d0a610d0d0a620d0a0d620d0a0d0a"
	  "(9)",
	  { { DISSECT_HTTP, 0, 21, true } } },
	{ "DNS over TCP, twice",
	  QUERY QUERY,
	  { { DISSECT_DNS_TCP, 0, 31, true }, { DISSECT_DNS_TCP, 31, 31, true } } },
	{ "DNS over TCP, then something else", QUERY "(40)", { { DISSECT_DNS_TCP, 0, 31, true } } },
	{ "nothing that is known", "(400)", { { 0 } } },
	{ "application data alone", "1703030020(32)1703030020(32)", { { 0 } } },
	{ "an HTTP response", "485454502f312e3120323030204f4b0d0a0d0a(50)", { { 0 } } },
	{ "a request after something else is no beginning", "(9)" GET, { { 0 } }, true },
};

static void check_row(void **state)
{
	static const uint32_t sizes[] = { STREAM_MAX, 100, 20, 7, 1 };
	const struct row *row = *state;
	size_t size = stream_of(row->hex, stream), wanted = 0;
	struct look_side side;

	while (wanted < MESSAGES_MAX && row->want[wanted].protocol)
		wanted++;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		if (row->large_segments_only && sizes[i] < 100)
			continue;
		for (enum order order = IN_ORDER; order <= TWICE; order++) {
			run(size, sizes[i], order, &side);
			assert_int_equal(taken.messages, wanted);
			for (size_t j = 0; j < wanted; j++) {
				const struct expected *want = &row->want[j];

				assert_int_equal(taken.message[j].protocol, want->protocol);
				assert_int_equal(taken.message[j].start, want->start);
				assert_int_equal(taken.message[j].bytes, want->bytes);
				assert_int_equal(taken.message[j].total,
						 want->is_whole ? want->bytes : 0);
				assert_int_equal(taken.cuts > 0, !want->is_whole);
			}
		}
	}
}

/* No beginning of a message passes for the whole of it. */
static void check_prefixes(void **state)
{
	const struct row *row = *state;
	const struct expected *want = &row->want[0];
	struct look_side side;

	stream_of(row->hex, stream);
	for (uint32_t cut = 0; want->is_whole && cut < want->start + want->bytes; cut++) {
		run(cut, STREAM_MAX, IN_ORDER, &side);
		assert_int_equal(taken.message[0].total, 0);
		run(cut, 1, IN_ORDER, &side);
		assert_int_equal(taken.message[0].total, 0);
	}
}

static void a_second_server_hello_is_taken(void **state)
{
	size_t size = stream_of(SERVER_HELLO, stream);
	struct look_side side = { 0 };

	(void)state;
	memset(&taken, 0, sizeof(taken));
	taken.stream = stream;
	size += stream_of("140303000101", stream + size);
	size += stream_of(SERVER_HELLO, stream + size);
	assert_int_equal(feed(&side, &taken, 0, 55), LOOK_TAKEN);
	assert_int_equal(feed(&side, &taken, 55, (uint32_t)size - 55), LOOK_TAKEN);
	assert_int_equal(taken.messages, 2);
	assert_int_equal(taken.message[1].start, 55);
	assert_int_equal(taken.message[1].total, 49);
}

static void a_hello_follows_what_asks_for_it(void **state)
{
	static const char *const openings[] = {
		"434f4e4e45435420613a34343320485454502f312e310d0a0d0a", /* CONNECT */
		"050100", /* SOCKS5 */
		"0000000804d2162f", /* PostgreSQL's SSLRequest */
		"45484c4f20610d0a", /* EHLO */
		"030000130ee000000000000100080003000000", /* RDP */
	};
	(void)state;
	for (size_t i = 0; i < sizeof(openings) / sizeof(*openings); i++) {
		uint32_t before = (uint32_t)stream_of(openings[i], stream);
		uint32_t hello = (uint32_t)stream_of(HELLO, stream + before);
		struct look_side side = { 0 };
		const struct message *last;

		memset(&taken, 0, sizeof(taken));
		taken.stream = stream;
		feed(&side, &taken, 0, before);
		feed(&side, &taken, before, hello);
		assert_true(taken.messages > 0);
		last = &taken.message[taken.messages - 1];
		assert_int_equal(last->protocol, DISSECT_TLS);
		assert_int_equal(last->start, before);
		assert_int_equal(last->total, hello);
	}
}

/* The bound is on looking for a beginning, not on what has begun. */
static void looking_ends(void **state)
{
	struct look_side side = { 0 };
	uint32_t at = 0;

	(void)state;
	memset(&taken, 0, sizeof(taken));
	memset(stream, 0x2e, STREAM_MAX);
	taken.stream = stream;
	for (int i = 1; i < LOOK_SEGMENTS_MAX; i++, at += 10)
		assert_int_equal(feed(&side, &taken, at, 10), LOOK_TAKEN);
	assert_int_equal(feed(&side, &taken, at, 10), LOOK_OVER);
	stream_of(HELLO, stream + at + 10);
	assert_int_equal(feed(&side, &taken, at + 10, 54), LOOK_OVER);
	assert_int_equal(taken.messages, 0);
	assert_int_equal(taken.cuts, 0);
}

static void the_window_ends(void **state)
{
	struct look_side side;

	(void)state;
	memset(stream, 'a', STREAM_MAX);
	memcpy(stream, "GET /", 5);
	for (uint32_t each = 1000; each <= STREAM_MAX; each *= 40) {
		run(STREAM_MAX, each, IN_ORDER, &side);
		assert_int_equal(taken.messages, 1);
		assert_int_equal(taken.message[0].bytes, LOOK_WINDOW_BYTES);
		assert_int_equal(taken.message[0].total, 0);
		assert_int_equal(taken.cuts, 1);
		assert_int_equal(taken.cut, LOOK_CUT_LIMIT);
		assert_int_equal(side.state, LOOK_DONE);
	}
}

static void the_number_of_segments_ends(void **state)
{
	struct look_side side;

	(void)state;
	memset(stream, 'a', STREAM_MAX);
	memcpy(stream, "GET /", 5);
	run(3000, 1, IN_ORDER, &side);
	assert_int_equal(taken.cut, LOOK_CUT_LIMIT);
	assert_true(taken.message[0].bytes >= LOOK_MESSAGE_SEGMENTS_MAX);
	assert_true(taken.message[0].bytes < LOOK_MESSAGE_SEGMENTS_MAX + 10);
}

static void bytes_that_passed_no_hook_cut(void **state)
{
	struct look_source source = { stream, 0, take, &taken };
	struct look_side side = { 0 };
	size_t size = stream_of(HELLO, stream);

	(void)state;
	memset(&taken, 0, sizeof(taken));
	taken.stream = stream;
	feed(&side, &taken, 0, 20);
	look_jump(&source, &side, 54, LOOK_CUT_UNSEEN);
	assert_int_equal(taken.cut, LOOK_CUT_UNSEEN);
	size += stream_of(GET, stream + size);
	feed(&side, &taken, 54, (uint32_t)size - 54);
	assert_int_equal(taken.messages, 2);
	assert_int_equal(taken.message[0].total, 0);
	assert_int_equal(taken.message[1].protocol, DISSECT_HTTP);
	assert_int_equal(taken.message[1].total, 27);
}

static void what_is_not_wanted_is_not_taken(void **state)
{
	const struct look_segment segment = { 0, 54, DISSECT_ALL & ~DISSECT_BIT(DISSECT_TLS) };
	struct look_source source = { stream, 54, take, &taken };
	struct look_side side = { 0 };

	(void)state;
	stream_of(HELLO, stream);
	memset(&taken, 0, sizeof(taken));
	taken.stream = stream;
	assert_int_equal(look_segment(&source, &side, &segment), LOOK_TAKEN);
	assert_int_equal(taken.messages, 0);
}

static void datagrams_are_counted(void **state)
{
	struct look_datagrams seen = { 0 };
	uint8_t *bytes = NULL;
	__u64 words[2];
	struct dissect_head head;

	(void)state;
	hex_decode("123401000001000000000001076578616d", &bytes);
	memcpy(words, bytes, sizeof(words));
	head = dissect_head_of(words, 16);
	for (__u32 i = 0; i < LOOK_DNS_MAX; i++) {
		assert_int_equal(look_datagram(&seen, 1, &head, 40, DISSECT_ALL), DISSECT_DNS);
		assert_int_equal(seen.taken[1], i + 1);
	}
	assert_int_equal(look_datagram(&seen, 1, &head, 40, DISSECT_ALL), DISSECT_NONE);
	assert_int_equal(look_datagram(&seen, 0, &head, 40, DISSECT_ALL), DISSECT_DNS);
	assert_int_equal(seen.taken[0], 1);
	free(bytes);
}

/* A segment full of them takes more steps than one look at it has. */
static void a_hello_of_tiny_records_is_followed(void **state)
{
	static const uint8_t record[] = { 0x16, 0x03, 0x01, 0x00, 0x01 };
	static const uint8_t head[] = { 0x01, 0x00, 0x03, 0xfc, 0x03, 0x03 };
	struct look_side side;

	(void)state;
	for (size_t i = 0; i < 1024; i++) {
		memcpy(stream + 6 * i, record, sizeof(record));
		stream[6 * i + 5] = i < sizeof(head) ? head[i] : 0;
	}
	run(6 * 1024, STREAM_MAX, IN_ORDER, &side);
	assert_int_equal(taken.messages, 1);
	assert_int_equal(taken.message[0].total, 6 * 1024);
	assert_int_equal(taken.message[0].bytes, 6 * 1024);
	assert_int_equal(taken.cuts, 0);
}

#define ROWS (sizeof(rows) / sizeof(*rows))

int main(void)
{
	static const struct CMUnitTest others[] = {
		cmocka_unit_test(a_second_server_hello_is_taken),
		cmocka_unit_test(a_hello_follows_what_asks_for_it),
		cmocka_unit_test(a_hello_of_tiny_records_is_followed),
		cmocka_unit_test(looking_ends),
		cmocka_unit_test(the_window_ends),
		cmocka_unit_test(the_number_of_segments_ends),
		cmocka_unit_test(bytes_that_passed_no_hook_cut),
		cmocka_unit_test(what_is_not_wanted_is_not_taken),
		cmocka_unit_test(datagrams_are_counted),
	};
	struct CMUnitTest tests[2 * ROWS + sizeof(others) / sizeof(*others)];
	size_t n = 0;

	for (size_t i = 0; i < ROWS; i++) {
		tests[n++] = (struct CMUnitTest){ rows[i].name, check_row, NULL, NULL,
						  (void *)(uintptr_t)&rows[i] };
		tests[n++] = (struct CMUnitTest){ rows[i].name, check_prefixes, NULL, NULL,
						  (void *)(uintptr_t)&rows[i] };
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		tests[n++] = others[i];
	return _cmocka_run_group_tests("look", tests, n, NULL, NULL);
}
