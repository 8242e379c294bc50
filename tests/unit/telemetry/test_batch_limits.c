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
	grow_text(&batch->texts[batch->processes->args[0] - 1], BATCH_TEXT_BYTES_MAX + 1);
}

static void path_too_long(Yagura__Telemetry__Batch *batch)
{
	grow_text(&batch->texts[batch->processes->executable[0] - 1], BATCH_PATH_BYTES_MAX + 1);
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
	grow_text(&batch->texts[batch->processes->args[0] - 1], BATCH_TEXT_BYTES_MAX);
	grow_exits(batch->exits, 65);
}

static void cwd_too_long(Yagura__Telemetry__Batch *batch)
{
	grow_text(&batch->texts[batch->execs->cwd[0] - 1], BATCH_PATH_BYTES_MAX + 1);
}

static void cgroup_too_long(Yagura__Telemetry__Batch *batch)
{
	grow_text(&batch->texts[batch->sockets->cgroup[0] - 1], BATCH_PATH_BYTES_MAX + 1);
}

#define GAPS 1025u

/* A gap is a message of its own; 4 KiB, 1,025 times. */
static void cgroup_said_too_often(Yagura__Telemetry__Batch *batch)
{
	grow_text(&batch->texts[batch->gaps[0]->cgroup - 1], BATCH_PATH_BYTES_MAX);
	batch->gaps = realloc(batch->gaps, GAPS * sizeof(*batch->gaps));
	assert_non_null(batch->gaps);
	for (size_t i = 1; i < GAPS; i++) {
		batch->gaps[i] = malloc(sizeof(*batch->gaps[i]));
		assert_non_null(batch->gaps[i]);
		*batch->gaps[i] = *batch->gaps[0];
	}
	batch->n_gaps = GAPS;
}

static struct limit_case {
	const char *name;
	void (*grow)(Yagura__Telemetry__Batch *batch);
	const char *why;
} cases[] = {
	{ "text too long", text_too_long, "text too long" },
	{ "path too long", path_too_long, "path too long" },
	{ "too many records", too_many_records, "too many records" },
	{ "directory too long", cwd_too_long, "path too long" },
	{ "control group too long", cgroup_too_long, "path too long" },
	{ "control group said too often", cgroup_said_too_often, "texts referred to too often" },
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
	assert_int_equal(batch_decode_raw(raw, size, receive_never, NULL, &why), -EBADMSG);
	assert_string_equal(why, c->why);
}

int main(void)
{
	struct CMUnitTest tests[sizeof(cases) / sizeof(cases[0])];

	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		tests[i] = (struct CMUnitTest){ cases[i].name, check_limit, NULL, NULL, &cases[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
