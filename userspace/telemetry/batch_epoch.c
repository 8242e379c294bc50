/* SPDX-License-Identifier: Apache-2.0 */
#include "telemetry/batch_epoch.h"

#include "telemetry/batch_tables.h"
#include "telemetry/varint.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TEXTS_FIRST 64u
#define ROOM_FIRST 4096u

struct batch_epoch *batch_epoch_new(void)
{
	struct batch_epoch *epoch = calloc(1, sizeof(*epoch));

	for (int i = 0; epoch && i < TABLE_SHARED_COUNT; i++)
		columns_init(&epoch->shared[i], batch_table_descriptor((enum batch_table)i));
	return epoch;
}

static void texts_done(struct epoch_texts *texts)
{
	free(texts->bytes);
	free(texts->ends);
	*texts = (struct epoch_texts){ 0 };
}

void batch_epoch_close(struct batch_epoch *epoch)
{
	epoch->is_open = false;
	texts_done(&epoch->texts);
	texts_done(&epoch->blobs);
	for (int i = 0; i < TABLE_SHARED_COUNT; i++)
		columns_done(&epoch->shared[i]);
}

void batch_epoch_free(struct batch_epoch *epoch)
{
	if (epoch)
		batch_epoch_close(epoch);
	free(epoch);
}

static size_t texts_bytes(const struct epoch_texts *texts)
{
	return texts->size + texts->count * sizeof(*texts->ends);
}

size_t batch_epoch_bytes(const struct batch_epoch *epoch)
{
	size_t bytes = texts_bytes(&epoch->texts) + texts_bytes(&epoch->blobs);

	for (int i = 0; i < TABLE_SHARED_COUNT; i++)
		bytes += epoch->shared[i].count * epoch->shared[i].width * sizeof(uint64_t);
	return bytes;
}

size_t batch_epoch_section_bytes(const struct batch_epoch *epoch)
{
	return epoch->section_bytes;
}

static int refuse(const char **ret_why, int r, const char *why)
{
	*ret_why = why;
	return r;
}

/* --- its order --- */

static int begin(struct batch_epoch *epoch, const struct batch_message *message, uint64_t seq,
		 const char **ret_why)
{
	struct cursor boot_id = message->boot_id;

	epoch->texts.size = epoch->texts.count = 0;
	epoch->blobs.size = epoch->blobs.count = 0;
	for (int i = 0; i < TABLE_SHARED_COUNT; i++)
		epoch->shared[i].count = 0;
	if (boot_id.left != sizeof(epoch->header.boot_id))
		return refuse(ret_why, -EBADMSG, "boot id of other than 16 bytes");
	cursor_copy(&boot_id, epoch->header.boot_id, sizeof(epoch->header.boot_id));
	epoch->first_seq = seq;
	epoch->command = 0;
	epoch->next_index = 0;
	epoch->is_open = true;
	return 0;
}

int batch_epoch_advance(struct batch_epoch *epoch, const struct batch_message *message,
			uint64_t seq, const char **ret_why)
{
	int r = 0;

	if (message->schema != BATCH_SCHEMA)
		return refuse(ret_why, -EBADMSG, "unknown schema; this reader knows 4");
	if (message->epoch_index >= BATCH_EPOCH_BATCHES_MAX)
		return refuse(ret_why, -EBADMSG, "an epoch of too many batches");
	if (message->names > BATCH_NAMES_ABSENT)
		return refuse(ret_why, -EBADMSG, "names in a form that is not known");
	if (message->epoch_index == 0)
		r = begin(epoch, message, seq, ret_why);
	else if (!epoch->is_open || epoch->next_index != message->epoch_index ||
		 epoch->first_seq + epoch->next_index != seq)
		r = refuse(ret_why, -ESTALE, "the beginning of its epoch was not seen");
	if (r < 0)
		return r;
	epoch->header.names = (enum batch_names)message->names;
	epoch->next_index++;
	return 0;
}

/* --- its tables --- */

static int reserve_text(struct epoch_texts *texts, size_t length)
{
	uint32_t capacity = texts->capacity > 0 ? 2 * texts->capacity : TEXTS_FIRST;
	size_t room = texts->room > 0 ? texts->room : ROOM_FIRST;
	void *grown;

	while (room < texts->size + length)
		room *= 2;
	if (room > texts->room) {
		grown = realloc(texts->bytes, room);
		if (!grown)
			return -ENOMEM;
		texts->bytes = grown;
		texts->room = room;
	}
	if (texts->count < texts->capacity)
		return 0;
	grown = reallocarray(texts->ends, capacity, sizeof(*texts->ends));
	if (!grown)
		return -ENOMEM;
	texts->ends = grown;
	texts->capacity = capacity;
	return 0;
}

static int add_text(struct epoch_texts *texts, struct cursor text, const char **ret_why)
{
	size_t length = text.left;
	int r;

	if (texts->count >= BATCH_TEXTS_MAX)
		return refuse(ret_why, -EBADMSG, "too many texts");
	if (length > BATCH_TEXT_BYTES_MAX)
		return refuse(ret_why, -EBADMSG, "text too long");
	r = reserve_text(texts, length);
	if (r < 0)
		return refuse(ret_why, r, "out of memory");
	cursor_copy(&text, texts->bytes + texts->size, length);
	texts->size += length;
	texts->ends[texts->count++] = texts->size;
	return 0;
}

static int add_texts(struct batch_epoch *epoch, struct cursor section, const char **ret_why)
{
	int r = 0;

	while (r == 0 && section.left > 0) {
		uint64_t tag = varint_take(&section);
		struct epoch_texts *texts = NULL;

		if (tag >> 3 == BATCH_FIELD_TEXTS)
			texts = &epoch->texts;
		else if (tag >> 3 == BATCH_FIELD_BLOBS)
			texts = &epoch->blobs;
		if (texts)
			r = add_text(texts, cursor_take(&section, varint_take(&section)), ret_why);
		else
			varint_skip_value(&section, tag & 7);
	}
	return r;
}

int batch_epoch_add(struct batch_epoch *epoch, const struct batch_message *message,
		    struct cursor section, const char **ret_why)
{
	struct columns *processes = &epoch->shared[TABLE_PROCESSES];
	size_t before = processes->count;
	int r = add_texts(epoch, section, ret_why);

	for (int i = 0; r == 0 && i < TABLE_SHARED_COUNT; i++) {
		const char *why = NULL;

		if (message->is_there[BATCH_FIELD_TABLES + i])
			why = columns_read(&epoch->shared[i], message->tables[i], BATCH_ROWS_MAX,
					   &r);
		if (why)
			return refuse(ret_why, r, why);
		r = 0;
		if (batch_epoch_bytes(epoch) > BATCH_EPOCH_BYTES_MAX)
			return refuse(ret_why, -EBADMSG, "an epoch of too large tables");
	}
	if (r == 0)
		columns_show_next(processes, before, PROCESS_ROW_COMMAND, &epoch->command);
	return r;
}
