/* SPDX-License-Identifier: Apache-2.0 */
#include "telemetry/batch_raw.h"

#include "telemetry/batch_read.h"
#include "telemetry/batch_rows.h"
#include "telemetry/batch_unpack.h"
#include "telemetry/columns.h"

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

	if (++reading->records > BATCH_RECORDS_MAX)
		reading_refuse(reading, "too many records");
	if (reading->why)
		return -EBADMSG;
	if (!receiver->each)
		return 0;
	r = receiver->each(receiver->context, &reading->header, record);
	return r < 0 ? r : 0;
}

static int open_rows(struct reading *reading, const ProtobufCMessage *table,
		     struct columns_reader *ret_rows)
{
	int r = columns_open(ret_rows, table);

	if (r < 0)
		reading_refuse(reading, "columns of different lengths");
	else if (ret_rows->count > BATCH_ROWS_MAX)
		reading_refuse(reading, "too many rows");
	return reading->why ? -EBADMSG : 0;
}

static int walk_rows(struct reading *reading, const ProtobufCMessage *table, read_row_fn read_row,
		     const struct receiver *receiver)
{
	uint64_t row[COLUMNS_MAX] = { 0 };
	struct columns_reader rows;
	struct record record;
	int r = open_rows(reading, table, &rows);

	while (r == 0 && columns_next(&rows, row)) {
		read_row(reading, row, &record);
		r = deliver(reading, &record, receiver);
	}
	return r;
}

static int walk_gaps(struct reading *reading, const struct receiver *receiver)
{
	struct record record;
	int r = 0;

	for (size_t i = 0; r == 0 && i < reading->batch->n_gaps; i++) {
		reading_gap(reading, reading->batch->gaps[i], &record);
		r = deliver(reading, &record, receiver);
	}
	return r;
}

#define TABLE(message) ((message) ? &(message)->base : NULL)

static int walk(struct reading *reading, const struct receiver *receiver)
{
	int r = walk_rows(reading, TABLE(reading->batch->execs), reading_exec, receiver);

	if (r == 0)
		r = walk_rows(reading, TABLE(reading->batch->exec_updates), reading_exec_update,
			      receiver);
	if (r == 0)
		r = walk_rows(reading, TABLE(reading->batch->exits), reading_exit, receiver);
	if (r == 0)
		r = walk_rows(reading, TABLE(reading->batch->flows), reading_flow, receiver);
	if (r == 0)
		r = walk_gaps(reading, receiver);
	return r;
}

static int read_shared(struct reading *reading, const ProtobufCMessage *message,
		       struct shared_table *ret_table)
{
	uint64_t row[COLUMNS_MAX] = { 0 };
	struct columns_reader rows;
	int r = open_rows(reading, message, &rows);

	if (r < 0 || rows.count == 0)
		return r;
	ret_table->width = message->descriptor->n_fields;
	ret_table->values = calloc(rows.count, ret_table->width * sizeof(*row));
	if (!ret_table->values)
		return -ENOMEM;
	for (; columns_next(&rows, row); ret_table->count++)
		memcpy(ret_table->values + ret_table->count * ret_table->width, row,
		       ret_table->width * sizeof(*row));
	return 0;
}

static int read_all_shared(struct reading *reading)
{
	const Yagura__Telemetry__Batch *batch = reading->batch;
	int r = read_shared(reading, TABLE(batch->processes), &reading->processes);

	r = r ?: read_shared(reading, TABLE(batch->contexts), &reading->contexts);
	r = r ?: read_shared(reading, TABLE(batch->files), &reading->files);
	r = r ?: read_shared(reading, TABLE(batch->sockets), &reading->sockets);
	r = r ?: read_shared(reading, TABLE(batch->hashes), &reading->hashes);
	r = r ?: read_shared(reading, TABLE(batch->marks), &reading->marks);
	r = r ?: read_shared(reading, TABLE(batch->fingerprints), &reading->fingerprints);
	return r ?: read_shared(reading, TABLE(batch->ancestries), &reading->ancestries);
}

static int read_header(struct reading *reading)
{
	const Yagura__Telemetry__Batch *batch = reading->batch;

	if (batch->schema < BATCH_SCHEMA_OLDEST || batch->schema > BATCH_SCHEMA)
		reading_refuse(reading, "unknown schema");
	else if (batch->boot_id.len != sizeof(reading->header.boot_id))
		reading_refuse(reading, "boot id of other than 16 bytes");
	else
		memcpy(reading->header.boot_id, batch->boot_id.data, batch->boot_id.len);
	return reading->why ? -EBADMSG : 0;
}

/* Twice over all records: the first time nobody gets them, so that the receiver never sees half of
 * a batch that turns out bad. */
static int read_batch(struct reading *reading, const struct receiver *receiver)
{
	static const struct receiver nobody = { 0 };
	int r = read_header(reading);

	if (r == 0)
		r = read_all_shared(reading);
	if (r == 0)
		r = walk(reading, &nobody);
	reading->records = 0;
	reading->written_bytes = 0;
	if (r == 0)
		r = walk(reading, receiver);
	return r;
}

int batch_decode_raw(const uint8_t *raw, size_t size, batch_record_fn each, void *context,
		     const char **ret_why)
{
	const struct receiver receiver = { .each = each, .context = context };
	Yagura__Telemetry__Batch *batch = NULL;
	struct reading reading = { 0 };
	int r = batch_unpack(raw, size, &batch, ret_why);

	if (r < 0)
		return r;
	reading.batch = batch;
	r = read_batch(&reading, &receiver);
	if (reading.why)
		*ret_why = reading.why;
	free(reading.processes.values);
	free(reading.contexts.values);
	free(reading.files.values);
	free(reading.sockets.values);
	free(reading.hashes.values);
	free(reading.marks.values);
	free(reading.fingerprints.values);
	free(reading.ancestries.values);
	batch_unpacked_free(batch);
	return r;
}
