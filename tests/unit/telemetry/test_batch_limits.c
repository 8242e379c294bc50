/* SPDX-License-Identifier: Apache-2.0 */
/* What a batch may ask of whoever stores it: each row grows a good batch beyond one limit. */
#include "telemetry/batch_raw.h"

#include "common/cleanup.h"
#include "support/sample_batch.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#undef UNIT_TESTING /* cmocka's own malloc hides overreads from ASan */
#include <cmocka.h>

static void grow_text(ProtobufCBinaryData *text, size_t size)
{
	text->data = realloc(text->data, size);
	assert_non_null(text->data);
	memset(text->data, 'a', size);
	text->len = size;
}

static void text_too_long(Yagura__Telemetry__Batch *batch)
{
	grow_text(&batch->texts[batch->commands->args[0] - 1], BATCH_TEXT_BYTES_MAX + 1);
}

static void path_too_long(Yagura__Telemetry__Batch *batch)
{
	grow_text(&batch->texts[batch->images->executable[0] - 1], BATCH_PATH_BYTES_MAX + 1);
}

/* As many rows as asked for, all like the first (times are deltas). */
#define GROW(table, name, rows)                                                                    \
	do {                                                                                       \
		(table)->name = realloc((table)->name, (rows) * sizeof(*(table)->name));           \
		assert_non_null((table)->name);                                                    \
		for (size_t i = 1; i < (rows); i++)                                                \
			(table)->name[i] = (table)->name[0];                                       \
		(table)->n_##name = (rows);                                                        \
	} while (0)

static void grow_exits(Yagura__Telemetry__Exits *exits, size_t rows)
{
	GROW(exits, time_ms, rows);
	GROW(exits, process, rows);
	GROW(exits, status, rows);
	GROW(exits, run_us, rows);
	memset(exits->time_ms, 0, rows * sizeof(*exits->time_ms));
}

static void too_many_records(Yagura__Telemetry__Batch *batch)
{
	grow_exits(batch->exits, BATCH_RECORDS_MAX);
}

/* 64 KiB, 65 times. */
static void args_said_too_often(Yagura__Telemetry__Batch *batch)
{
	batch->exits->process[0] = 1;
	grow_text(&batch->texts[batch->commands->args[0] - 1], BATCH_TEXT_BYTES_MAX);
	grow_exits(batch->exits, 65);
}

static void cwd_too_long(Yagura__Telemetry__Batch *batch)
{
	grow_text(&batch->texts[batch->situations->cwd[0] - 1], BATCH_PATH_BYTES_MAX + 1);
}

static void px1_too_long(Yagura__Telemetry__Batch *batch)
{
	grow_text(&batch->texts[batch->images->px1[0] - 1], RECORD_PX1_BYTES + 1);
}

static void cgroup_too_long(Yagura__Telemetry__Batch *batch)
{
	grow_text(&batch->texts[batch->sockets->cgroup[0] - 1], BATCH_PATH_BYTES_MAX + 1);
}

static void name_too_long(Yagura__Telemetry__Batch *batch)
{
	grow_text(&batch->texts[batch->peers->name[0] - 1], BATCH_PATH_BYTES_MAX + 1);
}

static void mark_too_long(Yagura__Telemetry__Batch *batch)
{
	grow_text(&batch->texts[batch->marks->value[0] - 1], BATCH_TEXT_BYTES_MAX + 1);
}

static void splt_too_long(Yagura__Telemetry__Batch *batch)
{
	grow_text(&batch->blobs[batch->flows->splt[0] - 1], 3 * (SPLT_MAX + 1));
}

/* A list of `rows` marks, each the same; row n + 1 comes after row n. */
static void grow_fingerprints(Yagura__Telemetry__Batch *batch, size_t rows)
{
	Yagura__Telemetry__Fingerprints *lists = batch->fingerprints;

	GROW(lists, mark, rows);
	GROW(lists, before, rows);
	lists->before[0] = 0;
	for (size_t i = 1; i < rows; i++)
		lists->before[i] = 1;
	batch->flow_classes->fingerprint[0] = (uint32_t)rows;
	batch->peers->fingerprint[0] = 0;
}

static void too_many_marks(Yagura__Telemetry__Batch *batch)
{
	grow_fingerprints(batch, MARKS_MAX + 1);
}

/* Those of a later version count as well: they are work all the same. */
static void too_many_unknown_marks(Yagura__Telemetry__Batch *batch)
{
	batch->marks->kind[0] = MARK_KIND_COUNT;
	grow_fingerprints(batch, MARKS_MAX + 1);
}

static void the_longest_chain(Yagura__Telemetry__Batch *batch)
{
	grow_fingerprints(batch, 65536);
}

static void marks_too_long(Yagura__Telemetry__Batch *batch)
{
	grow_text(&batch->texts[batch->marks->value[0] - 1], BATCH_TEXT_BYTES_MAX);
	grow_fingerprints(batch, 5);
}

/* As the first is, but for their packet sequences. */
static void grow_flows(Yagura__Telemetry__Batch *batch, size_t rows)
{
	Yagura__Telemetry__Flows *flows = malloc(sizeof(*flows));

	assert_non_null(flows);
	yagura__telemetry__flows__free_unpacked(batch->flows, NULL);
	yagura__telemetry__flows__init(flows);
	batch->flows = flows;
	flows->n_end_ms = flows->n_class_ = flows->n_peer = rows;
	flows->end_ms = calloc(rows, sizeof(*flows->end_ms));
	flows->class_ = calloc(rows, sizeof(*flows->class_));
	flows->peer = calloc(rows, sizeof(*flows->peer));
	assert_non_null(flows->end_ms);
	assert_non_null(flows->class_);
	assert_non_null(flows->peer);
	for (size_t i = 0; i < rows; i++)
		flows->class_[i] = flows->peer[i] = 1;
}

/* One long list, in each of many flows: 1,500 bytes for the wire, 50 MiB for whoever writes it. */
static void marks_said_too_often(Yagura__Telemetry__Batch *batch)
{
	grow_fingerprints(batch, MARKS_MAX);
	batch->texts[batch->marks->value[0] - 1].len = 0;
	grow_flows(batch, BATCH_RECORDS_MAX - 4);
}

#define GAPS 1025u

/* 4 KiB, 1,025 times. */
static void cgroup_said_too_often(Yagura__Telemetry__Batch *batch)
{
	grow_text(&batch->texts[batch->gaps->cgroup[0] - 1], BATCH_PATH_BYTES_MAX);
	GROW(batch->gaps, time_ms, GAPS);
	GROW(batch->gaps, record_class, GAPS);
	GROW(batch->gaps, reason, GAPS);
	GROW(batch->gaps, records, GAPS);
	GROW(batch->gaps, cgroup, GAPS);
	memset(batch->gaps->time_ms, 0, GAPS * sizeof(*batch->gaps->time_ms));
}

static struct limit_case {
	const char *name;
	void (*grow)(Yagura__Telemetry__Batch *batch);
	const char *why;
} cases[] = {
	{ "text too long", text_too_long, "text too long" },
	{ "path too long", path_too_long, "path too long" },
	{ "too many records", too_many_records, "too many rows" },
	{ "directory too long", cwd_too_long, "path too long" },
	{ "px1 too long", px1_too_long, "px1 too long" },
	{ "control group too long", cgroup_too_long, "path too long" },
	{ "control group said too often", cgroup_said_too_often, "texts referred to too often" },
	{ "name too long", name_too_long, "path too long" },
	{ "mark too long", mark_too_long, "text too long" },
	{ "packet sequence too long", splt_too_long, "packet sequence of a wrong length" },
	{ "too many marks", too_many_marks, "too many marks" },
	{ "too many marks of a later version", too_many_unknown_marks, "too many marks" },
	{ "a chain as long as its table", the_longest_chain, "too many marks" },
	{ "marks too long", marks_too_long, "marks too long" },
	{ "marks said too often", marks_said_too_often, "texts referred to too often" },
	{ "args said too often", args_said_too_often, "texts referred to too often" },
};

static void check_limit(void **state)
{
	const struct limit_case *c = *state;
	_cleanup_free_ uint8_t *raw = NULL;
	Yagura__Telemetry__Batch *message;
	const char *why = "none";
	void *batch = NULL;
	size_t size = 0;

	sample_batch_set_up(&batch);
	message = sample_batch_unpack(batch);
	c->grow(message);
	raw = sample_batch_pack(message, &size);
	yagura__telemetry__batch__free_unpacked(message, NULL);
	sample_batch_tear_down(&batch);
	assert_int_equal(sample_decode_raw(raw, size, receive_never, NULL, &why), -EBADMSG);
	assert_string_equal(why, c->why);
}

int main(void)
{
	struct CMUnitTest tests[sizeof(cases) / sizeof(cases[0])];

	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		tests[i] = (struct CMUnitTest){ cases[i].name, check_limit, NULL, NULL, &cases[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
