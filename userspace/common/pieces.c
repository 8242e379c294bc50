/* SPDX-License-Identifier: Apache-2.0 */
#include "common/pieces.h"

#include <errno.h>
#include <stdlib.h>

#define CAPACITY_MIN 256 /* and doubled until it is enough */

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

void pieces_done(struct pieces *pieces)
{
	wipe(pieces->at, pieces->capacity);
	*pieces = (struct pieces){ 0 };
}

static size_t capacity_for(const struct pieces *pieces, size_t end)
{
	size_t capacity = pieces->capacity > 0 ? pieces->capacity : CAPACITY_MIN;

	while (capacity < end)
		capacity *= 2;
	return capacity;
}

size_t pieces_heap(const struct pieces *pieces)
{
	return heap_bytes(pieces->capacity);
}

size_t pieces_growth(const struct pieces *pieces, size_t end)
{
	return heap_bytes(capacity_for(pieces, end)) - heap_bytes(pieces->capacity);
}

/* realloc would leave a copy behind. */
static int reserve(struct pieces *pieces, size_t end)
{
	size_t capacity = capacity_for(pieces, end);
	uint8_t *grown;

	if (capacity == pieces->capacity)
		return 0;
	grown = calloc(1, heap_bytes(capacity));
	if (!grown)
		return -ENOMEM;
	if (pieces->at) {
		memcpy(grown, pieces->at, pieces->end);
		memcpy(grown + capacity, pieces->at + pieces->capacity, (pieces->capacity + 7) / 8);
	}
	wipe(pieces->at, pieces->capacity);
	pieces->at = grown;
	pieces->capacity = capacity;
	return 0;
}

/* The bits count from `prefix` on; what lies before has come in any case. */
static bool has_come(const struct pieces *pieces, size_t place)
{
	return place < pieces->prefix ||
	       (pieces->at[pieces->capacity + place / 8] >> (place % 8) & 1) != 0;
}

static bool put(struct pieces *pieces, size_t place, uint8_t byte)
{
	if (has_come(pieces, place))
		return pieces->at[place] == byte;
	pieces->at[place] = byte;
	pieces->at[pieces->capacity + place / 8] |= (uint8_t)(1 << (place % 8));
	return true;
}

static int put_all(struct pieces *pieces, size_t offset, struct cursor piece)
{
	while (piece.left > 0)
		if (!put(pieces, offset++, cursor_u8(&piece)))
			return -EBADMSG;
	if (offset > pieces->end)
		pieces->end = offset;
	while (pieces->prefix < pieces->end && has_come(pieces, pieces->prefix))
		pieces->prefix++;
	return 0;
}

int pieces_add(struct pieces *pieces, size_t offset, struct cursor piece)
{
	size_t size = piece.left;

	if (size == 0)
		return 0;
	if (reserve(pieces, offset + size) < 0)
		return -ENOMEM;
	if (offset != pieces->prefix || offset != pieces->end)
		return put_all(pieces, offset, piece);
	/* The usual case: right behind the others. */
	cursor_copy(&piece, pieces->at + offset, size);
	pieces->prefix = pieces->end = offset + size;
	return 0;
}

struct cursor pieces_bytes(const struct pieces *pieces)
{
	return cursor_of(pieces->at, pieces->prefix);
}
