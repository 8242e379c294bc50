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

struct encoded {
	uint8_t *bytes;
	size_t size;
	size_t raw_size;
};

static struct encoded encode(const struct record *records, size_t count)
{
	struct batch_encoder *encoder = batch_encoder_new(&sample_header);
	struct encoded batch = { 0 };
	size_t estimate;

	assert_non_null(encoder);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(batch_encoder_add(encoder, &records[i]), 0);
	estimate = batch_encoder_bytes(encoder);
	assert_int_equal(batch_encoder_finish(encoder, &batch.bytes, &batch.size, &batch.raw_size),
			 0);
	assert_in_range(batch.raw_size, 1, estimate);
	batch_encoder_free(encoder);
	return batch;
}

static void assert_round_trips(const struct record *records, size_t count)
{
	struct encoded batch = encode(records, count);

	assert_decodes_to(batch.bytes, batch.size, batch.raw_size, records, count);
	free(batch.bytes);
}

/* Unpacked by protobuf-c itself. */
static Yagura__Telemetry__Batch *encode_and_unpack(const struct record *records, size_t count)
{
	struct encoded batch = encode(records, count);
	struct sample_batch sample = { .bytes = batch.bytes, batch.size, NULL, batch.raw_size };
	Yagura__Telemetry__Batch *message;

	sample_batch_inflate(&sample);
	message = sample_batch_unpack(&sample);
	free(sample.bytes);
	free(sample.raw);
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
	}
	batch = encode_and_unpack(records, 100);
	assert_int_equal(batch->processes->n_pid, 100 + 1 + 1 + 2); /* parent, creator, ancestors */
	assert_int_equal(batch->ancestries->n_process, 2);
	assert_int_equal(batch->contexts->n_cgroup_ns, 2);
	assert_int_equal(batch->files->n_inode, 1);
	assert_int_equal(batch->execs->context[0], 1);
	assert_int_equal(batch->execs->context[1], 2);
	assert_int_equal(batch->execs->file[99], 1);
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
	assert_int_equal(batch->flows->n_socket, 100);
	yagura__telemetry__batch__free_unpacked(batch, NULL);
	assert_round_trips(records, 100);
}

static void columns_of_zeros_are_left_out(void **state)
{
	const struct record records[] = { sample_flow(), sample_flow() };
	Yagura__Telemetry__Batch *batch = encode_and_unpack(records, 2);

	(void)state;
	assert_int_equal(batch->flows->n_start_ms, 2); /* the first column always stays */
	assert_int_equal(batch->flows->n_error, 0);
	assert_int_equal(batch->flows->n_listener, 0);
	assert_int_equal(batch->flows->n_repeats, 0);
	assert_int_equal(batch->flows->n_process, 2);
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

/* --- what an earlier version wrote --- */

#define DROP(table, name)                                                                          \
	do {                                                                                       \
		free((table)->name);                                                               \
		(table)->name = NULL;                                                              \
		(table)->n_##name = 0;                                                             \
	} while (0)

static void make_schema_1(Yagura__Telemetry__Batch *batch)
{
	batch->schema = 1;
	yagura__telemetry__contexts__free_unpacked(batch->contexts, NULL);
	yagura__telemetry__files__free_unpacked(batch->files, NULL);
	yagura__telemetry__sockets__free_unpacked(batch->sockets, NULL);
	batch->contexts = NULL;
	batch->files = NULL;
	batch->sockets = NULL;
	DROP(batch->execs, context);
	DROP(batch->execs, file);
	DROP(batch->execs, cwd);
	DROP(batch->execs, session_pid);
	DROP(batch->exits, run_us);
	DROP(batch->flows, ending);
	DROP(batch->flows, socket);
}

static void forget_exec(struct record_exec *exec)
{
	exec->file = (struct record_file){ .deleted = exec->file.deleted };
	exec->namespaces = (struct record_namespaces){ 0 };
	exec->cwd.length = exec->script.length = exec->cgroup.length = 0;
	exec->loginuid = exec->audit_session = UINT32_MAX;
	exec->session_pid = exec->namespace_pid = 0;
}

static int expect_schema_1(void *context, const struct batch_header *header,
			   const struct record *record)
{
	struct record want[] = { sample_exec(), sample_exit(), sample_flow(), sample_gap() };

	(void)header;
	++*(size_t *)context;
	forget_exec(&want[0].exec);
	want[1].exit.run_ns = 0;
	want[2].flow.uid = UINT32_MAX;
	want[2].flow.ending = FLOW_ENDING_UNKNOWN;
	want[2].flow.cgroup.length = want[2].flow.cgroup_id = want[2].flow.netns = 0;
	assert_same_record(record, &want[record->class]);
	return 0;
}

static int expect_ipv6(void *context, const struct batch_header *header,
		       const struct record *record)
{
	(void)header;
	if (record->class == RECORD_FLOW)
		*(bool *)context = record->flow.is_ipv6;
	return 0;
}

static void the_first_schema_is_understood(void **state)
{
	const struct record samples[] = { sample_exec(), sample_exit(), sample_flow(),
					  sample_gap() };
	Yagura__Telemetry__Batch *message = encode_and_unpack(samples, 4);
	_cleanup_free_ uint8_t *raw = NULL;
	ProtobufCBinaryData *address;
	const char *why = "none";
	bool is_ipv6 = false;
	size_t count = 0;
	size_t size = 0;

	(void)state;
	make_schema_1(message);
	raw = sample_batch_pack(message, &size);
	assert_int_equal(batch_decode_raw(raw, size, expect_schema_1, &count, &why), 0);
	assert_int_equal(count, 4);

	/* It had no flag for it. */
	free(raw);
	address = &message->texts[message->flows->destination_addr[0] - 1];
	address->data = realloc(address->data, 16);
	assert_non_null(address->data);
	memset(address->data, 1, 16);
	address->len = 16;
	raw = sample_batch_pack(message, &size);
	yagura__telemetry__batch__free_unpacked(message, NULL);
	assert_int_equal(batch_decode_raw(raw, size, expect_ipv6, &is_ipv6, &why), 0);
	assert_true(is_ipv6);
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
		cmocka_unit_test(the_first_schema_is_understood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
