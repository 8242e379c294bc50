/* SPDX-License-Identifier: Apache-2.0 */
#include "replay/stream.h"

#include <stdlib.h>
#include <string.h>

void stream_begin(struct stream *stream, uint32_t seq)
{
	if (stream->is_known)
		return;
	stream->is_known = true;
	stream->first_seq = seq;
}

/* Numbers wrap after 4 GiB: of the places a number may stand for, the one nearest the edge. */
static int64_t place_of(const struct stream *stream, uint32_t seq)
{
	uint32_t edge_seq = stream->first_seq + (uint32_t)stream->edge;

	return (int64_t)stream->edge + (int32_t)(seq - edge_seq);
}

/* Of the ranges ahead the first that does not end before `from`. */
static uint32_t first_touched(const struct stream *stream, uint64_t from)
{
	uint32_t low = 0;
	uint32_t high = stream->ahead_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (stream->ahead[middle].to < from)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void drop_ranges(struct stream *stream, uint32_t first, uint32_t end)
{
	if (first == end)
		return;
	memmove(&stream->ahead[first], &stream->ahead[end],
		(stream->ahead_count - end) * sizeof(stream->ahead[0]));
	stream->ahead_count -= end - first;
}

/* Takes the ranges that touch *range out of the list and into it. How much of it was new. */
static uint64_t merge_touching(struct stream *stream, struct stream_range *range)
{
	const struct stream_range added = *range;
	uint64_t count = added.to - added.from;
	uint32_t first = first_touched(stream, added.from);
	uint32_t end = first;

	for (; end < stream->ahead_count && stream->ahead[end].from <= added.to; end++) {
		const struct stream_range there = stream->ahead[end];
		uint64_t from = there.from > added.from ? there.from : added.from;
		uint64_t to = there.to < added.to ? there.to : added.to;

		count -= to - from;
		if (there.from < range->from)
			range->from = there.from;
		if (there.to > range->to)
			range->to = there.to;
	}
	drop_ranges(stream, first, end);
	return count;
}

/* False when there can be no more ranges. */
static bool has_place(struct stream *stream, size_t *room)
{
	uint32_t capacity = stream->ahead_capacity > 0 ? 2 * stream->ahead_capacity : 8;
	struct stream_range *grown;

	if (stream->ahead_count < stream->ahead_capacity)
		return true;
	if (capacity > STREAM_AHEAD_MAX || capacity - stream->ahead_capacity > *room)
		return false;
	grown = realloc(stream->ahead, capacity * sizeof(*grown));
	if (!grown)
		return false;
	*room -= capacity - stream->ahead_capacity;
	stream->ahead = grown;
	stream->ahead_capacity = capacity;
	return true;
}

static void insert(struct stream *stream, struct stream_range range)
{
	uint32_t i = first_touched(stream, range.from);

	memmove(&stream->ahead[i + 1], &stream->ahead[i],
		(stream->ahead_count - i) * sizeof(range));
	stream->ahead[i] = range;
	stream->ahead_count++;
}

/* Counts the hole before the first of `range` and those ahead as lost. */
static void give_up_hole(struct stream *stream, struct stream_range range)
{
	if (stream->ahead_count == 0 || range.from < stream->ahead[0].from) {
		stream->edge = range.to;
		return;
	}
	stream->edge = stream->ahead[0].to;
	drop_ranges(stream, 0, 1);
	insert(stream, range);
}

static uint64_t remember(struct stream *stream, size_t *room, struct stream_range range)
{
	uint64_t count = merge_touching(stream, &range);

	if (range.from <= stream->edge)
		stream->edge = range.to;
	else if (has_place(stream, room))
		insert(stream, range);
	else
		give_up_hole(stream, range);
	return count;
}

uint32_t stream_add(struct stream *stream, size_t *room, uint32_t seq, uint32_t bytes,
		    int64_t *ret_offset)
{
	struct stream_range range;
	int64_t offset;
	uint64_t count;

	stream_begin(stream, seq);
	offset = place_of(stream, seq);
	*ret_offset = offset;
	if (offset + (int64_t)bytes <= (int64_t)stream->edge)
		return 0;
	range.from = offset < (int64_t)stream->edge ? stream->edge : (uint64_t)offset;
	range.to = (uint64_t)(offset + (int64_t)bytes);
	count = remember(stream, room, range);
	stream->unique_bytes += count;
	return (uint32_t)count;
}

void stream_done(struct stream *stream, size_t *room)
{
	*room += stream->ahead_capacity;
	free(stream->ahead);
	*stream = (struct stream){ 0 };
}
