/* SPDX-License-Identifier: Apache-2.0 */
/* Payload in, and as one text what the flow table is given: a piece as its protocol's letter, the
 * side, start+offset:bytes and, when it is known, "/" how long the message is; "x" a cut with its
 * reason; "u" bytes that nobody knows, and their kind. The table is one of this test. */
#include "replay/lookout.h"

#include "replay/transport.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* A TLS record with a ClientHello's header and 20 bytes of body. */
#define HELLO "\x16\x03\x01\x00\x18\x01\x00\x00\x14\x03\x03" ALPHABET
#define HELLO_BYTES 29
#define ALPHABET "abcdefghijklmnopqr"
#define QUERY "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03www\x00\x00\x01\x00\x01"
#define QUERY_BYTES 21

#define QUERY_TCP "\0\x15" QUERY
#define QUERY_TCP_BYTES 23
#define FIVE(text) text text text text text

#define STEPS_MAX 6
#define ROOM (64 << 20)

struct step {
	char from; /* c, s; C, S: all of it has come before; 0: the end */
	int64_t offset;
	const char *bytes;
	size_t size;
	uint32_t missing; /* so many more were on the wire */
};

static struct lookout_case {
	const char *name;
	uint8_t protocol;
	struct step steps[STEPS_MAX];
	const char *want;
} cases[] = {
	{ "a hello in one segment",
	  PROTOCOL_TCP,
	  { { 'c', 0, HELLO, HELLO_BYTES } },
	  "T0@0+0:29/29 " },
	{ "of the other side, not at the beginning",
	  PROTOCOL_TCP,
	  { { 's', 0, "220 hello there\r\n", 17 }, { 's', 17, HELLO, HELLO_BYTES } },
	  "u:1 T1@17+0:29/29 " },
	{ "in two segments",
	  PROTOCOL_TCP,
	  { { 'c', 0, HELLO, 15 }, { 'c', 15, HELLO + 15, HELLO_BYTES - 15 } },
	  "T0@0+0:15 T0@0+15:14/29 " },
	{ "in two segments, the second first",
	  PROTOCOL_TCP,
	  { { 'c', 15, HELLO + 15, HELLO_BYTES - 15 }, { 'c', 0, HELLO, 15 } },
	  "T0@0+0:15 T0@0+15:14/29 " },
	{ "segments that overlap",
	  PROTOCOL_TCP,
	  { { 'c', 0, HELLO, 15 }, { 'c', 10, HELLO + 10, HELLO_BYTES - 10 } },
	  "T0@0+0:15 T0@0+10:5 T0@0+15:14/29 " },
	{ "segments that overlap behind a greeting",
	  PROTOCOL_TCP,
	  { { 'c', 0, "hi" HELLO, 17 }, { 'c', 0, "ho" HELLO, 2 + HELLO_BYTES } },
	  "T0@2+0:15 T0@2+0:15 T0@2+15:14/29 " },
	{ "sent again while the hello is under way, and after it",
	  PROTOCOL_TCP,
	  { { 'c', 0, HELLO, 15 },
	    { 'C', 0, HELLO, 15 },
	    { 'C', 4, HELLO + 4, 3 },
	    { 'S', 4, HELLO + 4, 3 },
	    { 'c', 15, HELLO + 15, HELLO_BYTES - 15 },
	    { 'C', 0, HELLO, HELLO_BYTES } },
	  "T0@0+0:15 T0@0+0:15 T0@0+4:3 T0@0+15:14/29 " },
	{ "what came early comes again, the same and other",
	  PROTOCOL_TCP,
	  { { 'c', 15, HELLO + 15, HELLO_BYTES - 15 },
	    { 'C', 15, HELLO + 15, HELLO_BYTES - 15 },
	    { 'C', 17, "other", 5 },
	    { 'c', 0, HELLO, 15 } },
	  "o0 " },
	{ "what came early, with other bytes in one segment that covers it",
	  PROTOCOL_TCP,
	  { { 'c', 17, "other", 5 }, { 'c', 0, HELLO, HELLO_BYTES } },
	  "o0 " },
	{ "other bytes after the hello was read",
	  PROTOCOL_TCP,
	  { { 'c', 0, HELLO, HELLO_BYTES },
	    { 'C', 0, HELLO, HELLO_BYTES },
	    { 'C', 17, "other", 5 } },
	  "T0@0+0:29/29 o0 " },
	{ "other bytes after the hello was read, and more",
	  PROTOCOL_TCP,
	  { { 'c', 0, HELLO, HELLO_BYTES }, { 'c', 26, "pqxmore", 7 } },
	  "T0@0+0:29/29 o0 " },
	{ "a keep-alive after the hello was read, and bytes that nobody reads",
	  PROTOCOL_TCP,
	  { { 'c', 0, HELLO, HELLO_BYTES },
	    { 'C', 28, "x", 1 },
	    { 'c', 29, "abc", 3 },
	    { 'C', 29, "xyz", 3 } },
	  "T0@0+0:29/29 " },
	{ "what came early comes again, the same and shorter",
	  PROTOCOL_TCP,
	  { { 'c', 15, HELLO + 15, HELLO_BYTES - 15 },
	    { 'C', 15, HELLO + 15, HELLO_BYTES - 15 },
	    { 'C', 17, HELLO + 17, 5 },
	    { 'c', 0, HELLO, 15 } },
	  "T0@0+0:15 T0@0+15:14/29 " },
	{ "a keep-alive's byte is any",
	  PROTOCOL_TCP,
	  { { 'c', 0, HELLO, 15 }, { 'C', 14, "x", 1 }, { 'C', 13, "c", 1 }, { 'C', -1, "x", 1 } },
	  "T0@0+0:15 T0@0+13:1 " },
	{ "a segment that begins before the stream does",
	  PROTOCOL_TCP,
	  { { 'c', -2, "xx" HELLO, 2 + HELLO_BYTES } },
	  "T0@0+0:29/29 " },
	{ "a segment of which nothing was captured",
	  PROTOCOL_TCP,
	  { { 'c', 0, "", 0, 30 }, { 'c', 30, HELLO, HELLO_BYTES } },
	  "x0:unseen T0@30+0:29/29 " },
	{ "a segment that was captured in part",
	  PROTOCOL_TCP,
	  { { 'c', 0, HELLO, 15, 10 }, { 'c', 25, HELLO + 25, HELLO_BYTES - 25 } },
	  "T0@0+0:15 x0:unseen " },
	{ "a hole that stays, then a hello",
	  PROTOCOL_TCP,
	  { { 'c', 10, HELLO, HELLO_BYTES } },
	  "x0:unseen T0@10+0:29/29 " },
	{ "beyond the window nothing is looked at",
	  PROTOCOL_TCP,
	  { { 'c', 20000, HELLO, HELLO_BYTES } },
	  "" },
	{ "nothing that anybody knows",
	  PROTOCOL_TCP,
	  { { 'c', 0, ALPHABET, 18 }, { 's', 0, ALPHABET, 18 } },
	  "u:1 " },
	{ "what may become something is not unknown yet",
	  PROTOCOL_TCP,
	  { { 'c', 0, HELLO, 3 }, { 'c', 3, HELLO + 3, HELLO_BYTES - 3 } },
	  "T0@0+0:3 T0@0+3:26/29 " },
	{ "DNS: as many messages as are wanted in one segment but one, and that",
	  PROTOCOL_TCP,
	  { { 'c', 0, FIVE(QUERY_TCP) FIVE(QUERY_TCP) FIVE(QUERY_TCP), 15 * QUERY_TCP_BYTES },
	    { 'c', 15 * QUERY_TCP_BYTES, QUERY_TCP, QUERY_TCP_BYTES },
	    { 'c', 16 * QUERY_TCP_BYTES, QUERY_TCP, QUERY_TCP_BYTES } },
	  "t0@0+0:23/23 t0@23+0:23/23 t0@46+0:23/23 t0@69+0:23/23 t0@92+0:23/23 "
	  "t0@115+0:23/23 t0@138+0:23/23 t0@161+0:23/23 t0@184+0:23/23 t0@207+0:23/23 "
	  "t0@230+0:23/23 t0@253+0:23/23 t0@276+0:23/23 t0@299+0:23/23 t0@322+0:23/23 "
	  "t0@345+0:23/23 " },
	{ "datagrams",
	  PROTOCOL_UDP,
	  { { 'c', 0, QUERY, QUERY_BYTES },
	    { 'c', 0, QUERY, QUERY_BYTES },
	    { 's', 0, "\x09\x08\x07", 3 } },
	  "D0@0+0:21/21 D0@1+0:21/21 " },
	{ "a datagram that was captured in part",
	  PROTOCOL_UDP,
	  { { 'c', 0, QUERY, QUERY_BYTES - 2, 2 } },
	  "D0@0+0:19/21 " },
	{ "a datagram that nobody knows",
	  PROTOCOL_UDP,
	  { { 'c', 0, "\0\1\2\3\0\0\0\0\0\0" ALPHABET, 28 }, { 's', 0, ALPHABET, 18 } },
	  "u:2 " },
	{ "a datagram too short to tell", PROTOCOL_UDP, { { 'c', 0, "\x09\x08\x07", 3 } }, "" },
	{ "nothing is looked for in ICMP", PROTOCOL_ICMP, { { 'c', 0, QUERY, QUERY_BYTES } }, "" },
};

static char told[4096];

static void tell(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void tell(const char *format, ...)
{
	size_t length = strlen(told);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(told + length, sizeof(told) - length, format, arguments);
	va_end(arguments);
}

int flow_table_piece(struct flow_table *table, const struct flow_piece *piece)
{
	static const char letters[] = "?TSHtDQd";

	assert_null(table);
	assert_int_equal(piece->key.cookie, 7);
	tell("%c%d@%u+%u:%zu", letters[piece->protocol], (int)piece->side, piece->start,
	     piece->offset, piece->bytes.left);
	tell(piece->total_bytes > 0 ? "/%u " : " ", piece->total_bytes);
	return 0;
}

void flow_table_cut(struct flow_table *table, const struct flow_key *key,
		    enum fingerprint_side side, const char *reason)
{
	(void)table;
	(void)key;
	tell("x%d:%s ", (int)side, reason);
}

void flow_table_overlap(struct flow_table *table, const struct flow_key *key,
			enum fingerprint_side side)
{
	(void)table;
	(void)key;
	tell("o%d ", (int)side);
}

void flow_table_unknown(struct flow_table *table, const struct flow_key *key, uint8_t kind)
{
	(void)table;
	(void)key;
	tell("u:%u ", kind);
}

static void show(struct lookout *lookout, uint8_t protocol, const struct step *step)
{
	const struct flow_key key = { .cookie = 7 };
	uint8_t *copy = malloc(step->size + 1); /* freed at once: what is kept is a copy */
	bool is_source = step->from == 'c' || step->from == 'C';
	const struct track_data data = { .sender = is_source ? TRACK_SOURCE : TRACK_DESTINATION,
					 .offset = step->offset,
					 .bytes = cursor_of(copy, step->size),
					 .wire_bytes = (uint32_t)step->size + step->missing };

	memcpy(copy, step->bytes, step->size);
	if (step->from == 'C' || step->from == 'S')
		lookout_again(lookout, &key, &data);
	else
		lookout_data(lookout, &key, protocol, &data);
	free(copy);
}

static void check_case(void **state)
{
	const struct lookout_case *c = *state;
	int64_t room = ROOM;
	struct lookout *lookout = lookout_new(NULL, &room);

	told[0] = '\0';
	for (int i = 0; i < STEPS_MAX && c->steps[i].from; i++)
		show(lookout, c->protocol, &c->steps[i]);
	lookout_finish(lookout);
	lookout_free(lookout);
	assert_string_equal(told, c->want);
	assert_int_equal(room, ROOM);
}

/* Segments that all come before the first: bounded, and what can be read is read. */
static void test_too_much_comes_early(void **state)
{
	int64_t room = ROOM;
	struct lookout *lookout = lookout_new(NULL, &room);

	(void)state;
	told[0] = '\0';
	for (int64_t i = 0; i < 1200; i++) {
		const struct step step = { 'c', 100 + i % 100 * 100, HELLO, HELLO_BYTES };

		show(lookout, PROTOCOL_TCP, &step);
	}
	assert_string_not_equal(told, "");
	lookout_free(lookout);
	assert_int_equal(room, ROOM);
}

/* What one flow keeps is no longer there for another; once it is gone, it is. */
static void test_no_room_for_two(void **state)
{
	const struct step late = { 'c', 0, HELLO, 15 };
	const struct step early = { 'c', 15, HELLO + 15, HELLO_BYTES - 15 };
	int64_t room = 60;
	struct lookout *first = lookout_new(NULL, &room), *second = lookout_new(NULL, &room);

	(void)state;
	told[0] = '\0';
	show(first, PROTOCOL_TCP, &early);
	show(second, PROTOCOL_TCP, &early);
	show(second, PROTOCOL_TCP, &late);
	assert_string_equal(told, "x0:order ");
	show(first, PROTOCOL_TCP, &late);
	assert_string_equal(told, "x0:order T0@0+0:15 T0@0+15:14/29 ");
	assert_int_equal(room, 60);
	lookout_free(first);
	lookout_free(second);
}

#define CASES (sizeof(cases) / sizeof(cases[0]))

int main(void)
{
	struct CMUnitTest tests[CASES + 2] = { cmocka_unit_test(test_too_much_comes_early),
					       cmocka_unit_test(test_no_room_for_two) };

	for (size_t i = 0; i < CASES; i++)
		tests[i + 2] = (struct CMUnitTest){ .name = cases[i].name,
						    .test_func = check_case,
						    .initial_state = &cases[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
