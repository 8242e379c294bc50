/* SPDX-License-Identifier: Apache-2.0 */
/* Raw IP packets in, what NDJSON says of their last flow out: the whole way. */
#include "replay/replay.h"

#include "common/clock.h"
#include "support/hex.h"

#include <jansson.h>
#include <pcap/dlt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define FRAMES_MAX 8
#define WANTS_MAX 6

/* 10.0.0.1 asks 10.0.0.3 for example.test, which is 10.0.0.2. */
#define QUERY                                                                                      \
	"4500003a 00010000 40110000 0a000001 0a000003 1388 0035 0026 0000"                         \
	"1234 0100 0001 0000 0000 0000 07 6578616d706c65 04 74657374 00 0001 0001"
#define ANSWER                                                                                     \
	"4500004a 00010000 40110000 0a000003 0a000001 0035 1388 0036 0000"                         \
	"1234 8180 0001 0001 0000 0000 07 6578616d706c65 04 74657374 00 0001 0001"                 \
	"c00c 0001 0001 0000003c 0004 0a000002"
#define SYN                                                                                        \
	"4500003c 00010000 40060000 0a000001 0a000002 9c40 01bb 000003e8 00000000 a002 faf0"       \
	"0000 0000 020405b4 0402 080a0000000100000000 01 030307"
#define SYNACK                                                                                     \
	"4500003c 00010000 40060000 0a000002 0a000001 01bb 9c40 00001388 000003e9 a012 7210"       \
	"0000 0000 020405b4 0402 080a0000000100000000 01 030306"
/* A ClientHello of 107 bytes, 40 and 67 of them. */
#define HELLO_A                                                                                    \
	"45000050 00010000 40060000 0a000001 0a000002 9c40 01bb 000003e9 00001389 5018 faf0"       \
	"0000 0000 1603010066 01000062 0303"                                                       \
	"1111111111111111111111111111111111111111111111111111111111"
#define HELLO_B                                                                                    \
	"4500006b 00010000 40060000 0a000001 0a000002 9c40 01bb 00000411 00001389 5018 faf0"       \
	"0000 0000 111111 00 0004 1301 1302 01 00 0035"                                            \
	"0000 0011 000f 00 000c 6578616d706c652e74657374 000a 0004 0002 001d"                      \
	"000d 0004 0002 0403 002b 0003 02 0304 0010 0005 0003 02 6832"
#define RESET                                                                                      \
	"45000028 00010000 40060000 0a000002 0a000001 01bb 9c40 00001389 00000454 5014 0000 0000 " \
	"0000"

static struct replay_case {
	const char *name;
	const char *frames[FRAMES_MAX];
	struct {
		const char *path;
		const char *value; /* NULL: it is not there */
	} wants[WANTS_MAX];
	size_t flows_max; /* that are known at once; 0: the usual */
} cases[] = {
	{ "a DNS answer names a later flow",
	  { QUERY, ANSWER, SYN },
	  { { "destination.domain", "example.test" },
	    { "yagura.tcp_syn", "64240:2-4-8-1-3:1460:7" },
	    { "yagura.state", "open" } } },
	{ "but none that nobody asked for",
	  { ANSWER, SYN },
	  { { "destination.domain", NULL }, { "yagura.tcp_syn", "64240:2-4-8-1-3:1460:7" } } },
	{ "but none that came before",
	  { SYN, QUERY, ANSWER, SYNACK },
	  { { "destination.domain", NULL }, { "yagura.tcp_synack", "29200:2-4-8-1-3:1460:6" } } },
	{ "a query in fragments",
	  { "4500002c 00012000 40110000 0a000001 0a000003 1388 0035 0026 0000"
	    "1234 0100 0001 0000 0000 0000 07 657861",
	    "45000022 00010003 40110000 0a000001 0a000003"
	    "6d706c65 04 74657374 00 0001 0001" },
	  { { "dns.question.name", "example.test" }, { "source.port", "5000" } } },
	{ "a hello in two segments",
	  { SYN, SYNACK, HELLO_A, HELLO_B, RESET },
	  { { "tls.client.ja4", "t13d0205h2_62ed6f6ca7ad_9a0586ea5dd0" },
	    { "tls.client.server_name", "example.test" },
	    { "yagura.ending", "reset_remote" },
	    { "source.bytes", "107" },
	    { "network.direction", "unknown" },
	    { "yagura.truncated", NULL } } },
	{ "a hello in two segments, the second first",
	  { SYN, SYNACK, HELLO_B, HELLO_A },
	  { { "tls.client.ja4", "t13d0205h2_62ed6f6ca7ad_9a0586ea5dd0" } } },
	{ "a hello that was cut has no fingerprint",
	  { SYN, SYNACK, HELLO_A, RESET },
	  { { "tls.client.ja4", NULL },
	    { "tls.client.ja3", NULL },
	    { "yagura.truncated", "cut" } } },
	{ "a flow that was forgotten for another says so",
	  { SYN, SYNACK, HELLO_A, HELLO_B, QUERY, RESET },
	  { { "tls.client.ja4", NULL },
	    { "yagura.tcp_syn", NULL },
	    { "yagura.truncated", "limit" } },
	  1 },
	{ "one more may be known",
	  { SYN, SYNACK, HELLO_A, HELLO_B, QUERY, RESET },
	  { { "tls.client.server_name", "example.test" }, { "yagura.truncated", NULL } },
	  2 },
	{ "a hello without its beginning has none either",
	  { SYN, SYNACK, HELLO_B, RESET },
	  { { "tls.client.ja4", NULL }, { "tls.client.server_name", NULL } } },
};

static void feed(struct replay *replay, const struct replay_case *c)
{
	for (int i = 0; i < FRAMES_MAX && c->frames[i]; i++) {
		struct capture_packet frame = { .time_ns = (1000 + (uint64_t)i) * NS_PER_S,
						.link_type = DLT_RAW };
		uint8_t *bytes;

		frame.bytes.left = hex_decode(c->frames[i], &bytes);
		frame.bytes.at = bytes;
		assert_int_equal(replay_frame(replay, &frame), 0);
		free(bytes);
	}
}

/* The flow that the last packet was of, as JSON: of those that end together it is told last. */
static json_t *last_flow(const struct replay_case *c)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	struct replay *replay = replay_new(&format_ndjson, out);
	json_t *flow;
	char *line;

	if (c->flows_max > 0)
		replay_bound_by(replay,
				&(struct flow_table_options){ .flows_max = c->flows_max,
							      .pending_bytes_max = 1 << 20 });
	assert_int_equal(replay_begin(replay), 0);
	feed(replay, c);
	assert_int_equal(replay_end(replay), 0);
	assert_int_equal(replay_finish(replay), 0);
	replay_free(replay);
	fclose(out);
	text[size - 1] = '\0';
	line = strrchr(text, '\n');
	flow = json_loads(line ? line + 1 : text, 0, NULL);
	free(text);
	assert_non_null(flow);
	return flow;
}

static void check_value(const json_t *flow, const char *path, const char *want)
{
	char name[64];
	char number[32] = "";
	const json_t *value = flow;

	while (*path && value) {
		size_t length = strcspn(path, ".");

		snprintf(name, sizeof(name), "%.*s", (int)length, path);
		value = json_object_get(value, name);
		path += length + (path[length] == '.');
	}
	if (json_is_integer(value))
		snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(value));
	if (!want)
		assert_null(value);
	else
		assert_string_equal(json_is_string(value) ? json_string_value(value) : number,
				    want);
}

static void check_case(void **state)
{
	const struct replay_case *c = *state;
	json_t *flow = last_flow(c);

	for (int i = 0; i < WANTS_MAX && c->wants[i].path; i++)
		check_value(flow, c->wants[i].path, c->wants[i].value);
	json_decref(flow);
}

#define CASES (sizeof(cases) / sizeof(cases[0]))

int main(void)
{
	struct CMUnitTest tests[CASES];

	for (size_t i = 0; i < CASES; i++)
		tests[i] = (struct CMUnitTest){ .name = cases[i].name,
						.test_func = check_case,
						.initial_state = &cases[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
