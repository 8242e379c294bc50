/* SPDX-License-Identifier: Apache-2.0 */
#include "common/cleanup.h"
#include "support/sample_batch.h"
#include "support/sample_records.h"
#include "telemetry/batch_codec.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#undef UNIT_TESTING /* cmocka's own malloc hides overreads from ASan */
#include <cmocka.h>

static int set_up(void **state)
{
	*state = batch_encoder_new(&sample_header);
	return *state ? 0 : -1;
}

static int tear_down(void **state)
{
	batch_encoder_free(*state);
	return 0;
}

static void add_all(struct batch_encoder *encoder, const struct record *records, size_t count)
{
	for (size_t i = 0; i < count; i++)
		assert_int_equal(batch_encoder_add(encoder, &records[i]), 0);
}

/* Finishes and decodes; the estimate must have been an upper bound. */
static void assert_comes_back(struct batch_encoder *encoder, const struct record *want,
			      size_t count)
{
	size_t estimate = batch_encoder_bytes(encoder);
	struct sample_batch batch;

	assert_int_equal(batch_encoder_count(encoder), count);
	sample_batch_finish(encoder, &batch);
	assert_in_range(batch.raw_size, 1, estimate);
	assert_int_equal(batch_encoder_count(encoder), 0);
	assert_decodes_to(batch.bytes, batch.size, batch.raw_size, want, count);
	sample_batch_free(&batch);
}

/* Finishes and unpacks with protobuf-c itself. */
static Yagura__Telemetry__Batch *finish_and_unpack(struct batch_encoder *encoder)
{
	Yagura__Telemetry__Batch *message;
	struct sample_batch batch;

	sample_batch_finish(encoder, &batch);
	message = sample_batch_unpack(&batch);
	sample_batch_free(&batch);
	return message;
}

static void test_each_class_round_trips(void **state)
{
	const struct record records[] = { sample_exec(), sample_exit(), sample_flow(),
					  sample_gap() };

	add_all(*state, records, 4);
	assert_comes_back(*state, records, 4);
}

static void test_addresses(void **state)
{
	struct record mapped = sample_flow();
	struct record ipv6 = sample_flow();
	Yagura__Telemetry__Batch *batch;

	memset(ipv6.flow.source.addr, 0xfe, 16);
	memset(ipv6.flow.destination.addr, 0, 16);
	add_all(*state, (struct record[]){ mapped, ipv6 }, 2);
	batch = finish_and_unpack(*state);
	assert_int_equal(batch->blobs[batch->flow_classes->local_addr[0] - 1].len, 4);
	assert_int_equal(batch->blobs[batch->flow_classes->local_addr[1] - 1].len, 16);
	assert_int_equal(batch->blobs[2].len, 16);
	yagura__telemetry__batch__free_unpacked(batch, NULL);
}

static void test_times_are_relative_to_the_first_record(void **state)
{
	struct record records[] = { sample_exit(), sample_exit(), sample_exit() };
	Yagura__Telemetry__Batch *batch;

	records[1].exit.time_ns += 5999999; /* rounds down to 5 ms */
	records[2].exit.time_ns -= 1000000;
	add_all(*state, records, 3);
	batch = finish_and_unpack(*state);
	assert_true(batch->base_ms == SAMPLE_TIME_NS / 1000000);
	assert_int_equal(batch->exits->time_ms[0], 0);
	assert_int_equal(batch->exits->time_ms[1], 5);
	assert_int_equal(batch->exits->time_ms[2], -6);
	yagura__telemetry__batch__free_unpacked(batch, NULL);
}

static void test_one_process_row_for_many_flows(void **state)
{
	struct record flow = sample_flow();
	Yagura__Telemetry__Batch *batch;

	for (uint32_t i = 0; i < 1000; i++) {
		flow.flow.cookie++;
		assert_int_equal(batch_encoder_add(*state, &flow), 0);
	}
	batch = finish_and_unpack(*state);
	assert_int_equal(batch->flows->n_class_, 1000);
	assert_int_equal(batch->processes->n_pid, 1);
	assert_int_equal(batch->n_texts, 3); /* path, argv, control group */
	assert_int_equal(batch->n_blobs, 2); /* addresses */
	assert_int_equal(batch->flow_classes->n_process, 1);
	yagura__telemetry__batch__free_unpacked(batch, NULL);
}

static void test_different_knowledge_makes_two_rows(void **state)
{
	struct record records[] = { sample_exit(), sample_exit(), sample_exit() };
	Yagura__Telemetry__Batch *batch;

	records[1].exit.process.args = (struct text){ 0 };
	records[2].exit.process.args_truncated = true;
	add_all(*state, records, 3);
	batch = finish_and_unpack(*state);
	assert_int_equal(batch->processes->n_pid, 3);
	assert_int_equal(batch->processes->pid[1], 0);
	yagura__telemetry__batch__free_unpacked(batch, NULL);
}

static void test_no_process_comes_back_unknown(void **state)
{
	struct record record = sample_exit();
	struct record want = record;

	record.exit.process = (struct record_process){ 0 };
	want.exit.process = (struct record_process){ .uid = UINT32_MAX, .gid = UINT32_MAX };
	add_all(*state, &record, 1);
	assert_comes_back(*state, &want, 1);
}

static void test_order_within_a_class(void **state)
{
	const enum record_class mixed[] = { RECORD_GAP,	 RECORD_FLOW, RECORD_EXIT, RECORD_EXEC,
					    RECORD_EXIT, RECORD_GAP,  RECORD_FLOW };
	struct record want[] = { sample_exec(), sample_exit(), sample_exit(), sample_flow(),
				 sample_flow(), sample_gap(),  sample_gap() };
	const size_t position[] = { 5, 3, 1, 0, 2, 6, 4 };

	want[1].exit.status = 256;
	want[3].flow.cookie = 9;
	want[4].flow.cookie = 2;
	want[5].gap.count = 1;
	for (size_t i = 0; i < 7; i++) {
		assert_int_equal(want[position[i]].class, mixed[i]);
		add_all(*state, &want[position[i]], 1);
	}
	assert_int_equal(batch_encoder_count_class(*state, RECORD_EXEC), 1);
	assert_int_equal(batch_encoder_count_class(*state, RECORD_EXIT), 2);
	assert_int_equal(batch_encoder_count_class(*state, RECORD_CLASS_COUNT), 0);
	assert_comes_back(*state, want, 7);
}

static void test_end_before_start_has_no_duration(void **state)
{
	struct record record = sample_flow();
	struct record want = record;

	record.flow.end_ns = record.flow.start_ns - 5000000;
	want.flow.end_ns = want.flow.start_ns;
	add_all(*state, &record, 1);
	assert_comes_back(*state, &want, 1);
}

static void test_nothing_to_finish(void **state)
{
	struct batch_bytes batch = { .size = 7, .raw_size = 7 };

	assert_int_equal(batch_encoder_finish(*state, &batch), -ENODATA);
	assert_null(batch.bytes);
	assert_int_equal(batch.size, 7);
	assert_int_equal(batch.raw_size, 7);
}

static void test_unknown_class(void **state)
{
	const struct record record = { .class = RECORD_CLASS_COUNT };

	assert_int_equal(batch_encoder_add(*state, &record), -EINVAL);
	assert_int_equal(batch_encoder_count(*state), 0);
}

/* Bytes that do not deflate, so that the deflated size is put to the test, too. */
static void scramble(char *bytes, size_t size, uint32_t *seed)
{
	for (size_t i = 0; i < size; i++) {
		*seed = *seed * 1664525u + 1013904223u;
		bytes[i] = (char)(*seed >> 24);
	}
}

static void test_full_then_finish_then_add(void **state)
{
	struct record exec = sample_exec();
	struct sample_batch batch;
	char args[32768];
	uint32_t seed = 1;
	uint32_t added = 0;
	int r;

	exec.exec.process.args = (struct text){ args, sizeof(args) };
	for (;;) {
		scramble(args, sizeof(args), &seed);
		r = batch_encoder_add(*state, &exec);
		if (r < 0)
			break;
		added++;
	}
	assert_int_equal(r, -E2BIG);
	assert_in_range(added, 120, 128);
	assert_int_equal(batch_encoder_count(*state), added);
	sample_batch_finish(*state, &batch);
	assert_in_range(batch.raw_size, 120 * sizeof(args), BATCH_RAW_BYTES_MAX);
	assert_in_range(batch.size, 120 * sizeof(args), BATCH_RAW_BYTES_MAX);
	sample_batch_free(&batch);
	add_all(*state, &exec, 1);
	assert_comes_back(*state, &exec, 1);
}

static void test_records_are_limited(void **state)
{
	struct record gap = sample_gap();
	struct record exit_record = sample_exit();

	for (uint32_t i = 0; i < BATCH_RECORDS_MAX; i++)
		assert_int_equal(batch_encoder_add(*state, &gap), 0);
	assert_int_equal(batch_encoder_add(*state, &gap), -E2BIG);
	assert_int_equal(batch_encoder_add(*state, &exit_record), -E2BIG);
}

/* A long argv in the tables once, but in many records: they are written out elsewhere. */
static void test_texts_said_often_fill_it(void **state)
{
	static char args[BATCH_TEXT_BYTES_MAX];
	struct record exec = sample_exec();
	struct record records[40];
	uint32_t added = 0;

	memset(args, 'a', sizeof(args));
	exec.exec.process.args = (struct text){ args, sizeof(args) };
	exec.exec.parent = exec.exec.process;
	while (added < 40 && batch_encoder_add(*state, &exec) == 0)
		records[added++] = exec;
	assert_in_range(added, 30, 32);
	assert_comes_back(*state, records, added);
	add_all(*state, &exec, 1);
}

static void test_overlong_texts_are_cut(void **state)
{
	static char huge[BATCH_RAW_BYTES_MAX];
	struct record record = sample_exec();
	struct record want;

	memset(huge, 'a', sizeof(huge));
	record.exec.process.executable = (struct text){ huge, sizeof(huge) };
	record.exec.process.args = (struct text){ huge, BATCH_TEXT_BYTES_MAX + 1 };
	want = record;
	want.exec.process.executable.length = BATCH_PATH_BYTES_MAX;
	want.exec.process.args.length = BATCH_TEXT_BYTES_MAX;
	want.exec.process.args_truncated = true;
	add_all(*state, &record, 1);
	assert_comes_back(*state, &want, 1);
}

static void test_free_takes_null(void **state)
{
	(void)state;
	batch_encoder_free(NULL);
}

#define WITH_ENCODER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_ENCODER(test_each_class_round_trips),
		WITH_ENCODER(test_addresses),
		WITH_ENCODER(test_times_are_relative_to_the_first_record),
		WITH_ENCODER(test_one_process_row_for_many_flows),
		WITH_ENCODER(test_different_knowledge_makes_two_rows),
		WITH_ENCODER(test_no_process_comes_back_unknown),
		WITH_ENCODER(test_order_within_a_class),
		WITH_ENCODER(test_end_before_start_has_no_duration),
		WITH_ENCODER(test_nothing_to_finish),
		WITH_ENCODER(test_unknown_class),
		WITH_ENCODER(test_full_then_finish_then_add),
		WITH_ENCODER(test_records_are_limited),
		WITH_ENCODER(test_texts_said_often_fill_it),
		WITH_ENCODER(test_overlong_texts_are_cut),
		cmocka_unit_test(test_free_takes_null),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
