/* SPDX-License-Identifier: Apache-2.0 */
/* What a conversation is made of, and what ends it. */
#include "support/dispatch_case.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
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

	return cmocka_run_group_tests(tests, NULL, NULL);
}
