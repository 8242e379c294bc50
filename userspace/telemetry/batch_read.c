/* SPDX-License-Identifier: Apache-2.0 */
#include "telemetry/batch_read.h"

#include "common/clock.h"

#include <string.h>

void reading_refuse(struct reading *reading, const char *why)
{
	if (!reading->why)
		reading->why = why;
}

uint64_t reading_max(struct reading *reading, uint64_t value, uint64_t max, const char *why)
{
	if (value <= max)
		return value;
	reading_refuse(reading, why);
	return 0;
}

uint64_t reading_time_ns(struct reading *reading, uint64_t time_ms)
{
	return reading_max(reading, time_ms, UINT64_MAX / NS_PER_MS, "time out of range") *
	       NS_PER_MS;
}

static struct text find_text(struct reading *reading, const struct epoch_texts *texts,
			     uint64_t reference)
{
	size_t start;

	if (reference > texts->count)
		reading_refuse(reading, "text reference out of range");
	if (reference == 0 || reference > texts->count)
		return (struct text){ 0 };
	start = reference > 1 ? texts->ends[reference - 2] : 0;
	return (struct text){ .at = texts->bytes + start,
			      .length = texts->ends[reference - 1] - start };
}

struct text reading_text(struct reading *reading, uint64_t reference)
{
	return find_text(reading, &reading->epoch->texts, reference);
}

struct text reading_blob(struct reading *reading, uint64_t reference)
{
	return find_text(reading, &reading->epoch->blobs, reference);
}

void reading_count(struct reading *reading, size_t bytes)
{
	reading->written_bytes += bytes;
	if (reading->written_bytes > BATCH_WRITTEN_BYTES_MAX)
		reading_refuse(reading, "texts referred to too often");
}

/* Counted each time: collectors write it out each time. */
struct text reading_written(struct reading *reading, uint64_t reference)
{
	struct text text = reading_text(reading, reference);

	reading_count(reading, text.length);
	return text;
}

/* Collectors index these: long ones would slow down every later insert. */
struct text reading_path(struct reading *reading, uint64_t reference)
{
	struct text path = reading_written(reading, reference);

	if (path.length > BATCH_PATH_BYTES_MAX)
		reading_refuse(reading, "path too long");
	return path;
}

struct text reading_px1(struct reading *reading, uint64_t head, uint64_t end)
{
	struct text parts[] = { reading_text(reading, head), reading_text(reading, end) };
	struct text px1 = { .at = reading->px1 };

	if (parts[0].length + parts[1].length > RECORD_PX1_BYTES) {
		reading_refuse(reading, "px1 too long");
		return (struct text){ 0 };
	}
	for (size_t i = 0; i < 2; i++) {
		if (parts[i].length > 0)
			memcpy(reading->px1 + px1.length, parts[i].at, parts[i].length);
		px1.length += parts[i].length;
	}
	return px1;
}

const uint64_t *reading_row(struct reading *reading, enum batch_table table, uint64_t reference,
			    const char *why)
{
	static const uint64_t none[COLUMNS_MAX];
	const struct columns *rows = &reading->epoch->shared[table];

	if (reference > 0 && reference <= rows->count)
		return columns_row(rows, reference - 1);
	if (reference > 0)
		reading_refuse(reading, why);
	return none;
}

static uint64_t read_run_ns(struct reading *reading, uint64_t run_us)
{
	return reading_max(reading, run_us, UINT64_MAX / NS_PER_US, "run time out of range") *
	       NS_PER_US;
}

void reading_exit(struct reading *reading, const uint64_t *row, struct record *ret)
{
	uint64_t time_ms = reading->base_ms + row[EXIT_ROW_TIME_MS];

	*ret = (struct record){
		.class = RECORD_EXIT,
		.exit = { .time_ns = reading_time_ns(reading, time_ms),
			  .run_ns = read_run_ns(reading, row[EXIT_ROW_RUN_US]),
			  .status = (int32_t)row[EXIT_ROW_STATUS] },
	};
	reading_process(reading, row[EXIT_ROW_PROCESS], &ret->exit.process);
}

void reading_gap(struct reading *reading, const uint64_t *row, struct record *ret)
{
	uint64_t time_ms = reading->base_ms + row[GAP_ROW_TIME_MS];
	uint64_t reason = row[GAP_ROW_REASON];

	*ret = (struct record){
		.class = RECORD_GAP,
		.gap = { .time_ns = reading_time_ns(reading, time_ms),
			 .class = (enum record_class)reading_max(reading, row[GAP_ROW_RECORD_CLASS],
								 RECORD_CLASS_COUNT - 1,
								 "gap of an unknown record class"),
			 /* One that a later version may have added is "unknown". */
			 .reason = reason < GAP_REASON_COUNT ? (enum gap_reason)reason : 0,
			 .count = row[GAP_ROW_RECORDS],
			 .cgroup = reading_path(reading, row[GAP_ROW_CGROUP]) },
	};
}
