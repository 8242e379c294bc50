/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/flow/first_bytes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CAPACITY_MIN 256 /* and doubled until it is enough */
/* Each byte may be read so often on the average, and the first ones as often as they come. */
#define READS_A_BYTE 8
#define READS_FREE_BYTES 1024
/* Reads beyond that, when all that was announced has come. */
#define SPARE_READS 4

void first_bytes_init(struct first_bytes *message, size_t bytes_max)
{
	*message = (struct first_bytes){ .bytes_max = bytes_max, .spare_reads = SPARE_READS };
}

/* With the bits. */
static size_t heap_bytes(size_t capacity)
{
	return capacity + (capacity + 7) / 8;
}

static void wipe(uint8_t *at, size_t capacity)
{
	if (at)
		explicit_bzero(at, heap_bytes(capacity));
	free(at);
}

void first_bytes_done(struct first_bytes *message)
{
	wipe(message->at, message->capacity);
	first_bytes_init(message, message->bytes_max);
}

static size_t capped_end(const struct first_bytes *message, size_t offset, size_t size)
{
	if (offset >= message->bytes_max || size > message->bytes_max - offset)
		return message->bytes_max;
	return offset + size;
}

static size_t capacity_for(const struct first_bytes *message, size_t end)
{
	size_t capacity = message->capacity > 0 ? message->capacity : CAPACITY_MIN;

	while (capacity < end)
		capacity *= 2;
	return capacity;
}

size_t first_bytes_growth(const struct first_bytes *message, size_t offset, size_t size)
{
	size_t capacity = capacity_for(message, capped_end(message, offset, size));

	return heap_bytes(capacity) - heap_bytes(message->capacity);
}

size_t first_bytes_heap(const struct first_bytes *message)
{
	return heap_bytes(message->capacity);
}

static int reserve(struct first_bytes *message, size_t end)
{
	size_t capacity = capacity_for(message, end);
	uint8_t *grown;

	if (capacity == message->capacity)
		return 0;
	grown = calloc(1, heap_bytes(capacity));
	if (!grown)
		return -ENOMEM;
	if (message->at) {
		memcpy(grown, message->at, message->end);
		memcpy(grown + capacity, message->at + message->capacity,
		       (message->capacity + 7) / 8);
	}
	wipe(message->at, message->capacity);
	message->at = grown;
	message->capacity = capacity;
	return 0;
}

/* The bits count from `prefix` on; what lies before has come in any case. */
static bool has_come(const struct first_bytes *message, size_t place)
{
	return place < message->prefix ||
	       (message->at[message->capacity + place / 8] >> (place % 8) & 1) != 0;
}

static bool put(struct first_bytes *message, size_t place, uint8_t byte)
{
	if (has_come(message, place))
		return message->at[place] == byte;
	message->at[place] = byte;
	message->at[message->capacity + place / 8] |= (uint8_t)(1 << (place % 8));
	return true;
}

static int put_all(struct first_bytes *message, size_t offset, struct cursor piece)
{
	while (piece.left > 0)
		if (!put(message, offset++, cursor_u8(&piece)))
			return -EBADMSG;
	if (offset > message->end)
		message->end = offset;
	while (message->prefix < message->end && has_come(message, message->prefix))
		message->prefix++;
	return 0;
}

int first_bytes_add(struct first_bytes *message, size_t offset, struct cursor piece)
{
	size_t end = capped_end(message, offset, piece.left);
	size_t size = end > offset ? end - offset : 0;
	struct cursor kept = cursor_take(&piece, size);

	if (size == 0)
		return 0;
	if (reserve(message, end) < 0)
		return -ENOMEM;
	if (offset != message->prefix || offset != message->end)
		return put_all(message, offset, kept);
	cursor_copy(&kept, message->at + offset,
		    size); /* the usual case: right behind the others */
	message->prefix = message->end = end;
	return 0;
}

void first_bytes_expect(struct first_bytes *message, size_t total)
{
	if (total > 0)
		message->total = total;
}

bool first_bytes_is_whole(const struct first_bytes *message)
{
	return message->total > 0 && message->prefix >= message->total;
}

bool first_bytes_is_full(const struct first_bytes *message)
{
	return message->prefix >= message->bytes_max;
}

bool first_bytes_has_news(const struct first_bytes *message)
{
	return message->prefix > message->read;
}

static bool is_affordable(const struct first_bytes *message)
{
	return message->read_sum + message->prefix <=
	       READS_A_BYTE * message->prefix + READS_FREE_BYTES;
}

bool first_bytes_is_due(const struct first_bytes *message)
{
	if (!first_bytes_has_news(message))
		return false;
	if (first_bytes_is_full(message))
		return true;
	if (message->prefix < message->total)
		return false;
	return is_affordable(message) ||
	       (first_bytes_is_whole(message) && message->spare_reads > 0);
}

struct cursor first_bytes_read(struct first_bytes *message)
{
	if (!is_affordable(message) && message->spare_reads > 0)
		message->spare_reads--;
	first_bytes_was_read(message, message->prefix);
	return cursor_of(message->at, message->prefix);
}

void first_bytes_was_read(struct first_bytes *message, size_t size)
{
	message->read = size;
	message->read_sum += size;
}
