/* SPDX-License-Identifier: Apache-2.0 */
#include "common/cleanup.h"
#include "common/clock.h"
#include "telemetry/batch_codec.h"
#include "telemetry/batch_tables.h"
#include "telemetry/section.h"
#include "telemetry/varint.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* schema, boot id, base time, then tag and length (20 bytes at most) of some 200 columns and their
 * messages. */
#define OVERHEAD_BYTES 6144u
/* What deflate adds to bytes it cannot make smaller. */
#define DEFLATE_SLACK_BYTES 4096u
#define ENCODED_BYTES_MAX (BATCH_RAW_BYTES_MAX - DEFLATE_SLACK_BYTES)
/* An epoch whose tables have grown beyond this is not gone on with. */
#define EPOCH_BYTES_ENOUGH (BATCH_EPOCH_BYTES_MAX / 4)

/* Two processes, each with the longest path and arguments, and a flow's marks or an exec's
 * ancestors; the exec has more paths: creator, directory, script, control group. */
#define LARGEST_WRITTEN_BYTES                                                                      \
	(2 * BATCH_TEXT_BYTES_MAX + 6 * BATCH_PATH_BYTES_MAX + MARKS_BYTES_MAX +                   \
	 MARKS_MAX * MARK_WRITTEN_BYTES + RECORD_ANCESTORS_MAX * ANCESTOR_WRITTEN_BYTES)
#define LARGEST_RECORD_BYTES                                                                       \
	(BATCH_RECORD_FIXED_BYTES_MAX + LARGEST_WRITTEN_BYTES + BATCH_FLOW_UNWRITTEN_BYTES_MAX +   \
	 MARKS_MAX * BATCH_MARK_FIXED_BYTES_MAX +                                                  \
	 RECORD_ANCESTORS_MAX * BATCH_ANCESTOR_FIXED_BYTES_MAX)

_Static_assert(RECORD_ANCESTORS_MAX *BATCH_PATH_BYTES_MAX <= MARKS_BYTES_MAX,
	       "ancestors take no more than marks");
_Static_assert(OVERHEAD_BYTES + LARGEST_RECORD_BYTES < ENCODED_BYTES_MAX,
	       "a single record always fits");

struct batch_encoder {
	struct batch_header header;
	uint32_t epoch_index;
	/* What earlier batches of the epoch have told of its tables. */
	uint32_t told_texts;
	uint32_t told_blobs;
	size_t told_rows[TABLE_SHARED_COUNT];
	uint64_t told_command; /* the highest of a process, */
	uint64_t written_command; /* and with the batch that was written last */
	size_t history_bytes; /* their first sections, deflated */
	uint32_t counts[RECORD_CLASS_COUNT];
	struct batch_tables tables;
};

struct batch_encoder *batch_encoder_new(const struct batch_header *header)
{
	struct batch_encoder *encoder = calloc(1, sizeof(*encoder));

	if (!encoder)
		return NULL;
	encoder->header = *header;
	batch_tables_init(&encoder->tables);
	return encoder;
}

void batch_encoder_free(struct batch_encoder *encoder)
{
	if (!encoder)
		return;
	batch_tables_done(&encoder->tables);
	free(encoder);
}

uint32_t batch_encoder_count(const struct batch_encoder *encoder)
{
	uint32_t count = 0;

	for (size_t i = 0; i < RECORD_CLASS_COUNT; i++)
		count += encoder->counts[i];
	return count;
}

uint32_t batch_encoder_count_class(const struct batch_encoder *encoder, enum record_class class)
{
	return class < RECORD_CLASS_COUNT ? encoder->counts[class] : 0;
}

size_t batch_encoder_bytes(const struct batch_encoder *encoder)
{
	return OVERHEAD_BYTES + encoder->tables.bytes;
}

static uint64_t record_time_ns(const struct record *record)
{
	switch (record->class) {
	case RECORD_EXEC:
		return record->exec.time_ns;
	case RECORD_EXIT:
		return record->exit.time_ns;
	case RECORD_FLOW:
		return record->flow.start_ns;
	case RECORD_GAP:
		return record->gap.time_ns;
	case RECORD_EXEC_UPDATE:
		return record->exec_update.time_ns;
	case RECORD_CLASS_COUNT:
	default:
		return 0;
	}
}

static bool has_room(const struct batch_encoder *encoder, size_t bytes, size_t written_bytes)
{
	const struct batch_tables *tables = &encoder->tables;

	/* In memory a value takes 8 bytes where it is counted for 5. */
	return batch_encoder_bytes(encoder) + bytes <= ENCODED_BYTES_MAX &&
	       tables->epoch_bytes + 2 * bytes <= BATCH_EPOCH_BYTES_MAX &&
	       batch_tables_have_rows(tables) &&
	       tables->written_bytes + written_bytes <= BATCH_WRITTEN_BYTES_MAX &&
	       batch_encoder_count(encoder) < BATCH_RECORDS_MAX;
}

bool batch_encoder_takes_any(const struct batch_encoder *encoder)
{
	return has_room(encoder, LARGEST_RECORD_BYTES, LARGEST_WRITTEN_BYTES);
}

int batch_encoder_add(struct batch_encoder *encoder, const struct record *record)
{
	int r;

	if (!has_room(encoder, batch_tables_bytes_max(record), batch_tables_written_bytes(record)))
		return -E2BIG;
	if (batch_encoder_count(encoder) == 0)
		encoder->tables.base_ms = record_time_ns(record) / NS_PER_MS;
	r = batch_tables_add(&encoder->tables, record);
	if (r < 0)
		return r;
	encoder->counts[record->class]++;
	return 0;
}

uint32_t batch_encoder_epoch_index(const struct batch_encoder *encoder)
{
	return encoder->epoch_index;
}

void batch_encoder_begin_epoch(struct batch_encoder *encoder)
{
	if (batch_encoder_count(encoder) > 0)
		return;
	batch_tables_begin_epoch(&encoder->tables);
	encoder->epoch_index = 0;
	encoder->told_texts = encoder->told_blobs = 0;
	memset(encoder->told_rows, 0, sizeof(encoder->told_rows));
	encoder->told_command = 0;
	encoder->history_bytes = 0;
}

/* --- the batch as protobuf --- */

static uint8_t *write_number(uint8_t *at, enum batch_field field, uint64_t value)
{
	if (value == 0)
		return at;
	at = varint_put_tag(at, field, WIRE_VARINT);
	return varint_put(at, value);
}

static uint8_t *write_bytes(uint8_t *at, enum batch_field field, struct text bytes)
{
	at = varint_put_tag(at, field, WIRE_BYTES);
	at = varint_put(at, bytes.length);
	memcpy(at, bytes.at, bytes.length);
	return at + bytes.length;
}

static uint8_t *write_header(const struct batch_encoder *encoder, uint8_t *at)
{
	struct text boot_id = { .at = (const char *)encoder->header.boot_id,
				.length = sizeof(encoder->header.boot_id) };

	at = write_number(at, BATCH_FIELD_SCHEMA, BATCH_SCHEMA);
	at = write_number(at, BATCH_FIELD_EPOCH_INDEX, encoder->epoch_index);
	if (encoder->epoch_index == 0)
		at = write_bytes(at, BATCH_FIELD_BOOT_ID, boot_id);
	at = write_number(at, BATCH_FIELD_BASE_MS, encoder->tables.base_ms);
	if (encoder->tables.has_boot)
		at = write_number(at, BATCH_FIELD_BOOT_MS, encoder->tables.boot_ms);
	return write_number(at, BATCH_FIELD_NAMES, encoder->header.names);
}

static uint8_t *write_all_bytes(uint8_t *at, enum batch_field field, const struct intern *intern,
				uint32_t told)
{
	for (uint32_t i = told + 1; i <= intern->count; i++)
		at = write_bytes(at, field, intern_text(intern, i));
	return at;
}

/* First its rows, where their tag and length can at most end. */
static uint8_t *write_table(uint8_t *at, enum batch_table table, const struct columns *columns,
			    size_t told)
{
	uint8_t *body = at + 2 * VARINT_BYTES_MAX;
	size_t size;

	if (columns->count == told)
		return at;
	size = (size_t)(columns_write(columns, told, body) - body);
	at = varint_put_tag(at, BATCH_FIELD_TABLES + table, WIRE_BYTES);
	at = varint_put(at, size);
	memmove(at, body, size);
	return at + size;
}

static uint8_t *write_tables(struct batch_encoder *encoder, uint8_t *at)
{
	struct batch_tables *tables = &encoder->tables;
	struct columns *processes = &tables->shared[TABLE_PROCESSES].columns;
	size_t told_processes = encoder->told_rows[TABLE_PROCESSES];
	uint64_t shown = encoder->told_command;

	at = write_header(encoder, at);
	at = write_all_bytes(at, BATCH_FIELD_TEXTS, &tables->texts, encoder->told_texts);
	at = write_all_bytes(at, BATCH_FIELD_BLOBS, &tables->blobs, encoder->told_blobs);
	encoder->written_command = encoder->told_command;
	columns_hide_next(processes, told_processes, PROCESS_ROW_COMMAND,
			  &encoder->written_command);
	for (int i = 0; i < TABLE_SHARED_COUNT; i++)
		at = write_table(at, (enum batch_table)i, &tables->shared[i].columns,
				 encoder->told_rows[i]);
	columns_show_next(processes, told_processes, PROCESS_ROW_COMMAND, &shown);
	return at;
}

static uint8_t *write_records(struct batch_encoder *encoder, uint8_t *at)
{
	for (int i = TABLE_SHARED_COUNT; i < TABLE_COUNT; i++)
		at = write_table(at, (enum batch_table)i,
				 batch_tables_records(&encoder->tables, (enum batch_table)i), 0);
	return at;
}

static void mark_told(struct batch_encoder *encoder)
{
	const struct batch_tables *tables = &encoder->tables;

	encoder->told_texts = tables->texts.count;
	encoder->told_blobs = tables->blobs.count;
	encoder->told_command = encoder->written_command;
	for (int i = 0; i < TABLE_SHARED_COUNT; i++)
		encoder->told_rows[i] = tables->shared[i].columns.count;
	batch_tables_clear(&encoder->tables);
	memset(encoder->counts, 0, sizeof(encoder->counts));
	encoder->epoch_index++;
	if (encoder->epoch_index == BATCH_EPOCH_BATCHES_MAX ||
	    encoder->history_bytes > BATCH_HISTORY_BYTES_MAX ||
	    tables->epoch_bytes > EPOCH_BYTES_ENOUGH)
		batch_encoder_begin_epoch(encoder);
}

int batch_encoder_finish(struct batch_encoder *encoder, struct batch_bytes *ret_batch)
{
	_cleanup_free_ uint8_t *raw = NULL;
	_cleanup_free_ uint8_t *bytes = NULL;
	size_t tables_raw, rows_raw, tables_size, rows_size;

	if (batch_encoder_count(encoder) == 0)
		return -ENODATA;
	raw = malloc(batch_encoder_bytes(encoder));
	if (!raw)
		return -ENOMEM;
	tables_raw = (size_t)(write_tables(encoder, raw) - raw);
	rows_raw = (size_t)(write_records(encoder, raw + tables_raw) - raw) - tables_raw;
	bytes = malloc(section_bytes_max(tables_raw) + section_bytes_max(rows_raw));
	if (!bytes || section_deflate(raw, tables_raw, bytes, &tables_size) < 0 ||
	    section_deflate(raw + tables_raw, rows_raw, bytes + tables_size, &rows_size) < 0)
		return -ENOMEM;
	*ret_batch = (struct batch_bytes){ .bytes = bytes,
					   .size = tables_size + rows_size,
					   .raw_size = tables_raw + rows_raw,
					   .epoch_index = encoder->epoch_index };
	bytes = NULL;
	encoder->history_bytes += tables_size;
	mark_told(encoder);
	return 0;
}
