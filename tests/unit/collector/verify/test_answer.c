/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/verify/answer.h"

#include "proto/transport.pb-c.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

typedef Yagura__Transport__Frame Frame;

static void hello_ack(void **state)
{
	uint64_t next[VERIFY_LANES] = { 1, UINT64_MAX };
	uint8_t body[ANSWER_BYTES_MAX];
	size_t size;
	Frame *frame;

	(void)state;
	size = answer_hello(body, next, UINT64_MAX);
	frame = yagura__transport__frame__unpack(NULL, size, body);
	assert_int_equal(frame->body_case, YAGURA__TRANSPORT__FRAME__BODY_HELLO_ACK);
	assert_int_equal(frame->hello_ack->protocol, 2);
	assert_int_equal(frame->hello_ack->window_bytes, UINT64_MAX);
	assert_int_equal(frame->hello_ack->n_lanes, 2);
	assert_int_equal(frame->hello_ack->lanes[0]->next_seq, 1);
	assert_int_equal(frame->hello_ack->lanes[1]->lane, 1);
	assert_int_equal(frame->hello_ack->lanes[1]->next_seq, UINT64_MAX);
	yagura__transport__frame__free_unpacked(frame, NULL);
}

static void ack(void **state)
{
	uint8_t body[ANSWER_BYTES_MAX];
	size_t size;
	Frame *frame;

	(void)state;
	size = answer_ack(body, 1, 12);
	frame = yagura__transport__frame__unpack(NULL, size, body);
	assert_int_equal(frame->body_case, YAGURA__TRANSPORT__FRAME__BODY_ACK);
	assert_int_equal(frame->ack->lane, 1);
	assert_int_equal(frame->ack->seq, 12);
	yagura__transport__frame__free_unpacked(frame, NULL);
}

/* With the longest text there may be. */
static void failure(void **state)
{
	struct verify_failure failure = { .code = VERIFY_REPLACED };
	uint8_t body[ANSWER_BYTES_MAX];
	size_t size;
	Frame *frame;

	(void)state;
	memset(failure.why, 'w', sizeof(failure.why) - 1);
	size = answer_failure(body, &failure);
	frame = yagura__transport__frame__unpack(NULL, size, body);
	assert_int_equal(frame->body_case, YAGURA__TRANSPORT__FRAME__BODY_FAILURE);
	assert_int_equal(frame->failure->code, 5);
	assert_string_equal(frame->failure->text, failure.why);
	yagura__transport__frame__free_unpacked(frame, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hello_ack),
		cmocka_unit_test(ack),
		cmocka_unit_test(failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
