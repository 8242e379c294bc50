/* SPDX-License-Identifier: Apache-2.0 */
#include "common/cleanup.h"
#include "common/clock.h"
#include "telemetry/batch_codec.h"
#include "telemetry/batch_rows.h"
#include "telemetry/batch_tables.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define DEFLATE_LEVEL 3 /* a tenth larger than 6, in half its time */
/* schema, boot id, base time, then tag and length (6 bytes at most) of some 120 columns and a dozen
 * sub-messages. */
#define OVERHEAD_BYTES 1024u
/* What deflate adds to bytes it cannot make smaller. */
#define DEFLATE_SLACK_BYTES 4096u
#define ENCODED_BYTES_MAX (BATCH_RAW_BYTES_MAX - DEFLATE_SLACK_BYTES)

/* Two processes, each with the longest path and arguments, and a flow's marks or an exec's
 * ancestors; the exec has more paths: creator, directory, script, control group. */
#define LARGEST_WRITTEN_BYTES                                                                      \
	(2 * BATCH_TEXT_BYTES_MAX + 6 * BATCH_PATH_BYTES_MAX + MARKS_BYTES_MAX +                   \
	 MARKS_MAX * MARK_WRITTEN_BYTES + RECORD_ANCESTORS_MAX * ANCESTOR_WRITTEN_BYTES)
#define LARGEST_RECORD_BYTES                                                                       \
	(BATCH_RECORD_FIXED_BYTES_MAX + LARGEST_WRITTEN_BYTES + BATCH_FLOW_UNWRITTEN_BYTES_MAX +   \
	 MARKS_MAX * BATCH_MARK_FIXED_BYTES_MAX)

_Static_assert(RECORD_ANCESTORS_MAX *BATCH_PATH_BYTES_MAX <= MARKS_BYTES_MAX &&
		       RECORD_ANCESTORS_MAX * BATCH_ANCESTOR_FIXED_BYTES_MAX <=
			       MARKS_MAX * BATCH_MARK_FIXED_BYTES_MAX,
	       "ancestors take no more than marks");
_Static_assert(OVERHEAD_BYTES + LARGEST_RECORD_BYTES < ENCODED_BYTES_MAX,
	       "a single record always fits");

struct batch_encoder {
	struct batch_header header;
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

	return batch_encoder_bytes(encoder) + bytes <= ENCODED_BYTES_MAX &&
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

/* Texts and gaps as the generated message wants them: arrays of their own, pointing into the
 * tables. */
static int lend_repeated(struct batch_tables *tables, Yagura__Telemetry__Batch *batch)
{
	size_t n = 0;

	batch->texts = calloc(tables->texts.count + 1u, sizeof(*batch->texts));
	batch->gaps = calloc(tables->gap_count + 1, sizeof(*batch->gaps));
	if (!batch->texts || !batch->gaps)
		return -ENOMEM;
	for (struct intern_entry *text = intern_first(&tables->texts); text;
	     text = intern_next(text), n++)
		batch->texts[n].data = intern_bytes(text, &batch->texts[n].len);
	batch->n_texts = n;
	for (size_t i = 0; i < tables->gap_count; i++)
		batch->gaps[i] = &tables->gaps[i];
	batch->n_gaps = tables->gap_count;
	return 0;
}

static int pack_message(const Yagura__Telemetry__Batch *batch, uint8_t **ret_raw,
			size_t *ret_raw_size)
{
	uint8_t *raw = malloc(yagura__telemetry__batch__get_packed_size(batch));

	if (!raw)
		return -ENOMEM;
	*ret_raw_size = yagura__telemetry__batch__pack(batch, raw);
	*ret_raw = raw;
	return 0;
}

/* The tables that records refer to; those without rows stay out. */
struct shared_messages {
	Yagura__Telemetry__Processes processes;
	Yagura__Telemetry__Contexts contexts;
	Yagura__Telemetry__Files files;
	Yagura__Telemetry__Sockets sockets;
	Yagura__Telemetry__Hashes hashes;
	Yagura__Telemetry__Marks marks;
	Yagura__Telemetry__Fingerprints fingerprints;
	Yagura__Telemetry__Ancestries ancestries;
};

static void lend_shared(const struct batch_tables *tables, struct shared_messages *messages,
			Yagura__Telemetry__Batch *batch)
{
	yagura__telemetry__processes__init(&messages->processes);
	yagura__telemetry__contexts__init(&messages->contexts);
	yagura__telemetry__files__init(&messages->files);
	yagura__telemetry__sockets__init(&messages->sockets);
	yagura__telemetry__hashes__init(&messages->hashes);
	yagura__telemetry__marks__init(&messages->marks);
	yagura__telemetry__fingerprints__init(&messages->fingerprints);
	yagura__telemetry__ancestries__init(&messages->ancestries);
	columns_lend(&tables->processes.columns, &messages->processes.base);
	columns_lend(&tables->contexts.columns, &messages->contexts.base);
	columns_lend(&tables->files.columns, &messages->files.base);
	columns_lend(&tables->sockets.columns, &messages->sockets.base);
	columns_lend(&tables->hashes.columns, &messages->hashes.base);
	columns_lend(&tables->marks.columns, &messages->marks.base);
	columns_lend(&tables->fingerprints.columns, &messages->fingerprints.base);
	columns_lend(&tables->ancestries.columns, &messages->ancestries.base);
	batch->processes = tables->processes.columns.count ? &messages->processes : NULL;
	batch->contexts = tables->contexts.columns.count ? &messages->contexts : NULL;
	batch->files = tables->files.columns.count ? &messages->files : NULL;
	batch->sockets = tables->sockets.columns.count ? &messages->sockets : NULL;
	batch->hashes = tables->hashes.columns.count ? &messages->hashes : NULL;
	batch->marks = tables->marks.columns.count ? &messages->marks : NULL;
	batch->fingerprints = tables->fingerprints.columns.count ? &messages->fingerprints : NULL;
	batch->ancestries = tables->ancestries.columns.count ? &messages->ancestries : NULL;
}

static int pack(struct batch_encoder *encoder, uint8_t **ret_raw, size_t *ret_raw_size)
{
	Yagura__Telemetry__Batch batch = YAGURA__TELEMETRY__BATCH__INIT;
	struct shared_messages shared;
	Yagura__Telemetry__Execs execs = YAGURA__TELEMETRY__EXECS__INIT;
	Yagura__Telemetry__Exits exits = YAGURA__TELEMETRY__EXITS__INIT;
	Yagura__Telemetry__Flows flows = YAGURA__TELEMETRY__FLOWS__INIT;
	Yagura__Telemetry__ExecUpdates updates = YAGURA__TELEMETRY__EXEC_UPDATES__INIT;
	struct batch_tables *tables = &encoder->tables;
	int r = lend_repeated(tables, &batch);

	lend_shared(tables, &shared, &batch);
	columns_lend(&tables->execs, &execs.base);
	columns_lend(&tables->exits, &exits.base);
	columns_lend(&tables->flows, &flows.base);
	columns_lend(&tables->exec_updates, &updates.base);
	batch.schema = BATCH_SCHEMA;
	batch.boot_id.data = encoder->header.boot_id;
	batch.boot_id.len = sizeof(encoder->header.boot_id);
	batch.base_ms = tables->base_ms;
	batch.execs = tables->execs.count ? &execs : NULL;
	batch.exits = tables->exits.count ? &exits : NULL;
	batch.flows = tables->flows.count ? &flows : NULL;
	batch.exec_updates = tables->exec_updates.count ? &updates : NULL;
	if (r == 0)
		r = pack_message(&batch, ret_raw, ret_raw_size);
	free(batch.texts);
	free(batch.gaps);
	return r;
}

static int deflate_bytes(const uint8_t *raw, size_t raw_size, uint8_t **ret_bytes, size_t *ret_size)
{
	uLongf size = compressBound(raw_size);
	uint8_t *bytes = malloc(size);

	if (!bytes)
		return -ENOMEM;
	/* The buffer has room for the worst case and the level is valid: only memory can lack. */
	if (compress2(bytes, &size, raw, raw_size, DEFLATE_LEVEL) != Z_OK) {
		free(bytes);
		return -ENOMEM;
	}
	*ret_bytes = bytes;
	*ret_size = size;
	return 0;
}

int batch_encoder_finish(struct batch_encoder *encoder, uint8_t **ret_bytes, size_t *ret_size,
			 size_t *ret_raw_size)
{
	_cleanup_free_ uint8_t *raw = NULL;
	size_t raw_size = 0;
	int r;

	if (batch_encoder_count(encoder) == 0)
		return -ENODATA;
	r = pack(encoder, &raw, &raw_size);
	if (r < 0)
		return r;
	r = deflate_bytes(raw, raw_size, ret_bytes, ret_size);
	if (r < 0)
		return r;
	*ret_raw_size = raw_size;
	batch_tables_clear(&encoder->tables);
	memset(encoder->counts, 0, sizeof(encoder->counts));
	return 0;
}
