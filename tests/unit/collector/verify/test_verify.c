/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/verify/verify.h"

#include "common/crc32c.h"
#include "proto/transport.pb-c.h"
#include "telemetry/batch_codec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef Yagura__Transport__Frame Frame;
typedef Yagura__Transport__Hello Hello;
typedef Yagura__Transport__Lane Lane;
typedef Yagura__Transport__Batch Batch;

#define WINDOW 1000u

static uint8_t sensor[16] = "sensor-number-1";
static uint8_t other[16] = "sensor-number-2";
static uint8_t boot_id[16] = "this-very-boot!";
static uint8_t payload[5u << 20];

/* What a frame says; filled by `make`, changed by a case, packed by `frame_of`. */
struct said {
	Frame frame;
	Hello hello;
	Lane lanes[3];
	Lane *lane_pointers[3];
	Batch batch;
};

static void say_hello(struct said *said)
{
	yagura__transport__hello__init(&said->hello);
	said->hello.protocol = 2;
	said->hello.sensor = (ProtobufCBinaryData){ 16, sensor };
	said->hello.boot_id = (ProtobufCBinaryData){ 16, boot_id };
	said->hello.generation = UINT64_MAX;
	said->hello.instance = 77;
	said->hello.version = (char *)"0.1.0";
	said->hello.kernel = (char *)"6.1.0";
	said->hello.host = (char *)"web1";
	for (uint32_t i = 0; i < 3; i++) {
		yagura__transport__lane__init(&said->lanes[i]);
		said->lanes[i].lane = i;
		said->lanes[i].first_seq = 3;
		said->lanes[i].next_seq = 5;
		said->lane_pointers[i] = &said->lanes[i];
	}
	said->hello.n_lanes = 2;
	said->hello.lanes = said->lane_pointers;
	said->frame.body_case = YAGURA__TRANSPORT__FRAME__BODY_HELLO;
	said->frame.hello = &said->hello;
}

static void say_batch(struct said *said, size_t size)
{
	yagura__transport__batch__init(&said->batch);
	said->batch.lane = 1;
	said->batch.seq = 9;
	said->batch.raw_bytes = 1234;
	said->batch.payload = (ProtobufCBinaryData){ size, payload };
	said->batch.crc32c = crc32c(0, payload, size);
	said->frame.body_case = YAGURA__TRANSPORT__FRAME__BODY_BATCH;
	said->frame.batch = &said->batch;
}

static void hear(struct verify_session *session, const struct said *said,
		 struct verify_message *ret_message)
{
	size_t size = yagura__transport__frame__get_packed_size(&said->frame);
	uint8_t *body = malloc(size + 1);

	assert_non_null(body);
	yagura__transport__frame__pack(&said->frame, body);
	verify_frame(session, body, size, ret_message);
	free(body);
}

static struct said new_said(void)
{
	struct said said;

	memset(&said, 0, sizeof(said));
	yagura__transport__frame__init(&said.frame);
	return said;
}

static struct verify_session greeted_session(void)
{
	struct verify_session session;
	struct verify_message message;
	struct said said = new_said();

	verify_session_init(&session, sensor, WINDOW);
	say_hello(&said);
	hear(&session, &said, &message);
	assert_int_equal(message.kind, VERIFY_HELLO);
	verify_message_done(&message);
	return session;
}

/* --- violations: what a good Hello or Batch is turned into, and the Failure it earns --- */

static void wrong_protocol(struct said *said)
{
	said->hello.protocol = 1;
}
static void other_sensor(struct said *said)
{
	said->hello.sensor.data = other;
}
static void short_sensor(struct said *said)
{
	said->hello.sensor.len = 15;
}
static void no_sensor(struct said *said)
{
	said->hello.sensor.len = 0;
}
static void long_boot_id(struct said *said)
{
	said->hello.boot_id = (ProtobufCBinaryData){ 17, payload };
}
static void lane_unknown(struct said *said)
{
	said->hello.n_lanes = 3;
}
static void lane_twice(struct said *said)
{
	said->lanes[1].lane = 0;
}
static void lane_backwards(struct said *said)
{
	said->lanes[0].next_seq = 2;
}
static void batch_lane(struct said *said)
{
	said->batch.lane = 2;
}
static void batch_zero(struct said *said)
{
	said->batch.seq = 0;
}
static void batch_beyond(struct said *said)
{
	said->batch.seq = (uint64_t)INT64_MAX + 1;
}
static void batch_raw(struct said *said)
{
	said->batch.raw_bytes = BATCH_RAW_BYTES_MAX + 1;
}
static void batch_payload(struct said *said)
{
	say_batch(said, BATCH_RAW_BYTES_MAX + 1);
}
static void batch_empty(struct said *said)
{
	say_batch(said, 0);
}
static void batch_epoch(struct said *said)
{
	said->batch.epoch_index = (uint32_t)said->batch.seq; /* would begin with batch 0 */
}
static void batch_checksum(struct said *said)
{
	said->batch.crc32c ^= 1;
}
static void our_ack(struct said *said)
{
	static Yagura__Transport__Ack ack;

	yagura__transport__ack__init(&ack);
	said->frame.body_case = YAGURA__TRANSPORT__FRAME__BODY_ACK;
	said->frame.ack = &ack;
}
static void nothing(struct said *said)
{
	said->frame.body_case = YAGURA__TRANSPORT__FRAME__BODY__NOT_SET;
}
static void unchanged(struct said *said)
{
	(void)said;
}

static struct violation {
	const char *name;
	bool is_greeted;
	bool is_batch;
	void (*change)(struct said *said);
	enum verify_code want;
} violations[] = {
	{ "Hello: another protocol", false, false, wrong_protocol, VERIFY_PROTOCOL_ERROR },
	{ "Hello: another sensor", false, false, other_sensor, VERIFY_IDENTITY },
	{ "Hello: half an identity", false, false, short_sensor, VERIFY_IDENTITY },
	{ "Hello: no identity", false, false, no_sensor, VERIFY_IDENTITY },
	{ "Hello: boot id too long", false, false, long_boot_id, VERIFY_MALFORMED },
	{ "Hello: a third lane", false, false, lane_unknown, VERIFY_MALFORMED },
	{ "Hello: a lane twice", false, false, lane_twice, VERIFY_MALFORMED },
	{ "Hello: a lane backwards", false, false, lane_backwards, VERIFY_MALFORMED },
	{ "Hello: again", true, false, unchanged, VERIFY_PROTOCOL_ERROR },
	{ "Batch before Hello", false, true, unchanged, VERIFY_PROTOCOL_ERROR },
	{ "Batch: a third lane", true, true, batch_lane, VERIFY_LIMIT },
	{ "Batch: number 0", true, true, batch_zero, VERIFY_LIMIT },
	{ "Batch: number beyond 63 bits", true, true, batch_beyond, VERIFY_LIMIT },
	{ "Batch: declares too much", true, true, batch_raw, VERIFY_LIMIT },
	{ "Batch: payload too long", true, true, batch_payload, VERIFY_LIMIT },
	{ "Batch: no payload", true, true, batch_empty, VERIFY_MALFORMED },
	{ "Batch: too far into an epoch", true, true, batch_epoch, VERIFY_LIMIT },
	{ "Batch: wrong checksum", true, true, batch_checksum, VERIFY_MALFORMED },
	{ "a frame only we may send", true, true, our_ack, VERIFY_PROTOCOL_ERROR },
	{ "an empty frame", true, true, nothing, VERIFY_PROTOCOL_ERROR },
	{ "an empty frame first", false, false, nothing, VERIFY_PROTOCOL_ERROR },
};

static void check_violation(void **state)
{
	const struct violation *v = *state;
	struct said said = new_said();
	struct verify_session session;
	struct verify_message message;

	verify_session_init(&session, sensor, WINDOW);
	if (v->is_greeted)
		session = greeted_session();
	if (v->is_batch)
		say_batch(&said, 100);
	else
		say_hello(&said);
	v->change(&said);
	hear(&session, &said, &message);
	assert_int_equal(message.kind, VERIFY_FAILURE);
	assert_int_equal(message.failure.code, v->want);
	assert_true(strlen(message.failure.why) > 5);
	assert_int_equal(session.is_greeted, v->is_greeted);
	assert_int_equal(session.unacknowledged_bytes, 0);
	verify_message_done(&message);
}

static void hello_is_passed_on(void **state)
{
	struct said said = new_said();
	struct verify_session session;
	struct verify_message message;

	(void)state;
	verify_session_init(&session, sensor, WINDOW);
	assert_int_equal(verify_frame_bytes_max(&session), VERIFY_HELLO_BYTES_MAX);
	say_hello(&said);
	said.hello.host = (char *)"evil\x1b[2J\n\xc3\xa9";
	hear(&session, &said, &message);
	assert_int_equal(message.kind, VERIFY_HELLO);
	assert_int_equal(message.hello.generation, UINT64_MAX);
	assert_int_equal(message.hello.instance, 77);
	assert_memory_equal(message.hello.boot_id, boot_id, 16);
	assert_string_equal(message.hello.version, "0.1.0");
	assert_string_equal(message.hello.kernel, "6.1.0");
	assert_string_equal(message.hello.host, "evil?[2J???");
	assert_int_equal(verify_frame_bytes_max(&session), VERIFY_FRAME_BYTES_MAX);
	verify_message_done(&message);
}

static void long_texts_are_cut(void **state)
{
	char text[2 * VERIFY_TEXT_BYTES];
	struct said said = new_said();
	struct verify_session session;
	struct verify_message message;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	verify_session_init(&session, sensor, WINDOW);
	say_hello(&said);
	said.hello.kernel = text;
	hear(&session, &said, &message);
	assert_int_equal(message.kind, VERIFY_HELLO);
	assert_int_equal(strlen(message.hello.kernel), VERIFY_TEXT_BYTES - 1);
	verify_message_done(&message);
}

static void batch_is_passed_on(void **state)
{
	struct verify_session session = greeted_session();
	struct said said = new_said();
	struct verify_message message;

	(void)state;
	payload[0] = 0xab;
	payload[99] = 0xcd;
	say_batch(&said, 100);
	said.batch.seq = INT64_MAX;
	hear(&session, &said, &message);
	assert_int_equal(message.kind, VERIFY_BATCH);
	assert_int_equal(message.batch.lane, 1);
	assert_int_equal(message.batch.seq, INT64_MAX);
	assert_int_equal(message.batch.raw_bytes, 1234);
	assert_int_equal(message.batch.payload_bytes, 100);
	assert_memory_equal(message.batch.payload, payload, 100);
	assert_int_equal(session.unacknowledged_bytes, 100);
	verify_message_done(&message);
}

static enum verify_kind send_bytes(struct verify_session *session, size_t size)
{
	struct said said = new_said();
	struct verify_message message;
	enum verify_kind kind;

	say_batch(&said, size);
	hear(session, &said, &message);
	kind = message.kind;
	if (kind == VERIFY_FAILURE)
		assert_int_equal(message.failure.code, VERIFY_LIMIT);
	verify_message_done(&message);
	return kind;
}

static void window_is_kept(void **state)
{
	struct verify_session session = greeted_session();

	(void)state;
	assert_int_equal(send_bytes(&session, WINDOW / 2), VERIFY_BATCH);
	assert_int_equal(send_bytes(&session, WINDOW / 2), VERIFY_BATCH);
	assert_int_equal(send_bytes(&session, 1), VERIFY_FAILURE);
	verify_acknowledged(&session);
	assert_int_equal(send_bytes(&session, 1), VERIFY_BATCH);
	assert_int_equal(send_bytes(&session, WINDOW), VERIFY_FAILURE);
}

static void one_batch_always_fits(void **state)
{
	struct verify_session session = greeted_session();

	(void)state;
	assert_int_equal(send_bytes(&session, BATCH_RAW_BYTES_MAX), VERIFY_BATCH);
	assert_int_equal(send_bytes(&session, 1), VERIFY_FAILURE);
}

static void expect_malformed(const uint8_t *body, size_t size)
{
	struct verify_session session = greeted_session();
	struct verify_message message;

	verify_frame(&session, body, size, &message);
	assert_int_equal(message.kind, VERIFY_FAILURE);
	assert_true(message.failure.code == VERIFY_MALFORMED ||
		    message.failure.code == VERIFY_PROTOCOL_ERROR);
	verify_message_done(&message);
}

static void garbage_is_refused(void **state)
{
	uint8_t garbage[64];

	(void)state;
	memset(garbage, 0xff, sizeof(garbage));
	for (size_t size = 0; size <= sizeof(garbage); size++)
		expect_malformed(garbage, size);
}

/* A cut frame is never taken for the whole one. */
static void cut_frames_are_refused(void **state)
{
	struct said said = new_said();
	uint8_t body[512];
	size_t size;

	(void)state;
	say_batch(&said, 100);
	size = yagura__transport__frame__pack(&said.frame, body);
	for (size_t cut = 0; cut < size; cut++)
		expect_malformed(body, cut);
}

#define VIOLATIONS (sizeof(violations) / sizeof(violations[0]))

int main(void)
{
	const struct CMUnitTest others[] = {
		cmocka_unit_test(hello_is_passed_on),	  cmocka_unit_test(long_texts_are_cut),
		cmocka_unit_test(batch_is_passed_on),	  cmocka_unit_test(window_is_kept),
		cmocka_unit_test(one_batch_always_fits),  cmocka_unit_test(garbage_is_refused),
		cmocka_unit_test(cut_frames_are_refused),
	};
	struct CMUnitTest tests[VIOLATIONS];
	int failed;

	for (size_t i = 0; i < VIOLATIONS; i++)
		tests[i] = (struct CMUnitTest){ violations[i].name, check_violation, NULL, NULL,
						&violations[i] };
	failed = cmocka_run_group_tests_name("violations", tests, NULL, NULL);
	return failed + cmocka_run_group_tests_name("the rest", others, NULL, NULL);
}
