/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of ancestors in a batch: shared, bounded, and never trusted. */
#include "common/cleanup.h"
#include "support/full_records.h"
#include "support/sample_batch.h"
#include "support/sample_records.h"
#include "telemetry/batch_raw.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What the execs come to; freed as sample_batch.h says. */
static Yagura__Telemetry__Batch *encode(const struct record *records, size_t count)
{
	struct batch_encoder *encoder = batch_encoder_new(&sample_header);
	Yagura__Telemetry__Batch *message;
	struct sample_batch batch = { 0 };

	for (size_t i = 0; i < count; i++)
		assert_int_equal(batch_encoder_add(encoder, &records[i]), 0);
	sample_batch_finish(encoder, &batch);
	batch_encoder_free(encoder);
	assert_decodes_to(batch.bytes, batch.size, batch.raw_size, records, count);
	message = sample_batch_unpack(&batch);
	sample_batch_free(&batch);
	return message;
}

static struct record_process relative(uint32_t pid)
{
	return (struct record_process){
		.key = { .start_ns = pid * 1000ull, .pid = pid, .exec_count = 1 },
		.uid = 1,
		.gid = 2,
		.executable = { "/bin/x", 6 },
	};
}

/* Two below one shell, one of them a step deeper. */
static void lists_that_end_alike_share_rows(void **state)
{
	const struct record_process line[] = { relative(3), relative(2), relative(1) };
	struct record records[] = { sample_exec(), sample_exec() };
	Yagura__Telemetry__Batch *message;

	(void)state;
	records[0].exec.ancestors = line + 1;
	records[0].exec.ancestor_count = 2;
	records[1].exec.ancestors = line;
	records[1].exec.ancestor_count = 3;
	message = encode(records, 2);
	assert_int_equal(message->ancestries->n_process, 3);
	assert_int_equal(message->situations->ancestry[0], 2);
	assert_int_equal(message->situations->ancestry[1], 3);
	yagura__telemetry__batch__free_unpacked(message, NULL);
}

static void execs_without_cost_nothing(void **state)
{
	const struct record record = sample_exec();
	Yagura__Telemetry__Batch *message = encode(&record, 1);

	(void)state;
	assert_null(message->ancestries);
	assert_int_equal(message->situations->n_ancestry, 0);
	assert_int_equal(message->situations->n_creator, 0);
	assert_int_equal(message->execs->n_former_euid, 0);
	assert_int_equal(message->execs->n_facts, 0);
	yagura__telemetry__batch__free_unpacked(message, NULL);
}

/* The encoder keeps to what the decoder takes, whatever it is given. */
static void the_nearest_ones_are_kept(void **state)
{
	struct record_process line[RECORD_ANCESTORS_MAX + 5];
	struct record record = sample_exec();
	struct batch_encoder *encoder = batch_encoder_new(&sample_header);
	struct sample_batch batch = { 0 };

	(void)state;
	for (uint32_t i = 0; i < RECORD_ANCESTORS_MAX + 5; i++)
		line[i] = relative(1000 - i);
	record.exec.ancestors = line;
	record.exec.ancestor_count = RECORD_ANCESTORS_MAX + 5;
	assert_int_equal(batch_encoder_add(encoder, &record), 0);
	sample_batch_finish(encoder, &batch);
	record.exec.ancestor_count = RECORD_ANCESTORS_MAX;
	assert_decodes_to(batch.bytes, batch.size, batch.raw_size, &record, 1);
	batch_encoder_free(encoder);
	sample_batch_free(&batch);
}

/* --- what a hostile sensor sends; the exec of the batch has two ancestors --- */

static void over_the_end(Yagura__Telemetry__Batch *batch)
{
	batch->situations->ancestry[0] = 3;
}

static void process_over_the_end(Yagura__Telemetry__Batch *batch)
{
	batch->ancestries->process[1] = (uint32_t)batch->processes->n_pid + 1;
}

static void nobody(Yagura__Telemetry__Batch *batch)
{
	batch->ancestries->process[0] = 0;
}

static void of_itself(Yagura__Telemetry__Batch *batch)
{
	batch->ancestries->above[1] = 2;
}

static void of_a_later_one(Yagura__Telemetry__Batch *batch)
{
	batch->ancestries->above[0] = 2;
}

static void far_before(Yagura__Telemetry__Batch *batch)
{
	batch->ancestries->above[1] = INT64_MIN;
}

static void column_short(Yagura__Telemetry__Batch *batch)
{
	batch->ancestries->n_above--;
}

static void table_missing(Yagura__Telemetry__Batch *batch)
{
	yagura__telemetry__ancestries__free_unpacked(batch->ancestries, NULL);
	batch->ancestries = NULL;
}

static void creator_over_the_end(Yagura__Telemetry__Batch *batch)
{
	batch->situations->creator[0] = UINT32_MAX;
}

/* One more than there may be, each above the one before. */
static void too_many(Yagura__Telemetry__Batch *batch)
{
	Yagura__Telemetry__Ancestries *lists = batch->ancestries;
	size_t rows = RECORD_ANCESTORS_MAX + 1;

	free(lists->process);
	free(lists->above);
	lists->process = calloc(rows, sizeof(*lists->process));
	lists->above = calloc(rows, sizeof(*lists->above));
	lists->n_process = lists->n_above = rows;
	for (size_t i = 0; i < rows; i++) {
		lists->process[i] = 1;
		lists->above[i] = i > 0;
	}
	batch->situations->ancestry[0] = (uint32_t)rows;
}

static void facts_of_a_later_version(Yagura__Telemetry__Batch *batch)
{
	batch->execs->facts[0] = UINT32_MAX;
}

static const struct damage_case {
	const char *name;
	void (*damage)(Yagura__Telemetry__Batch *batch);
	const char *why; /* NULL: none, it is read */
} cases[] = {
	{ "over the end", over_the_end, "ancestry reference out of range" },
	{ "process over the end", process_over_the_end, "process reference out of range" },
	{ "nobody", nobody, "ancestor that is nobody" },
	{ "of itself", of_itself, "ancestor of itself" },
	{ "of a later one", of_a_later_one, "ancestor of itself" },
	{ "far before", far_before, "ancestor of itself" },
	{ "column short", column_short, "columns of different lengths" },
	{ "table missing", table_missing, "ancestry reference out of range" },
	{ "creator over the end", creator_over_the_end, "process reference out of range" },
	{ "too many", too_many, "too many ancestors" },
	{ "facts of a later version", facts_of_a_later_version, NULL },
};

static void what_is_damaged_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct record record = full_record(RECORD_EXEC, FULL_DISTINCT);
		Yagura__Telemetry__Batch *message = encode(&record, 1);
		_cleanup_free_ uint8_t *raw = NULL;
		const char *why = NULL;
		size_t size = 0, count = 0;

		cases[i].damage(message);
		raw = sample_batch_pack(message, &size);
		yagura__telemetry__batch__free_unpacked(message, NULL);
		sample_decode_raw(raw, size, receive_count, &count, &why);
		if (cases[i].why)
			assert_string_equal(why ?: "", cases[i].why);
		assert_int_equal(count, !cases[i].why);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_that_end_alike_share_rows),
		cmocka_unit_test(execs_without_cost_nothing),
		cmocka_unit_test(the_nearest_ones_are_kept),
		cmocka_unit_test(what_is_damaged_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
