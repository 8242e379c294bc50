/* SPDX-License-Identifier: Apache-2.0 */
/* Conversations of the control socket as bytes, with a table of commands made for tests. */
#ifndef YAGURA_TESTS_SUPPORT_DISPATCH_CASE_H
#define YAGURA_TESTS_SUPPORT_DISPATCH_CASE_H

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

static inline Yagura__Control__Reply *next_reply(struct evbuffer *output)
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

static inline struct dispatch converse(enum control_role role)
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

#define CONVERSATION(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

#endif
