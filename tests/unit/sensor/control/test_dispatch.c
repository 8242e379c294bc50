/* SPDX-License-Identifier: Apache-2.0 */
/* Conversations as bytes, with a table of commands made for this test. */
#include "sensor/control/dispatch.h"

#include "common/frame.h"

#include "proto/control.pb-c.h"

#include <errno.h>
#include <event2/buffer.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static int runs;

static int run_count(struct control_call *call)
{
	const char *text = control_arg_text(call, "text");

	runs++;
	for (uint32_t i = control_arg_u32(call, "rows", 1); i > 0; i--)
		if (control_row(call, json_pack("{s:i, s:s}", "left", (int)i, "text",
						text ? text : "")) < 0)
			return -EIO;
	return 0;
}

static int run_fail(struct control_call *call)
{
	return control_fail(call, "no more %s", "room");
}

static int run_fail_silently(struct control_call *call)
{
	(void)call;
	return -ENOSPC;
}

static int run_huge(struct control_call *call)
{
	static char text[DISPATCH_REPLY_BYTES_MAX + 1];

	memset(text, 'x', sizeof(text) - 1);
	return control_row(call, json_pack("{s:s}", "text", text));
}

static int run_watch(struct control_call *call)
{
	const struct record_filter all = { 0 };

	control_watch(call, &all, control_arg_u32(call, "limit", 0));
	return 0;
}

static int run_wrong(struct control_call *call)
{
	return control_bad_argument(call, "text", "any good");
}

static const struct control_command first[] = {
	{ .name = "count",
	  .role = CONTROL_VIEWER,
	  .run = run_count,
	  .arguments = { { "rows", ARG_U32, "how many" },
			 { "text", ARG_TEXT, "what" },
			 { "loud", ARG_FLAG, "or not" } },
	  .help = "Counts" },
	{ .name = "fail", .role = CONTROL_VIEWER, .run = run_fail, .help = "Fails" },
	{ .name = "silent", .role = CONTROL_VIEWER, .run = run_fail_silently, .help = "Fails" },
	{ .name = "huge", .role = CONTROL_VIEWER, .run = run_huge, .help = "Too much" },
	{ .name = "watch",
	  .role = CONTROL_VIEWER,
	  .run = run_watch,
	  .streams = true,
	  .arguments = { { "limit", ARG_U32, "how many" } },
	  .help = "Goes on" },
	{ .name = "wrong",
	  .role = CONTROL_VIEWER,
	  .run = run_wrong,
	  .rows = "things",
	  .arguments = { { "text", ARG_TEXT, "what there is", true, true } },
	  .help = "Refuses" },
	{ 0 },
};
static const struct control_command second[] = {
	{ .name = "tune", .role = CONTROL_OPERATOR, .run = run_count, .help = "Tunes" },
	{ .name = "enrol", .role = CONTROL_ADMIN, .run = run_count, .help = "Enrols" },
	{ 0 },
};
static const struct control_command *const table[] = { first, second, NULL };

/* --- what goes in --- */

static int send_request(struct dispatch *dispatch, const Yagura__Control__Request *request,
			struct evbuffer *output)
{
	uint8_t body[1024];
	size_t size = yagura__control__request__get_packed_size(request);

	assert_in_range(size, 0, sizeof(body));
	yagura__control__request__pack(request, body);
	return dispatch_request(dispatch, body, size, output);
}

static int send_greeting(struct dispatch *dispatch, uint32_t protocol, struct evbuffer *output)
{
	Yagura__Control__Greeting greeting;
	Yagura__Control__Request request;

	yagura__control__greeting__init(&greeting);
	yagura__control__request__init(&request);
	greeting.protocol = protocol;
	request.body_case = YAGURA__CONTROL__REQUEST__BODY_GREETING;
	request.greeting = &greeting;
	return send_request(dispatch, &request, output);
}

#define VALUES_MAX 4

struct pair {
	const char *name, *text;
};

static int send_call(struct dispatch *dispatch, const char *command, const struct pair *pairs,
		     struct evbuffer *output)
{
	Yagura__Control__Value values[VALUES_MAX];
	Yagura__Control__Value *pointers[VALUES_MAX];
	Yagura__Control__Call call;
	Yagura__Control__Request request;

	yagura__control__call__init(&call);
	yagura__control__request__init(&request);
	for (; call.n_arguments < VALUES_MAX && pairs[call.n_arguments].name; call.n_arguments++) {
		Yagura__Control__Value *value = &values[call.n_arguments];

		yagura__control__value__init(value);
		value->name = (char *)pairs[call.n_arguments].name;
		value->text = (char *)pairs[call.n_arguments].text;
		pointers[call.n_arguments] = value;
	}
	call.command = (char *)command;
	call.arguments = pointers;
	request.body_case = YAGURA__CONTROL__REQUEST__BODY_CALL;
	request.call = &call;
	return send_request(dispatch, &request, output);
}

/* --- what comes out --- */

static Yagura__Control__Reply *next_reply(struct evbuffer *output)
{
	Yagura__Control__Reply *reply;
	const uint8_t *body;
	size_t size;

	assert_int_equal(frame_peek(output, DISPATCH_REPLY_BYTES_MAX, &body, &size), 1);
	reply = yagura__control__reply__unpack(NULL, size, body);
	assert_non_null(reply);
	frame_drain(output, size);
	return reply;
}

static void expect_row(struct evbuffer *output, const char *json)
{
	Yagura__Control__Reply *reply = next_reply(output);

	assert_int_equal(reply->body_case, YAGURA__CONTROL__REPLY__BODY_ROW);
	assert_string_equal(reply->row->json, json);
	yagura__control__reply__free_unpacked(reply, NULL);
}

/* The last of an answer. */
static void expect_done(struct evbuffer *output, uint32_t error, const char *text)
{
	Yagura__Control__Reply *reply = next_reply(output);

	assert_int_equal(reply->body_case, YAGURA__CONTROL__REPLY__BODY_DONE);
	assert_int_equal(reply->done->error, error);
	assert_non_null(strstr(reply->done->text, text));
	yagura__control__reply__free_unpacked(reply, NULL);
	assert_int_equal(evbuffer_get_length(output), 0);
}

static struct evbuffer *output;

static struct dispatch converse(enum control_role role)
{
	struct dispatch dispatch = { .commands = table, .role = role };

	assert_int_equal(send_greeting(&dispatch, 1, output), 0);
	yagura__control__reply__free_unpacked(next_reply(output), NULL);
	runs = 0;
	return dispatch;
}

static int set_up(void **state)
{
	(void)state;
	output = evbuffer_new();
	return output ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	evbuffer_free(output);
	return 0;
}

/* --- calls, by table --- */

static struct call_case {
	const char *name;
	enum control_role role;
	const char *command;
	struct pair pairs[VALUES_MAX];
	uint32_t want_error;
	const char *want_text;
	int want_rows;
} cases[] = {
	{ "no argument", CONTROL_VIEWER, "count", { { 0 } }, 0, "", 1 },
	{ "two rows", CONTROL_VIEWER, "count", { { "rows", "2" } }, 0, "", 2 },
	{ "no row", CONTROL_VIEWER, "count", { { "rows", "0" }, { "loud", "no" } }, 0, "", 0 },
	{ "unknown", CONTROL_ADMIN, "reboot", { { 0 } }, 1, "'reboot'" },
	{ "empty name", CONTROL_ADMIN, "", { { 0 } }, 1, "no command" },
	{ "viewer may not tune", CONTROL_VIEWER, "tune", { { 0 } }, 2, "needs the role operator" },
	{ "operator may not enrol", CONTROL_OPERATOR, "enrol", { { 0 } }, 2, "yours is operator" },
	{ "nobody may nothing", CONTROL_NOBODY, "count", { { 0 } }, 2, "yours is nobody" },
	{ "operator may tune", CONTROL_OPERATOR, "tune", { { 0 } }, 0, "", 1 },
	{ "admin may all", CONTROL_ADMIN, "count", { { 0 } }, 0, "", 1 },
	{ "the role comes before the arguments",
	  CONTROL_VIEWER,
	  "tune",
	  { { "x", "y" } },
	  2,
	  "needs the role" },
	{ "unknown argument", CONTROL_VIEWER, "count", { { "row", "1" } }, 3, "'row'" },
	{ "argument of another command", CONTROL_ADMIN, "tune", { { "rows", "1" } }, 3, "'rows'" },
	{ "u32 as word", CONTROL_VIEWER, "count", { { "rows", "many" } }, 3, "number" },
	{ "u32 empty", CONTROL_VIEWER, "count", { { "rows", "" } }, 3, "number" },
	{ "u32 negative", CONTROL_VIEWER, "count", { { "rows", "-1" } }, 3, "number" },
	{ "u32 too large", CONTROL_VIEWER, "count", { { "rows", "4294967296" } }, 3, "number" },
	{ "flag as number", CONTROL_VIEWER, "count", { { "loud", "1" } }, 3, "yes or no" },
	{ "given twice",
	  CONTROL_VIEWER,
	  "count",
	  { { "text", "a" }, { "text", "b" } },
	  3,
	  "given twice" },
	{ "handler fails", CONTROL_VIEWER, "fail", { { 0 } }, 4, "no more room" },
	{ "handler gives only a number", CONTROL_VIEWER, "silent", { { 0 } }, 4, "No space" },
	{ "a value that makes no sense",
	  CONTROL_VIEWER,
	  "wrong",
	  { { "text", "red" } },
	  3,
	  "'text': 'red' is not any good" },
	{ "without what it needs",
	  CONTROL_VIEWER,
	  "wrong",
	  { { 0 } },
	  3,
	  "'text' is missing: what" },
	{ "row over 4 MiB", CONTROL_VIEWER, "huge", { { 0 } }, 4, "too long" },
};

static void check_case(void **state)
{
	const struct call_case *c = *state;
	struct dispatch dispatch = converse(c->role);

	/* Twice: an error of a call leaves the conversation as good as before. */
	for (int i = 0; i < 2; i++) {
		assert_int_equal(send_call(&dispatch, c->command, c->pairs, output), 0);
		for (int row = c->want_rows; row > 0; row--)
			expect_row(output, row == 2 ? "{\"left\":2,\"text\":\"\"}"
						    : "{\"left\":1,\"text\":\"\"}");
		expect_done(output, c->want_error, c->want_text);
	}
	if (c->want_error > 0)
		assert_int_equal(runs, 0);
}

/* --- conversations --- */

static void test_welcome_lists_by_role(void **state)
{
	static const size_t want[] = { [CONTROL_NOBODY] = 0,
				       [CONTROL_VIEWER] = 6,
				       [CONTROL_OPERATOR] = 7,
				       [CONTROL_ADMIN] = 8 };

	(void)state;
	for (int role = CONTROL_NOBODY; role <= CONTROL_ADMIN; role++) {
		struct dispatch dispatch = { .commands = table, .role = (enum control_role)role };
		Yagura__Control__Reply *reply;

		assert_int_equal(send_greeting(&dispatch, 1, output), 0);
		reply = next_reply(output);
		assert_int_equal(reply->body_case, YAGURA__CONTROL__REPLY__BODY_WELCOME);
		assert_int_equal(reply->welcome->protocol, 1);
		assert_string_equal(reply->welcome->version, YAGURA_VERSION);
		assert_int_equal(reply->welcome->n_commands, want[role]);
		yagura__control__reply__free_unpacked(reply, NULL);
	}
}

static void test_welcome_describes(void **state)
{
	struct dispatch dispatch = { .commands = table, .role = CONTROL_VIEWER };
	Yagura__Control__Reply *reply;
	Yagura__Control__Command *count, *wrong;

	(void)state;
	send_greeting(&dispatch, 1, output);
	reply = next_reply(output);
	count = reply->welcome->commands[0];
	assert_string_equal(count->name, "count");
	assert_string_equal(count->role, "viewer");
	assert_int_equal(count->n_arguments, 3);
	assert_string_equal(count->arguments[0]->type, "u32");
	assert_string_equal(count->arguments[1]->type, "text");
	assert_string_equal(count->arguments[2]->type, "flag");
	assert_string_equal(count->arguments[2]->help, "or not");
	assert_false(count->streams);
	assert_string_equal(count->rows, "");
	assert_false(count->arguments[0]->positional || count->arguments[0]->required);
	assert_true(reply->welcome->commands[4]->streams);
	wrong = reply->welcome->commands[5];
	assert_string_equal(wrong->rows, "things");
	assert_true(wrong->arguments[0]->positional && wrong->arguments[0]->required);
	assert_int_equal(reply->welcome->n_features, 2);
	assert_string_equal(reply->welcome->features[0], "streams");
	yagura__control__reply__free_unpacked(reply, NULL);
}

static void test_another_request_ends_a_watch(void **state)
{
	struct dispatch dispatch = converse(CONTROL_VIEWER);
	Yagura__Control__Reply *reply;

	(void)state;
	assert_int_equal(
		send_call(&dispatch, "watch", (struct pair[]){ { "limit", "5" }, { 0 } }, output),
		0);
	assert_int_equal(evbuffer_get_length(output), 0);
	assert_true(dispatch.watch.is_on);
	assert_int_equal(dispatch.watch.left, 5);
	assert_int_equal(send_call(&dispatch, "fail", (struct pair[]){ { 0 } }, output), 0);
	assert_false(dispatch.watch.is_on);
	reply = next_reply(output);
	assert_int_equal(reply->body_case, YAGURA__CONTROL__REPLY__BODY_DONE);
	assert_int_equal(reply->done->error, 0);
	yagura__control__reply__free_unpacked(reply, NULL);
	expect_done(output, 4, "no more room");
}

static void test_call_before_greeting(void **state)
{
	struct dispatch dispatch = { .commands = table, .role = CONTROL_ADMIN };

	(void)state;
	runs = 0;
	assert_int_equal(send_call(&dispatch, "count", (struct pair[]){ { 0 } }, output), -EPROTO);
	expect_done(output, 5, "before the greeting");
	assert_int_equal(runs, 0);
}

static void test_greeting_twice(void **state)
{
	struct dispatch dispatch = converse(CONTROL_ADMIN);

	(void)state;
	assert_int_equal(send_greeting(&dispatch, 1, output), -EPROTO);
	expect_done(output, 5, "twice");
}

static void test_other_protocol(void **state)
{
	struct dispatch dispatch = { .commands = table, .role = CONTROL_ADMIN };

	(void)state;
	assert_int_equal(send_greeting(&dispatch, 2, output), -EPROTO);
	expect_done(output, 5, "protocol 1");
	assert_false(dispatch.greeted);
}

static void test_empty_request(void **state)
{
	struct dispatch dispatch = converse(CONTROL_ADMIN);

	(void)state;
	assert_int_equal(dispatch_request(&dispatch, (const uint8_t *)"", 0, output), -EPROTO);
	expect_done(output, 5, "unknown kind");
}

static void test_garbage(void **state)
{
	struct dispatch dispatch = converse(CONTROL_ADMIN);

	(void)state;
	assert_int_equal(dispatch_request(&dispatch, (const uint8_t *)"\xff\xff\xff", 3, output),
			 -EPROTO);
	expect_done(output, 5, "does not decode");
}

static void test_rows_are_ascii(void **state)
{
	struct dispatch dispatch = converse(CONTROL_VIEWER);
	const struct pair pairs[] = { { "text", "\x1b[2J\x7fé\xe2\x80\xae" }, { 0 } };

	(void)state;
	assert_int_equal(send_call(&dispatch, "count", pairs, output), 0);
	expect_row(output, "{\"left\":1,\"text\":\"\\u001B[2J\x7f\\u00E9\\u202E\"}");
	expect_done(output, 0, "");
}

#define CONVERSATION(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest conversations[] = {
		CONVERSATION(test_welcome_lists_by_role),
		CONVERSATION(test_welcome_describes),
		CONVERSATION(test_another_request_ends_a_watch),
		CONVERSATION(test_call_before_greeting),
		CONVERSATION(test_greeting_twice),
		CONVERSATION(test_other_protocol),
		CONVERSATION(test_empty_request),
		CONVERSATION(test_garbage),
		CONVERSATION(test_rows_are_ascii),
	};
	struct CMUnitTest calls[sizeof(cases) / sizeof(*cases)];

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		calls[i] = (struct CMUnitTest){ cases[i].name, check_case, set_up, tear_down,
						&cases[i] };
	return cmocka_run_group_tests(conversations, NULL, NULL) +
	       cmocka_run_group_tests(calls, NULL, NULL);
}
