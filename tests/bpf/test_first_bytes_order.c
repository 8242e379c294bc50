/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What few captures have: streams made here, in segments of some size and in some order, through
 * the kernel's programs by BPF_PROG_RUN and through replay's own lookout. Both say the same, and
 * all that there is to say.
 */
#include "bpf/stage/ndjson_compare.h"
#include "bpf/stage/stage_watcher.h"
#include "replay/replay.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ISS 77u
#define STREAM_MAX 17000

enum order { IN_ORDER, BACKWARDS, FIRST_LAST };

static uint8_t stream[STREAM_MAX];
static size_t stream_bytes;
static struct stage_watcher *stage;
static uint64_t now_ns;

/* --- streams --- */

static void add(const void *bytes, size_t size)
{
	assert_true(stream_bytes + size <= sizeof(stream));
	memcpy(stream + stream_bytes, bytes, size);
	stream_bytes += size;
}

static void add_number(uint32_t value, size_t width)
{
	for (size_t i = width; i > 0; i--) {
		uint8_t byte = (uint8_t)(value >> 8 * (i - 1));

		add(&byte, 1);
	}
}

static void add_zeros(size_t count)
{
	static const uint8_t zeros[STREAM_MAX];

	add(zeros, count);
}

/* A ClientHello, all of it in one record of so many bytes: RFC 8446 4.1.2, padded as RFC 7685. */
static void add_hello(uint32_t bytes)
{
	add_number(0x160301, 3);
	add_number(bytes - 5, 2);
	add_number(0x01000000 | (bytes - 9), 4);
	add_number(0x0303, 2);
	add_zeros(32 + 1);
	add_number(0x00021301, 4);
	add_number(0x0100, 2);
	add_number(bytes - 9 - 43, 2);
	add_number(0x0015, 2);
	add_number(bytes - 9 - 47, 2);
	add_zeros(bytes - 9 - 47);
}

static void long_hello(void)
{
	add_hello(16384);
}

static void post_quantum_hello(void)
{
	add_hello(1805);
}

/* Many questions, each of another name. */
static void many_questions(void)
{
	for (uint32_t i = 0; i < 16; i++) {
		char name[] = "\1a";

		name[1] = (char)('a' + i);
		add_number(19, 2);
		add_number(0x1234, 2);
		add_number(0x01000001, 4);
		add_zeros(6);
		add(name, sizeof(name));
		add_number(0x00010001, 4);
	}
}

#define CONNECT "CONNECT a:443 HTTP/1.1\r\n\r\n"
#define CONNECT_BYTES 26

static void proxied_hello(void)
{
	add(CONNECT, CONNECT_BYTES);
	add_hello(300);
}

static void greeted_hello(void)
{
	add("EHLO a\r\nSTARTTLS\r\n", 18);
	add_hello(300);
}

/* --- segments --- */

/* A segment of the source's, or the first two of the handshake. */
static void send_segment(struct replay *replay, bool is_answer, uint16_t flags, uint32_t at,
			 size_t bytes)
{
	uint8_t wire[20 + 3072] = { 0 };
	struct packet packet = { .time_ns = (now_ns += 1000000), .protocol = PROTOCOL_TCP };
	uint32_t seq = is_answer ? ISS : ISS + at;
	uint16_t ports[2] = { is_answer ? 443 : 40000, is_answer ? 40000 : 443 };

	assert_true(bytes <= sizeof(wire) - 20);
	for (int i = 0; i < 4; i++) {
		wire[i] = (uint8_t)(ports[i / 2] >> 8 * (1 - i % 2));
		wire[4 + i] = (uint8_t)(seq >> 8 * (3 - i));
		wire[8 + i] = (uint8_t)((ISS + 1) >> 8 * (3 - i));
	}
	wire[12] = 5 << 4;
	wire[13] = (uint8_t)flags;
	if (bytes > 0)
		memcpy(wire + 20, stream + at - 1, bytes);
	packet.source[10] = packet.source[11] = 0xff;
	packet.destination[10] = packet.destination[11] = 0xff;
	packet.source[15] = is_answer ? 2 : 1;
	packet.destination[15] = is_answer ? 1 : 2;
	packet.ttl = 64;
	packet.payload = cursor_of(wire, 20 + bytes);
	packet.payload_bytes = (uint32_t)(20 + bytes);
	assert_int_equal(replay_packet(replay, &packet), 0);
}

/* Which of `count` segments comes as number `i`. */
static size_t place_of(enum order order, size_t i, size_t count)
{
	if (order == BACKWARDS)
		return count - 1 - i;
	if (order == FIRST_LAST)
		return (i + 1) % count;
	return i;
}

/* Segments of `each` bytes, or two with `each` bytes in the first; what is printed of them, to be
 * freed. */
static char *print(const struct watcher *watcher, size_t each, enum order order, bool is_two)
{
	size_t count = is_two ? 2 : (stream_bytes + each - 1) / each, size = 0;
	char *text = NULL;
	FILE *out = open_memstream(&text, &size);
	struct replay *replay = replay_new(&format_ndjson, out);

	now_ns = 1000000000;
	assert_non_null(replay);
	replay_watch_by(replay, watcher);
	assert_int_equal(replay_begin(replay), 0);
	send_segment(replay, false, TCP_SYN, 0, 0);
	send_segment(replay, true, TCP_SYN | TCP_ACK, 0, 0);
	for (size_t i = 0; i < count; i++) {
		size_t at = place_of(order, i, count) * each;
		size_t left = stream_bytes - at;

		send_segment(replay, false, TCP_ACK, (uint32_t)at + 1,
			     left < each || (is_two && at > 0) ? left : each);
	}
	assert_int_equal(replay_end(replay), 0);
	replay_free(replay);
	fclose(out);
	return text;
}

/* --- cases --- */

#define JA4 "\"ja4\":\"t12i010100_"

static struct order_case {
	const char *name;
	void (*make)(void);
	size_t each;
	enum order order;
	bool is_two; /* two segments, the first of `each` bytes */
	const char *want[3];
} cases[] = {
	{ "a hello of 16 KiB", long_hello, 1400, IN_ORDER, false, { JA4 } },
	{ "a hello of 16 KiB, backwards", long_hello, 1400, BACKWARDS, false, { JA4 } },
	{ "a hello of 16 KiB in small segments, backwards",
	  long_hello,
	  100,
	  BACKWARDS,
	  false,
	  { JA4 } },
	{ "a hello of 16 KiB in smaller segments, the first last",
	  long_hello,
	  9,
	  FIRST_LAST,
	  false,
	  { JA4 } },
	{ "a post-quantum hello byte by byte, backwards",
	  post_quantum_hello,
	  1,
	  BACKWARDS,
	  false,
	  { JA4 } },
	{ "as many questions as are wanted in one segment",
	  many_questions,
	  2000,
	  IN_ORDER,
	  false,
	  { "[\"a\",\"b\",\"c\",\"d\",\"e\",\"f\",\"g\",\"h\",\"i\",\"j\",\"k\",\"l\",\"m\",\"n\","
	    "\"o\",\"p\"]" } },
	{ "as many questions, a segment each, backwards",
	  many_questions,
	  21,
	  BACKWARDS,
	  false,
	  { "[\"a\",\"b\",\"c\",\"d\",\"e\",\"f\",\"g\",\"h\",\"i\",\"j\",\"k\",\"l\",\"m\",\"n\","
	    "\"o\",\"p\"]" } },
	{ "a request to a proxy and a hello in one segment",
	  proxied_hello,
	  2000,
	  IN_ORDER,
	  false,
	  { JA4, "http/(434f4e4e454354)" } },
	{ "a hello behind a request to a proxy, that early",
	  proxied_hello,
	  CONNECT_BYTES,
	  BACKWARDS,
	  true,
	  { JA4, "http/(434f4e4e454354)" } },
	{ "small segments, in one that waits a hello begins",
	  proxied_hello,
	  CONNECT_BYTES / 2,
	  BACKWARDS,
	  false,
	  { JA4, "http/(434f4e4e454354)" } },
	{ "a hello behind something else, that early",
	  greeted_hello,
	  18,
	  BACKWARDS,
	  true,
	  { JA4, "\"hello_offset\":18" } },
	{ "a hello that begins in the second of those that wait",
	  greeted_hello,
	  9,
	  FIRST_LAST,
	  false,
	  { JA4, "\"hello_offset\":18" } },
};

static void gives_all(void **state)
{
	const struct order_case *c = *state;
	char *replay, *kernel;

	if (!stage)
		skip(); /* this kernel's BPF_PROG_RUN shows no bytes */
	stream_bytes = 0;
	c->make();
	replay = print(&lookout_watcher, c->each, c->order, c->is_two);
	kernel = print(stage_watcher_of(stage), c->each, c->order, c->is_two);
	for (size_t i = 0; i < 3 && c->want[i]; i++) {
		if (!strstr(kernel, c->want[i]))
			fail_msg("no %s in %s", c->want[i], kernel);
	}
	assert_null(strstr(kernel, "truncated"));
	assert_int_equal(ndjson_compare(c->name, replay, kernel), 0);
	stage_watcher_settle(stage);
	free(replay);
	free(kernel);
}

static int open_stage(void **state)
{
	int r = stage_watcher_open(STAGE_ACCEPTS, STAGE_SOUND, &stage);

	(void)state;
	return r == -EOPNOTSUPP ? 0 : r;
}

static int close_stage(void **state)
{
	(void)state;
	stage_watcher_close(stage);
	return 0;
}

#define CASES (sizeof(cases) / sizeof(cases[0]))

int main(void)
{
	struct CMUnitTest tests[CASES];

	for (size_t i = 0; i < CASES; i++)
		tests[i] = (struct CMUnitTest){ cases[i].name, gives_all, NULL, NULL, &cases[i] };
	return cmocka_run_group_tests_name("first bytes in their order", tests, open_stage,
					   close_stage);
}
