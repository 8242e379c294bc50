/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/intake/entry.h"

#include "common/cursor.h"
#include "common/put.h"

#include <errno.h>
#include <string.h>

#define VERSION 1

static uint8_t *put_bytes(uint8_t *at, const void *bytes, size_t size)
{
	memcpy(at, bytes, size);
	return at + size;
}

static uint8_t *put_batch(uint8_t *at, const struct entry *entry)
{
	const struct entry_batch *batch = &entry->batch;

	at = put_bytes(at, entry->sensor, sizeof(entry->sensor));
	at = put_be(at, batch->generation, 8);
	at = put_be(at, batch->lane, 1);
	at = put_be(at, batch->seq, 8);
	at = put_be(at, batch->raw_bytes, 4);
	at = put_be(at, entry->time_ns, 8);
	at = put_be(at, batch->missing_first, 8);
	at = put_be(at, batch->epoch_index, 1);
	return put_be(at, batch->history_bytes, 4);
}

size_t entry_write_aux(uint8_t ret_aux[ENTRY_AUX_BYTES_MAX], const struct entry *entry)
{
	uint8_t *at = put_be(ret_aux, VERSION, 1);

	switch (entry->type) {
	case ENTRY_BATCH:
		at = put_batch(at, entry);
		break;
	case ENTRY_ARRIVAL:
	case ENTRY_LEAVE:
		at = put_bytes(at, entry->sensor, sizeof(entry->sensor));
		at = put_be(at, entry->time_ns, 8);
		break;
	case ENTRY_START:
		at = put_be(at, entry->time_ns, 8);
		break;
	case ENTRY_CHECKPOINT:
	default:
		break;
	}
	return (size_t)(at - ret_aux);
}

static uint8_t *put_text(uint8_t *at, const char *text, size_t size_max)
{
	size_t size = strnlen(text, size_max - 1);

	at = put_be(at, size, 1);
	return put_bytes(at, text, size);
}

_Static_assert(VERIFY_TEXT_BYTES <= 256 && ENTRY_TLS_BYTES <= 256, "lengths take a byte");
_Static_assert(3 * VERIFY_TEXT_BYTES + 2 * ENTRY_TLS_BYTES + 32 + 25 * VERIFY_LANES <=
		       ENTRY_ARRIVAL_BYTES_MAX,
	       "an arrival fits");

size_t entry_write_arrival(uint8_t ret_payload[ENTRY_ARRIVAL_BYTES_MAX],
			   const struct entry_arrival *arrival)
{
	const struct verify_hello *hello = &arrival->hello;
	uint8_t *at = put_be(ret_payload, hello->generation, 8);

	at = put_be(at, hello->instance, 8);
	at = put_bytes(at, hello->boot_id, sizeof(hello->boot_id));
	for (size_t lane = 0; lane < VERIFY_LANES; lane++) {
		at = put_be(at, hello->lanes[lane].first_seq, 8);
		at = put_be(at, hello->lanes[lane].next_seq, 8);
		at = put_be(at, arrival->is_rewound[lane], 1);
		at = put_be(at, arrival->marks[lane], 8);
	}
	at = put_text(at, hello->version, sizeof(hello->version));
	at = put_text(at, hello->kernel, sizeof(hello->kernel));
	at = put_text(at, hello->host, sizeof(hello->host));
	at = put_text(at, arrival->tls_version, sizeof(arrival->tls_version));
	at = put_text(at, arrival->tls_group, sizeof(arrival->tls_group));
	return (size_t)(at - ret_payload);
}

static void take_text(struct cursor *c, char *ret_text, size_t size_max)
{
	struct cursor text = cursor_block(c, 1);
	size_t size = text.left;

	if (size >= size_max) {
		cursor_take(c, c->left + 1); /* it is no text of ours */
		return;
	}
	cursor_copy(&text, (uint8_t *)ret_text, size);
	ret_text[size] = '\0';
}

static void take_batch(struct cursor *c, struct entry *ret_entry)
{
	cursor_copy(c, ret_entry->sensor, sizeof(ret_entry->sensor));
	ret_entry->batch.generation = cursor_u64(c);
	ret_entry->batch.lane = cursor_u8(c);
	ret_entry->batch.seq = cursor_u64(c);
	ret_entry->batch.raw_bytes = cursor_u32(c);
	ret_entry->time_ns = cursor_u64(c);
	ret_entry->batch.missing_first = cursor_u64(c);
	ret_entry->batch.epoch_index = cursor_u8(c);
	ret_entry->batch.history_bytes = cursor_u32(c);
}

static int read_batch(const struct segment_record *record, struct cursor *aux,
		      struct entry *ret_entry)
{
	struct entry_batch *batch = &ret_entry->batch;

	take_batch(aux, ret_entry);
	if (!cursor_done(aux) || batch->lane >= VERIFY_LANES ||
	    batch->missing_first >= batch->seq || batch->epoch_index >= batch->seq ||
	    batch->history_bytes > record->payload_size ||
	    (batch->epoch_index == 0) != (batch->history_bytes == 0))
		return -EBADMSG;
	batch->history = batch->history_bytes > 0 ? record->payload : NULL;
	batch->payload = record->payload + batch->history_bytes;
	batch->payload_bytes = record->payload_size - batch->history_bytes;
	return 0;
}

static int read_arrival(const struct segment_record *record, struct cursor *aux,
			struct entry *ret_entry)
{
	struct entry_arrival *arrival = &ret_entry->arrival;
	struct verify_hello *hello = &arrival->hello;
	struct cursor c = cursor_of(record->payload, record->payload_size);

	cursor_copy(aux, ret_entry->sensor, sizeof(ret_entry->sensor));
	ret_entry->time_ns = cursor_u64(aux);
	hello->generation = cursor_u64(&c);
	hello->instance = cursor_u64(&c);
	cursor_copy(&c, hello->boot_id, sizeof(hello->boot_id));
	for (size_t lane = 0; lane < VERIFY_LANES; lane++) {
		hello->lanes[lane].first_seq = cursor_u64(&c);
		hello->lanes[lane].next_seq = cursor_u64(&c);
		arrival->is_rewound[lane] = cursor_u8(&c) != 0;
		arrival->marks[lane] = cursor_u64(&c);
	}
	take_text(&c, hello->version, sizeof(hello->version));
	take_text(&c, hello->kernel, sizeof(hello->kernel));
	take_text(&c, hello->host, sizeof(hello->host));
	take_text(&c, arrival->tls_version, sizeof(arrival->tls_version));
	take_text(&c, arrival->tls_group, sizeof(arrival->tls_group));
	return cursor_done(aux) && cursor_done(&c) ? 0 : -EBADMSG;
}

static int read_rest(const struct segment_record *record, struct cursor *aux,
		     struct entry *ret_entry)
{
	switch (ret_entry->type) {
	case ENTRY_BATCH:
		return read_batch(record, aux, ret_entry);
	case ENTRY_ARRIVAL:
		return read_arrival(record, aux, ret_entry);
	case ENTRY_LEAVE:
		cursor_copy(aux, ret_entry->sensor, sizeof(ret_entry->sensor));
		ret_entry->time_ns = cursor_u64(aux);
		break;
	case ENTRY_START:
		ret_entry->time_ns = cursor_u64(aux);
		break;
	case ENTRY_CHECKPOINT:
		ret_entry->checkpoint.bytes = record->payload;
		ret_entry->checkpoint.size = record->payload_size;
		break;
	default:
		return -EBADMSG;
	}
	return cursor_done(aux) ? 0 : -EBADMSG;
}

int entry_read(const struct segment_record *record, struct entry *ret_entry)
{
	struct cursor aux = cursor_of(record->aux, record->aux_size);
	struct entry entry = { .type = (enum entry_type)record->type, .position = record->seq };
	int r;

	if (cursor_u8(&aux) != VERSION)
		return -EBADMSG;
	r = read_rest(record, &aux, &entry);
	if (r == 0)
		*ret_entry = entry;
	return r;
}
