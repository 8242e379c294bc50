/* SPDX-License-Identifier: Apache-2.0 */
#include "support/sensor_talk.h"

#include "common/crc32c.h"
#include "common/uuid.h"
#include "telemetry/batch_codec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

void sensor_talk_hello(struct sensor_client *client, const char *sensor, uint64_t instance)
{
	sensor_talk_spool(client, sensor, instance, 1, 0);
}

void sensor_talk_spool(struct sensor_client *client, const char *sensor, uint64_t instance,
		       uint64_t first_seq, uint64_t next_seq)
{
	Frame frame = YAGURA__TRANSPORT__FRAME__INIT;
	Yagura__Transport__Hello hello = YAGURA__TRANSPORT__HELLO__INIT;
	Yagura__Transport__Lane lanes[2];
	Yagura__Transport__Lane *pointers[2] = { &lanes[0], &lanes[1] };
	uint8_t id[16];
	uint8_t boot_id[16] = { 1, 2, 3 };

	for (uint32_t i = 0; i < 2; i++) {
		yagura__transport__lane__init(&lanes[i]);
		lanes[i].lane = i;
		lanes[i].first_seq = first_seq;
		lanes[i].next_seq = next_seq;
	}
	hello.n_lanes = next_seq > 0 ? 2 : 0;
	hello.lanes = pointers;
	assert_int_equal(uuid_parse(sensor, id), 0);
	hello.protocol = 2;
	hello.sensor = (ProtobufCBinaryData){ sizeof(id), id };
	hello.boot_id = (ProtobufCBinaryData){ sizeof(boot_id), boot_id };
	hello.generation = 5;
	hello.instance = instance;
	hello.host = (char *)"web1";
	frame.body_case = YAGURA__TRANSPORT__FRAME__BODY_HELLO;
	frame.hello = &hello;
	sensor_client_send(client, &frame);
}

void sensor_talk_expect_hello_ack(struct sensor_client *client, uint64_t next_a, uint64_t next_b)
{
	Frame *frame = sensor_client_receive(client);

	assert_non_null(frame);
	assert_int_equal(frame->body_case, YAGURA__TRANSPORT__FRAME__BODY_HELLO_ACK);
	assert_int_equal(frame->hello_ack->lanes[LANE_A]->next_seq, next_a);
	assert_int_equal(frame->hello_ack->lanes[LANE_B]->next_seq, next_b);
	yagura__transport__frame__free_unpacked(frame, NULL);
}

void sensor_talk_payload(struct sensor_client *client, Yagura__Transport__Batch *batch)
{
	Frame frame = YAGURA__TRANSPORT__FRAME__INIT;

	frame.body_case = YAGURA__TRANSPORT__FRAME__BODY_BATCH;
	frame.batch = batch;
	sensor_client_send(client, &frame);
}

static struct record record_of(uint32_t lane, uint64_t seq)
{
	struct record record = { .class = lane == LANE_A ? RECORD_EXEC : RECORD_FLOW };

	if (lane == LANE_A) {
		record.exec.time_ns = 1795395723456000000ull;
		record.exec.process.key = (struct record_process_key){ 1000, (uint32_t)seq, 1 };
		return record;
	}
	record.flow.start_ns = 1795395723456000000ull;
	record.flow.end_ns = record.flow.start_ns;
	record.flow.cookie = seq;
	record.flow.final = true;
	record.flow.direction = DIRECTION_EGRESS;
	record.flow.state = FLOW_CLOSED;
	record.flow.protocol = 6;
	return record;
}

static void send_record(struct sensor_client *client, uint32_t lane, uint64_t seq,
			const struct record *record, uint32_t crc_flip)
{
	struct batch_header header = { .boot_id = { 1, 2, 3 } };
	struct batch_encoder *encoder = batch_encoder_new(&header);
	Yagura__Transport__Batch batch = YAGURA__TRANSPORT__BATCH__INIT;
	struct batch_bytes made;

	assert_non_null(encoder);
	assert_int_equal(batch_encoder_add(encoder, record), 0);
	assert_int_equal(batch_encoder_finish(encoder, &made), 0);
	batch.lane = lane;
	batch.seq = seq;
	batch.raw_bytes = (uint32_t)made.raw_size;
	batch.crc32c = crc32c(0, made.bytes, made.size) ^ crc_flip;
	batch.payload = (ProtobufCBinaryData){ made.size, made.bytes };
	sensor_talk_payload(client, &batch);
	free(made.bytes);
	batch_encoder_free(encoder);
}

void sensor_talk_batch(struct sensor_client *client, uint32_t lane, uint64_t seq, uint32_t crc_flip)
{
	struct record record = record_of(lane, seq);

	send_record(client, lane, seq, &record, crc_flip);
}

void sensor_talk_large_batch(struct sensor_client *client, uint64_t seq, size_t bytes)
{
	struct record record = record_of(LANE_A, seq);
	char *args = malloc(bytes);
	uint32_t state = 1;

	assert_non_null(args);
	for (size_t i = 0; i < bytes; i++) {
		state = state * 1664525u + 1013904223u;
		args[i] = (char)(state >> 24);
	}
	record.exec.process.args = (struct text){ args, bytes };
	send_record(client, LANE_A, seq, &record, 0);
	free(args);
}

void sensor_talk_expect_ack(struct sensor_client *client, uint32_t lane, uint64_t seq)
{
	uint64_t acked = 0;

	while (acked < seq) {
		Frame *frame = sensor_client_receive(client);

		assert_non_null(frame);
		assert_int_equal(frame->body_case, YAGURA__TRANSPORT__FRAME__BODY_ACK);
		assert_int_equal(frame->ack->lane, lane);
		acked = frame->ack->seq;
		yagura__transport__frame__free_unpacked(frame, NULL);
	}
	assert_int_equal(acked, seq);
}

void sensor_talk_expect_failure(struct sensor_client *client, uint32_t code)
{
	Frame *frame = sensor_client_receive(client);

	assert_non_null(frame);
	assert_int_equal(frame->body_case, YAGURA__TRANSPORT__FRAME__BODY_FAILURE);
	assert_int_equal(frame->failure->code, code);
	assert_true(strlen(frame->failure->text) > 0);
	yagura__transport__frame__free_unpacked(frame, NULL);
	assert_null(sensor_client_receive(client));
}
