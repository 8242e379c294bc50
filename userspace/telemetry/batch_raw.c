/* SPDX-License-Identifier: Apache-2.0 */
#include "telemetry/batch_raw.h"

#include "telemetry/batch_epoch.h"
#include "telemetry/batch_read.h"
#include "telemetry/batch_tables.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

typedef void (*read_row_fn)(struct reading *reading, const uint64_t *row, struct record *ret);

/* Where the records go; `each` is NULL while the batch is only being checked. */
struct receiver {
	batch_record_fn each;
	void *context;
};

static int deliver(struct reading *reading, const struct record *record,
		   const struct receiver *receiver)
{
	int r;

	if (reading->why)
		return -EBADMSG;
	if (!receiver->each)
		return 0;
	r = receiver->each(receiver->context, &reading->epoch->header, record);
	return r < 0 ? r : 0;
}

static int walk_rows(struct reading *reading, const struct columns *rows, read_row_fn read_row,
		     const struct receiver *receiver)
{
	struct record record;
	int r = 0;

	for (size_t i = 0; r == 0 && i < rows->count; i++) {
		read_row(reading, columns_row(rows, i), &record);
		r = deliver(reading, &record, receiver);
	}
	return r;
}

/* The rows of a batch, table by table. */
struct rows {
	struct columns tables[TABLE_COUNT - TABLE_SHARED_COUNT];
};

static int walk(struct reading *reading, const struct rows *rows, const struct receiver *receiver)
{
	static const read_row_fn readers[TABLE_COUNT - TABLE_SHARED_COUNT] = {
		[TABLE_EXECS - TABLE_SHARED_COUNT] = reading_exec,
		[TABLE_EXEC_UPDATES - TABLE_SHARED_COUNT] = reading_exec_update,
		[TABLE_EXITS - TABLE_SHARED_COUNT] = reading_exit,
		[TABLE_FLOWS - TABLE_SHARED_COUNT] = reading_flow,
		[TABLE_GAPS - TABLE_SHARED_COUNT] = reading_gap,
	};
	int r = 0;

	reading->written_bytes = 0;
	for (int i = 0; r == 0 && i < TABLE_COUNT - TABLE_SHARED_COUNT; i++)
		r = walk_rows(reading, &rows->tables[i], readers[i], receiver);
	return r;
}

static int read_tables(struct rows *rows, const struct batch_message *message, const char **ret_why)
{
	size_t left = BATCH_RECORDS_MAX;

	for (int i = TABLE_SHARED_COUNT; i < TABLE_COUNT; i++) {
		struct columns *table = &rows->tables[i - TABLE_SHARED_COUNT];
		const char *why = NULL;
		int r = 0;

		columns_init(table, batch_table_descriptor((enum batch_table)i));
		if (message->is_there[BATCH_FIELD_TABLES + i])
			why = columns_read(table, message->tables[i], left, &r);
		if (why) {
			*ret_why = why;
			return r;
		}
		left -= table->count;
	}
	return 0;
}

/* Twice over all records: the first time nobody gets them, so that the receiver never sees half of
 * a batch that turns out bad. */
static int read_records(struct batch_epoch *epoch, const struct batch_message *message,
			const struct receiver *receiver, const char **ret_why)
{
	static const struct receiver nobody = { 0 };
	struct reading reading = { .epoch = epoch,
				   .base_ms = message->base_ms,
				   .boot_ms = message->boot_ms };
	struct rows rows = { 0 };
	int r = read_tables(&rows, message, ret_why);

	if (r == 0)
		r = walk(&reading, &rows, &nobody);
	if (r == 0 && receiver->each)
		r = walk(&reading, &rows, receiver);
	if (reading.why)
		*ret_why = reading.why;
	for (size_t i = 0; i < TABLE_COUNT - TABLE_SHARED_COUNT; i++)
		columns_done(&rows.tables[i]);
	return r;
}

static int read_sections(struct batch_epoch *epoch, const struct batch_sections *sections,
			 bool with_rows, struct batch_message *message, const char **ret_why)
{
	const char *why = batch_message_read(message, sections->tables, true);
	int r;

	if (!why && with_rows)
		why = batch_message_read(message, sections->rows, false);
	if (!why && message->epoch_index != sections->epoch_index)
		why = "another place in its epoch than declared";
	if (why) {
		*ret_why = why;
		return -EBADMSG;
	}
	r = batch_epoch_advance(epoch, message, sections->seq, ret_why);
	return r < 0 ? r : batch_epoch_add(epoch, message, sections->tables, ret_why);
}

int batch_decode_raw(struct batch_epoch *epoch, const struct batch_sections *sections,
		     batch_record_fn each, void *context, const char **ret_why)
{
	const struct receiver receiver = { .each = each, .context = context };
	struct batch_message message = { 0 };
	int r = read_sections(epoch, sections, true, &message, ret_why);

	if (r == 0)
		r = read_records(epoch, &message, &receiver, ret_why);
	if (r < 0)
		batch_epoch_close(epoch);
	return r;
}

int batch_take_tables_raw(struct batch_epoch *epoch, const struct batch_sections *sections,
			  const char **ret_why)
{
	struct batch_message message = { 0 };
	int r = read_sections(epoch, sections, false, &message, ret_why);

	if (r < 0)
		batch_epoch_close(epoch);
	return r;
}
