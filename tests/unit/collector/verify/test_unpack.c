/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/verify/unpack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LANES_MAX (64u << 10)

/* A Hello (field 1) of that many empty lanes (field 6), two bytes each, tens of bytes of heap. */
static Yagura__Transport__Frame *unpack_lanes(size_t lanes)
{
	size_t length = 2 * lanes;
	uint8_t *body = calloc(1, length + 4);
	Yagura__Transport__Frame *frame;

	assert_non_null(body);
	assert_true(lanes <= LANES_MAX);
	body[0] = 0x0a;
	body[1] = (uint8_t)(0x80 | (length & 0x7f));
	body[2] = (uint8_t)(0x80 | (length >> 7 & 0x7f));
	body[3] = (uint8_t)(length >> 14);
	for (size_t i = 0; i < lanes; i++)
		body[4 + 2 * i] = 0x32;
	frame = unpack_frame(body, length + 4);
	free(body);
	return frame;
}

static void few_are_unpacked(void **state)
{
	Yagura__Transport__Frame *frame = unpack_lanes(200);

	(void)state;
	assert_non_null(frame);
	assert_int_equal(frame->hello->n_lanes, 200);
	unpack_free(frame);
}

static void unpacking_has_a_budget(void **state)
{
	(void)state;
	assert_null(unpack_lanes(4096));
	assert_null(unpack_lanes(LANES_MAX));
}

/* What is copied out of a frame always fits. */
static void longest_payload_is_unpacked(void **state)
{
	size_t size = 5u << 20;
	uint8_t *body = malloc(size);
	Yagura__Transport__Frame whole = YAGURA__TRANSPORT__FRAME__INIT;
	Yagura__Transport__Batch batch = YAGURA__TRANSPORT__BATCH__INIT;
	Yagura__Transport__Frame *frame;
	uint8_t *payload = calloc(1, size - 64);

	(void)state;
	assert_non_null(body);
	assert_non_null(payload);
	batch.payload = (ProtobufCBinaryData){ size - 64, payload };
	whole.body_case = YAGURA__TRANSPORT__FRAME__BODY_BATCH;
	whole.batch = &batch;
	frame = unpack_frame(body, yagura__transport__frame__pack(&whole, body));
	assert_non_null(frame);
	assert_int_equal(frame->batch->payload.len, size - 64);
	unpack_free(frame);
	unpack_free(NULL);
	free(payload);
	free(body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(few_are_unpacked),
		cmocka_unit_test(unpacking_has_a_budget),
		cmocka_unit_test(longest_payload_is_unpacked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
