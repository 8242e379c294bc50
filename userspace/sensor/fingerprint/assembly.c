/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/fingerprint/assembly.h"

#include <stdlib.h>

#define ROOM_MIN 2048

/* realloc would leave a copy behind. */
static bool grow(struct assembly *assembly, size_t needed)
{
	size_t room = assembly->room > 0 ? assembly->room : ROOM_MIN;
	uint8_t *bytes;

	while (room < needed)
		room *= 2;
	if (room == assembly->room)
		return true;
	bytes = calloc(1, room);
	if (!bytes)
		return false;
	if (assembly->bytes) {
		memcpy(bytes, assembly->bytes, assembly->room);
		explicit_bzero(assembly->bytes, assembly->room);
		free(assembly->bytes);
	}
	assembly->bytes = bytes;
	assembly->room = room;
	return true;
}

static bool is_same(const struct assembly *assembly, struct assembly_range range,
		    struct cursor piece)
{
	for (size_t i = 0; i < assembly->range_count; i++) {
		struct assembly_range other = assembly->ranges[i];
		uint32_t from = range.from > other.from ? range.from : other.from;
		uint32_t to = range.to < other.to ? range.to : other.to;

		if (from < to &&
		    memcmp(assembly->bytes + from, piece.at + (from - range.from), to - from) != 0)
			return false;
	}
	return true;
}

/* Those that touch the new range become part of it: [first, last) of the list. */
static bool merge(struct assembly *assembly, struct assembly_range range)
{
	struct assembly_range *ranges = assembly->ranges;
	size_t first = 0, last;

	while (first < assembly->range_count && ranges[first].to < range.from)
		first++;
	for (last = first; last < assembly->range_count && ranges[last].from <= range.to; last++) {
		range.from = ranges[last].from < range.from ? ranges[last].from : range.from;
		range.to = ranges[last].to > range.to ? ranges[last].to : range.to;
	}
	if (first == last && assembly->range_count == ASSEMBLY_RANGES_MAX)
		return false;
	memmove(&ranges[first + 1], &ranges[last],
		(assembly->range_count - last) * sizeof(*ranges));
	assembly->range_count = assembly->range_count + 1 - (last - first);
	ranges[first] = range;
	return true;
}

enum assembly_result assembly_add(struct assembly *assembly, uint64_t offset, struct cursor piece,
				  size_t bytes_max)
{
	struct assembly_range range;

	if (offset > bytes_max || piece.left > bytes_max - offset)
		return ASSEMBLY_LIMIT;
	if (piece.left == 0)
		return ASSEMBLY_OK;
	range.from = (uint32_t)offset;
	range.to = (uint32_t)(offset + piece.left);
	if (!is_same(assembly, range, piece))
		return ASSEMBLY_OVERLAP;
	if (!grow(assembly, range.to))
		return ASSEMBLY_NO_ROOM;
	if (!merge(assembly, range))
		return ASSEMBLY_LIMIT;
	cursor_copy(&piece, assembly->bytes + range.from, piece.left);
	return ASSEMBLY_OK;
}

struct cursor assembly_bytes(const struct assembly *assembly)
{
	bool has_start = assembly->range_count > 0 && assembly->ranges[0].from == 0;

	return cursor_of(assembly->bytes, has_start ? assembly->ranges[0].to : 0);
}

void assembly_done(struct assembly *assembly)
{
	if (assembly->bytes)
		explicit_bzero(assembly->bytes, assembly->room);
	free(assembly->bytes);
	*assembly = (struct assembly){ 0 };
}
