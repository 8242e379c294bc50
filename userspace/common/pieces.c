/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/fingerprint/pieces.h"

#include <stdlib.h>

#define ROOM_MIN 2048

/* realloc would leave a copy behind. */
static bool grow(struct pieces *pieces, size_t needed)
{
	size_t room = pieces->room > 0 ? pieces->room : ROOM_MIN;
	uint8_t *bytes;

	while (room < needed)
		room *= 2;
	if (room == pieces->room)
		return true;
	bytes = calloc(1, room);
	if (!bytes)
		return false;
	if (pieces->bytes) {
		memcpy(bytes, pieces->bytes, pieces->room);
		explicit_bzero(pieces->bytes, pieces->room);
		free(pieces->bytes);
	}
	pieces->bytes = bytes;
	pieces->room = room;
	return true;
}

static bool is_same(const struct pieces *pieces, struct pieces_range range, struct cursor piece)
{
	for (size_t i = 0; i < pieces->range_count; i++) {
		struct pieces_range other = pieces->ranges[i];
		uint32_t from = range.from > other.from ? range.from : other.from;
		uint32_t to = range.to < other.to ? range.to : other.to;

		if (from < to &&
		    memcmp(pieces->bytes + from, piece.at + (from - range.from), to - from) != 0)
			return false;
	}
	return true;
}

/* Those that touch the new range become part of it: [first, last) of the list. */
static bool merge(struct pieces *pieces, struct pieces_range range)
{
	struct pieces_range *ranges = pieces->ranges;
	size_t first = 0, last;

	while (first < pieces->range_count && ranges[first].to < range.from)
		first++;
	for (last = first; last < pieces->range_count && ranges[last].from <= range.to; last++) {
		range.from = ranges[last].from < range.from ? ranges[last].from : range.from;
		range.to = ranges[last].to > range.to ? ranges[last].to : range.to;
	}
	if (first == last && pieces->range_count == PIECES_RANGES_MAX)
		return false;
	memmove(&ranges[first + 1], &ranges[last], (pieces->range_count - last) * sizeof(*ranges));
	pieces->range_count = pieces->range_count + 1 - (last - first);
	ranges[first] = range;
	return true;
}

enum pieces_result pieces_add(struct pieces *pieces, uint64_t offset, struct cursor piece,
			      size_t bytes_max)
{
	struct pieces_range range;

	if (offset > bytes_max || piece.left > bytes_max - offset)
		return PIECES_LIMIT;
	if (piece.left == 0)
		return PIECES_OK;
	range.from = (uint32_t)offset;
	range.to = (uint32_t)(offset + piece.left);
	if (!is_same(pieces, range, piece))
		return PIECES_OVERLAP;
	if (!grow(pieces, range.to))
		return PIECES_NO_ROOM;
	if (!merge(pieces, range))
		return PIECES_LIMIT;
	cursor_copy(&piece, pieces->bytes + range.from, piece.left);
	return PIECES_OK;
}

struct cursor pieces_bytes(const struct pieces *pieces)
{
	bool has_start = pieces->range_count > 0 && pieces->ranges[0].from == 0;

	return cursor_of(pieces->bytes, has_start ? pieces->ranges[0].to : 0);
}

void pieces_done(struct pieces *pieces)
{
	if (pieces->bytes)
		explicit_bzero(pieces->bytes, pieces->room);
	free(pieces->bytes);
	*pieces = (struct pieces){ 0 };
}
