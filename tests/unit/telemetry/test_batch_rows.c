/* SPDX-License-Identifier: Apache-2.0 */
/* Records to columns and back: every field, what rows share, what is left out. */
#include "telemetry/batch_rows.h"

#include "common/cleanup.h"
#include "support/full_records.h"
#include "support/sample_batch.h"
#include "support/sample_records.h"
#include "telemetry/batch_raw.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#undef UNIT_TESTING /* cmocka's own malloc hides overreads from ASan */
#include <cmocka.h>

static void encode(const struct record *records, size_t count, struct sample_batch *ret_batch)
{
	struct batch_encoder *encoder = batch_encoder_new(&sample_header);
	size_t estimate;

	assert_non_null(encoder);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(batch_encoder_add(encoder, &records[i]), 0);
	estimate = batch_encoder_bytes(encoder);
	sample_batch_finish(encoder, ret_batch);
	assert_in_range(ret_batch->raw_size, 1, estimate);
	batch_encoder_free(encoder);
}

static void assert_round_trips(const struct record *records, size_t count)
{
	struct sample_batch batch;

	encode(records, count, &batch);
	assert_decodes_to(batch.bytes, batch.size, batch.raw_size, records, count);
	sample_batch_free(&batch);
}

/* Unpacked by protobuf-c itself. */
static Yagura__Telemetry__Batch *encode_and_unpack(const struct record *records, size_t count)
{
	Yagura__Telemetry__Batch *message;
	struct sample_batch batch;

	encode(records, count, &batch);
	message = sample_batch_unpack(&batch);
	sample_batch_free(&batch);
	return message;
}

static enum record_class classes[] = { RECORD_EXEC, RECORD_EXIT, RECORD_FLOW, RECORD_GAP,
				       RECORD_EXEC_UPDATE };

static void every_field_comes_back(void **state)
{
	const enum record_class *class = *state;
	struct record record = full_record(*class, FULL_DISTINCT);

	assert_null(full_record_lacks(&record));
	assert_round_trips(&record, 1);
}

/* As little as a record of that class can say and still be told from none. */
static struct record least(enum record_class class)
{
	struct record record;

	memset(&record, 0, sizeof(record));
	record.class = class;
	if (class == RECORD_EXEC)
		record.exec.process.key.pid = record.exec.parent.key.pid =
			record.exec.creator.key.pid = 1;
	else if (class == RECORD_EXIT)
		record.exit.process.key.exec_count = 1;
	else if (class == RECORD_FLOW)
		record.flow.process.key.start_ns = record.flow.listener.key.start_ns = 1;
	else if (class == RECORD_EXEC_UPDATE)
		record.exec_update.process.key.pid = 1;
	return record;
}

/* Up and down again: deltas of either sign, and no value leaks into the row after. */
static void the_largest_values_come_back(void **state)
{
	const enum record_class *class = *state;
	const struct record records[] = { least(*class), full_record(*class, FULL_MOST),
					  least(*class), full_record(*class, FULL_MOST) };

	assert_null(full_record_lacks(&records[1]));
	assert_round_trips(records, 4);
}

static void each_flag_is_its_own(void **state)
{
	const enum record_class *class = *state;
	struct record record;
	size_t flags = 0;

	for (; full_record_one_flag(*class, flags, &record); flags++)
		assert_round_trips(&record, 1);
	assert_round_trips(&record, 1); /* none is set */
	if (*class != RECORD_GAP)
		assert_in_range(flags, 1, 16);
}

static void execs_share_context_and_file(void **state)
{
	struct record records[100];
	Yagura__Telemetry__Batch *batch;

	(void)state;
	for (uint32_t i = 0; i < 100; i++) {
		records[i] = full_record(RECORD_EXEC, FULL_DISTINCT);
		records[i].exec.process.key.pid += i;
		records[i].exec.tty_minor += i % 2;
		records[i].exec.session_pid = 1;
	}
	batch = encode_and_unpack(records, 100);
	assert_int_equal(batch->processes->n_pid, 100 + 1 + 1 + 2); /* parent, creator, ancestors */
	assert_int_equal(batch->ancestries->n_process, 2);
	assert_int_equal(batch->contexts->n_cgroup_ns, 2);
	assert_int_equal(batch->files->n_inode, 1);
	assert_int_equal(batch->situations->n_parent, 2);
	assert_int_equal(batch->situations->context[0], 1);
	assert_int_equal(batch->situations->context[1], 2);
	assert_int_equal(batch->execs->situation[0], 1);
	assert_int_equal(batch->execs->situation[99], 2);
	assert_int_equal(batch->images->n_executable, 1 + 1 + 1 + 2);
	assert_int_equal(batch->images->file[0], 1);
	yagura__telemetry__batch__free_unpacked(batch, NULL);
	assert_round_trips(records, 100);
}

static void flows_share_sockets(void **state)
{
	struct record records[100];
	Yagura__Telemetry__Batch *batch;

	(void)state;
	for (uint32_t i = 0; i < 100; i++) {
		records[i] = full_record(RECORD_FLOW, FULL_DISTINCT);
		records[i].flow.cookie += i;
		records[i].flow.netns += i % 4;
	}
	batch = encode_and_unpack(records, 100);
	assert_int_equal(batch->sockets->n_uid, 4);
	assert_int_equal(batch->flow_classes->n_socket, 4);
	yagura__telemetry__batch__free_unpacked(batch, NULL);
	assert_round_trips(records, 100);
}

static void columns_of_zeros_are_left_out(void **state)
{
	const struct record records[] = { sample_flow(), sample_flow() };
	Yagura__Telemetry__Batch *batch = encode_and_unpack(records, 2);

	(void)state;
	assert_int_equal(batch->flows->n_end_ms, 2); /* the first column always stays */
	assert_int_equal(batch->flow_classes->n_error, 0);
	assert_int_equal(batch->flow_classes->n_listener, 0);
	assert_int_equal(batch->flows->n_repeats, 0);
	assert_int_equal(batch->flow_classes->n_process, 1);
	yagura__telemetry__batch__free_unpacked(batch, NULL);
	assert_round_trips(records, 2);
}

static void a_pid_that_is_the_same_inside_costs_nothing(void **state)
{
	const struct record outside = sample_exec();
	struct record inside = sample_exec();
	const struct record both[] = { outside, inside };
	Yagura__Telemetry__Batch *batch = encode_and_unpack(&outside, 1);

	(void)state;
	assert_int_equal(batch->execs->n_namespace_pid, 0);
	yagura__telemetry__batch__free_unpacked(batch, NULL);
	inside.exec.namespace_pid = 0;
	assert_round_trips(both, 2);
	inside.exec.namespace_pid = 7;
	assert_round_trips(&inside, 1);
}

#define OF_EACH_CLASS(test)                                                                        \
	{ #test ": exec", test, NULL, NULL, &classes[0] },                                         \
		{ #test ": exit", test, NULL, NULL, &classes[1] },                                 \
		{ #test ": flow", test, NULL, NULL, &classes[2] },                                 \
	{                                                                                          \
#test ": gap", test, NULL, NULL, &classes[3]                                       \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		OF_EACH_CLASS(every_field_comes_back),
		OF_EACH_CLASS(the_largest_values_come_back),
		OF_EACH_CLASS(each_flag_is_its_own),
		cmocka_unit_test(execs_share_context_and_file),
		cmocka_unit_test(flows_share_sockets),
		cmocka_unit_test(columns_of_zeros_are_left_out),
		cmocka_unit_test(a_pid_that_is_the_same_inside_costs_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
