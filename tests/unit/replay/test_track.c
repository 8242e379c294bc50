/* SPDX-License-Identifier: Apache-2.0 */
/* Segments in, and as one text what an observer is told: "+" a flow begins, "S" and "A" its first
 * SYN and SYN-ACK, "d<end><place>:<bytes>" payload, "=" what has come before, and at its
 * end who initiated it, its state, how it ended, unique bytes of both ends, and what was sent
 * again. */
#include "replay/report.h"
#include "replay/track.h"

#include "common/clock.h"
#include "common/put.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define STEPS_MAX 16
#define F TCP_FIN
#define S TCP_SYN
#define R TCP_RST
#define A TCP_ACK
#define OPENED                                                                                     \
	{ 'c', S, 100, 0, 0 },                                                                     \
	{                                                                                          \
		's', S | A, 500, 101, 0                                                            \
	}

struct step {
	char from; /* c: 10.0.0.1:40000, s: 10.0.0.2:443, x: as c, but another port; 0: the end */
	uint16_t flags;
	uint32_t seq;
	uint32_t ack;
	uint32_t bytes;
	uint32_t after_s; /* the step before */
};

static struct track_case {
	const char *name;
	uint8_t protocol;
	struct step steps[STEPS_MAX];
	const char *want;
} cases[] = {
	{ "a whole connection",
	  PROTOCOL_TCP,
	  { OPENED,
	    { 'c', A, 101, 501, 10 },
	    { 's', A, 501, 111, 20 },
	    { 'c', F | A, 111, 521, 0 },
	    { 's', F | A, 521, 112, 0 },
	    { 'c', A, 112, 522, 0 } },
	  "+SAdc0:10 ds0:20 [c closed fin_local 10 20 0]" },
	{ "the other end closes first",
	  PROTOCOL_TCP,
	  { OPENED,
	    { 'c', A, 101, 501, 0 },
	    { 's', F | A, 501, 101, 5 },
	    { 'c', F | A, 101, 507, 0 } },
	  "+SAds0:5 [c closed fin_remote 0 5 0]" },
	{ "refused",
	  PROTOCOL_TCP,
	  { { 'c', S, 100, 0, 0 }, { 's', R | A, 0, 101, 0 } },
	  "+S[c failed reset_remote 0 0 0]" },
	{ "reset by the initiator, with a text in it",
	  PROTOCOL_TCP,
	  { OPENED, { 'c', A, 101, 501, 0 }, { 'c', R, 101, 0, 9 } },
	  "+SA[c closed reset_local 0 0 0]" },
	{ "nobody answers",
	  PROTOCOL_TCP,
	  { { 'c', S, 100, 0, 0 }, { 'c', S, 100, 0, 0, 1 }, { 'x', S, 7, 0, 0, 4000 } },
	  "+S[c failed timeout 0 0 0]+S[c open unknown 0 0 0]" },
	{ "the capture ends before it does",
	  PROTOCOL_TCP,
	  { OPENED, { 'c', A, 101, 501, 3 } },
	  "+SAdc0:3 [c established unknown 3 0 0]" },
	{ "data with the SYN (TCP Fast Open)",
	  PROTOCOL_TCP,
	  { { 'c', S, 100, 0, 4 }, { 's', S | A, 500, 105, 0 }, { 'c', A, 105, 501, 4 } },
	  "+Sdc0:4 Adc4:4 [c established unknown 8 0 0]" },
	{ "data with the SYN that was not taken",
	  PROTOCOL_TCP,
	  { { 'c', S, 100, 0, 4 }, { 's', S | A, 500, 101, 0 }, { 'c', A, 101, 501, 4 } },
	  "+Sdc0:4 A=0:4 [c established unknown 4 0 1]" },
	{ "sent again, and out of order",
	  PROTOCOL_TCP,
	  { OPENED, { 'c', A, 111, 501, 10 }, { 'c', A, 101, 501, 10 }, { 'c', A, 101, 501, 10 } },
	  "+SAdc10:10 dc0:10 =0:10 [c established unknown 20 0 1]" },
	{ "numbers wrap",
	  PROTOCOL_TCP,
	  { { 'c', S, UINT32_MAX - 5, 0, 0 },
	    { 's', S | A, UINT32_MAX, UINT32_MAX - 4, 0 },
	    { 'c', A, UINT32_MAX - 4, 0, 10 },
	    { 's', A, 0, 6, 10 },
	    { 'c', A, 5, 10, 1 } },
	  "+SAdc0:10 ds0:10 dc10:1 [c established unknown 11 10 0]" },
	{ "SYN missed: its answer tells",
	  PROTOCOL_TCP,
	  { { 's', S | A, 500, 101, 0 }, { 'c', A, 106, 501, 5 } },
	  "+Adc5:5 [c established unknown 5 0 0]" },
	{ "SYN captured late",
	  PROTOCOL_TCP,
	  { { 's', S | A, 500, 101, 0 },
	    { 'c', A, 101, 501, 5 },
	    { 'c', S, 100, 0, 0 },
	    { 'c', A, 106, 501, 5 } },
	  "+Adc0:5 Sdc5:5 [c established unknown 10 0 0]" },
	{ "a SYN in the middle that is another's",
	  PROTOCOL_TCP,
	  { { 's', S | A, 500, 101, 0 }, { 'c', A, 101, 501, 5 }, { 'c', S, 101, 0, 0 } },
	  "+Adc0:5 [c established unknown 5 0 0]+S[c open unknown 0 0 0]" },
	{ "beginning missed: the port tells",
	  PROTOCOL_TCP,
	  { { 's', A, 500, 101, 5 }, { 'c', A, 101, 505, 5 } },
	  "+ds0:5 dc0:5 [c established unknown 5 5 0]" },
	{ "beginning missed: the ack tells where the other end is",
	  PROTOCOL_TCP,
	  { { 'c', A, 101, 500, 5 }, { 's', A, 510, 106, 5 } },
	  "+dc0:5 ds10:5 [c established unknown 5 5 0]" },
	{ "the ports are used again",
	  PROTOCOL_TCP,
	  { OPENED,
	    { 'c', A, 101, 501, 1 },
	    { 'c', S, 9000, 0, 0 },
	    { 's', S | A, 700, 9001, 0 },
	    { 'c', A, 9001, 701, 2 } },
	  "+SAdc0:1 [c established unknown 1 0 0]+SAdc0:2 [c established unknown 2 0 0]" },
	{ "late segments belong to what was closed",
	  PROTOCOL_TCP,
	  { { 'c', S, 100, 0, 0 },
	    { 's', R | A, 0, 101, 0 },
	    { 's', R | A, 0, 101, 0, 30 },
	    { 'c', S, 101, 0, 0, 1 } },
	  "+S[c failed reset_remote 0 0 0]+S[c open unknown 0 0 0]" },
	{ "both ends connect at once",
	  PROTOCOL_TCP,
	  { { 'c', S, 100, 0, 0 },
	    { 's', S, 500, 0, 0 },
	    { 'c', S | A, 100, 501, 0 },
	    { 's', S | A, 500, 101, 0 },
	    { 'c', A, 101, 501, 1 } },
	  "+SSdc0:1 [c established unknown 1 0 0]" },
	{ "datagrams: who sends first",
	  PROTOCOL_UDP,
	  { { 'c', 0, 0, 0, 5 }, { 's', 0, 0, 0, 6 } },
	  "+dc0:5 ds0:6 [c established unknown 5 6 0]" },
	{ "datagrams: an answer first",
	  PROTOCOL_UDP,
	  { { 's', 0, 0, 0, 6 }, { 'c', 0, 0, 0, 5 } },
	  "+ds0:6 dc0:5 [c established unknown 5 6 0]" },
	{ "datagrams: silence ends a flow",
	  PROTOCOL_UDP,
	  { { 'c', 0, 0, 0, 5 }, { 'c', 0, 0, 0, 5, 61 } },
	  "+dc0:5 [c closed idle 5 0 0]+dc0:5 [c established unknown 5 0 0]" },
	{ "a protocol without ports",
	  50,
	  { { 's', 0, 0, 0, 5 }, { 'c', 0, 0, 0, 7 } },
	  "+ds0:5 dc0:7 [s established unknown 5 7 0]" },
};

struct told {
	char text[512];
	size_t length;
};

__attribute__((format(printf, 2, 3))) static void tell(struct told *told, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	told->length += (size_t)vsnprintf(told->text + told->length,
					  sizeof(told->text) - told->length, format, arguments);
	va_end(arguments);
	assert_true(told->length < sizeof(told->text));
}

static void begun(void *context, struct track_flow *flow)
{
	(void)flow;
	tell(context, "+");
}

static void syn(void *context, struct track_flow *flow, const struct packet *packet,
		const struct segment *segment)
{
	(void)flow;
	(void)packet;
	tell(context, segment->flags & A ? "A" : "S");
}

/* 10.0.0.1 is c, whatever its role. */
static char letter(const struct track_flow *flow, enum track_end end)
{
	return flow->tuple.addr[flow->source_is_second ^ (int)end][15] == 1 ? 'c' : 's';
}

static void data(void *context, struct track_flow *flow, const struct track_data *piece)
{
	tell(context, "d%c%lld:%u ", letter(flow, piece->sender), (long long)piece->offset,
	     piece->wire_bytes);
}

static void again(void *context, struct track_flow *flow, const struct track_data *piece)
{
	(void)flow;
	tell(context, "=%lld:%u ", (long long)piece->offset, piece->wire_bytes);
}

static void ended(void *context, struct track_flow *flow)
{
	struct record_flow record;

	report_flow(flow, &record);
	assert_int_equal(record.source.addr[15], letter(flow, TRACK_SOURCE) == 'c' ? 1 : 2);
	tell(context, "[%c %s %s %u %u %u]", letter(flow, TRACK_SOURCE),
	     record_flow_state_name(record.state), record_flow_ending_name(record.ending),
	     (unsigned)record.source.bytes, (unsigned)record.destination.bytes, record.retransmits);
}

static const struct track_observer teller = { begun, syn, data, again, ended, NULL };

static size_t write_tcp(uint8_t *at, const struct step *step)
{
	uint8_t *to = at;

	to = put_be(to, step->from == 's' ? 443 : step->from == 'c' ? 40000 : 40001, 2);
	to = put_be(to, step->from == 's' ? 40000 : 443, 2);
	to = put_be(to, step->seq, 4);
	to = put_be(to, step->ack, 4);
	to = put_be(to, 0x5000u | step->flags, 2);
	to = put_be(to, 1000, 2);
	to = put_be(to, 0, 4);
	return (size_t)(to - at) + step->bytes;
}

static size_t write_udp(uint8_t *at, const struct step *step)
{
	put_be(at, step->from == 's' ? 443 : 40000, 2);
	put_be(at + 2, step->from == 's' ? 40000 : 443, 2);
	put_be(at + 4, 8 + step->bytes, 2);
	return 8 + step->bytes;
}

static size_t write_step(uint8_t *at, uint8_t protocol, const struct step *step)
{
	if (protocol == PROTOCOL_TCP)
		return write_tcp(at, step);
	return protocol == PROTOCOL_UDP ? write_udp(at, step) : step->bytes;
}

static void send_step(struct track *track, uint8_t protocol, const struct step *step,
		      uint64_t time_ns)
{
	struct packet packet = { .time_ns = time_ns,
				 .protocol = protocol,
				 .source = { [10] = 0xff, 0xff, 10, 0, 0, 1 },
				 .destination = { [10] = 0xff, 0xff, 10, 0, 0, 2 } };
	uint8_t bytes[128] = { 0 };
	size_t size = write_step(bytes, protocol, step);

	if (step->from == 's') {
		packet.source[15] = 2;
		packet.destination[15] = 1;
	}
	packet.payload = cursor_of(bytes, size);
	packet.payload_bytes = (uint32_t)size;
	assert_int_equal(track_packet(track, &packet), 0);
}

static void check_case(void **state)
{
	const struct track_case *c = *state;
	struct told told = { 0 };
	struct track_observer observer = teller;
	struct track *track;
	uint64_t time_ns = 1000 * NS_PER_S;

	observer.context = &told;
	track = track_new(100, &observer);
	for (int i = 0; i < STEPS_MAX && c->steps[i].from; i++) {
		time_ns += c->steps[i].after_s * NS_PER_S;
		send_step(track, c->protocol, &c->steps[i], time_ns);
	}
	track_flush(track);
	track_free(track);
	assert_string_equal(told.text, c->want);
}

static void nothing_begun(void *context, struct track_flow *flow)
{
	(void)context;
	(void)flow;
}

static void nothing_syn(void *context, struct track_flow *flow, const struct packet *packet,
			const struct segment *segment)
{
	(void)context;
	(void)flow;
	(void)packet;
	(void)segment;
}

static void nothing_data(void *context, struct track_flow *flow, const struct track_data *piece)
{
	(void)context;
	(void)flow;
	(void)piece;
}

static void count_ended(void *context, struct track_flow *flow)
{
	(void)flow;
	(*(uint64_t *)context)++;
}

/* A flood of connections: no more are kept than there is room for, and none is lost. */
static void test_bounded(void **state)
{
	uint64_t ended_count = 0;
	const struct track_observer observer = { nothing_begun, nothing_syn, nothing_data,
						 nothing_data,	count_ended, &ended_count };
	struct track *track = track_new(10, &observer);
	struct track_stats stats = { 0 };

	(void)state;
	for (uint32_t i = 0; i < 100; i++) {
		struct packet packet = { .protocol = 50, .payload_bytes = 1, .time_ns = i };

		put_be(packet.source, i, 4);
		packet.payload = cursor_of("x", 1);
		assert_int_equal(track_packet(track, &packet), 0);
	}
	assert_int_equal(ended_count, 90);
	track_flush(track);
	assert_int_equal(ended_count, 100);
	track_add_stats(track, &stats);
	assert_int_equal(stats.flows, 100);
	assert_int_equal(stats.evicted, 90);
	track_free(track);
}

static void keep_flow(void *context, struct track_flow *flow)
{
	*(struct track_flow *)context = *flow;
}

/* Lengths with their direction, gaps as powers of two of microseconds; no retransmission, nor what
 * fills a hole. */
static void test_splt(void **state)
{
	struct track_flow flow;
	const struct track_observer observer = { nothing_begun, nothing_syn, nothing_data,
						 nothing_data,	keep_flow,   &flow };
	struct track *track = track_new(10, &observer);

	(void)state;
	send_step(track, PROTOCOL_TCP, &(struct step){ 'c', S, 100, 0, 0 }, NS_PER_S);
	send_step(track, PROTOCOL_TCP, &(struct step){ 's', S | A, 500, 101, 0 }, NS_PER_S);
	send_step(track, PROTOCOL_TCP, &(struct step){ 'c', A, 101, 501, 10 },
		  NS_PER_S + 250 * NS_PER_US);
	send_step(track, PROTOCOL_TCP, &(struct step){ 'c', A, 101, 501, 10 },
		  NS_PER_S + 251 * NS_PER_US);
	send_step(track, PROTOCOL_TCP, &(struct step){ 's', A, 501, 111, 20 },
		  NS_PER_S + 255 * NS_PER_US);
	send_step(track, PROTOCOL_TCP, &(struct step){ 's', A, 531, 111, 30 },
		  NS_PER_S + 255 * NS_PER_US);
	send_step(track, PROTOCOL_TCP, &(struct step){ 's', A, 521, 111, 10 },
		  NS_PER_S + 255 * NS_PER_US);
	for (uint32_t i = 0; i < SPLT_MAX; i++)
		send_step(track, PROTOCOL_TCP, &(struct step){ 'c', A, 111 + i, 561, 1 },
			  NS_PER_S + 255 * NS_PER_US);
	track_flush(track);
	track_free(track);
	assert_int_equal(flow.handshake_us, 250);
	assert_int_equal(flow.splt.count, SPLT_MAX);
	assert_int_equal(flow.splt.length[0], 10);
	assert_int_equal(flow.splt.gap[0], 0);
	assert_int_equal(flow.splt.length[1], -20);
	assert_int_equal(flow.splt.gap[1], 3); /* 5 us */
	assert_int_equal(flow.splt.length[2], -30);
	assert_int_equal(flow.splt.length[3], 1);
	assert_int_equal(flow.splt.gap[3], 0);
}

#define CASES (sizeof(cases) / sizeof(cases[0]))

int main(void)
{
	struct CMUnitTest tests[CASES + 2] = {
		cmocka_unit_test(test_bounded),
		cmocka_unit_test(test_splt),
	};

	for (size_t i = 0; i < CASES; i++)
		tests[i + 2] = (struct CMUnitTest){ .name = cases[i].name,
						    .test_func = check_case,
						    .initial_state = &cases[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
