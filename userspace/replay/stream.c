/* SPDX-License-Identifier: Apache-2.0 */
#include "replay/stream.h"

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

static uint64_t count_new(const struct stream *stream, const struct stream_range *range)
{
	uint64_t at = range->from;
	uint64_t count = 0;

	for (int i = 0; i < stream->ahead_count && stream->ahead[i].from < range->to; i++) {
		const struct stream_range *there = &stream->ahead[i];

		if (there->from > at)
			count += there->from - at;
		if (there->to > at)
			at = there->to;
	}
	return at < range->to ? count + (range->to - at) : count;
}

static void drop_range(struct stream *stream, int i)
{
	stream->ahead_count--;
	memmove(&stream->ahead[i], &stream->ahead[i + 1],
		(size_t)(stream->ahead_count - i) * sizeof(stream->ahead[0]));
}

/* Takes the ranges that touch *range out of the list and into it. */
static void merge_touching(struct stream *stream, struct stream_range *range)
{
	for (int i = 0; i < stream->ahead_count;) {
		const struct stream_range there = stream->ahead[i];

		if (there.to < range->from || there.from > range->to) {
			i++;
			continue;
		}
		if (there.from < range->from)
			range->from = there.from;
		if (there.to > range->to)
			range->to = there.to;
		drop_range(stream, i);
	}
}

static void insert(struct stream *stream, struct stream_range range)
{
	int i = stream->ahead_count;

	for (; i > 0 && stream->ahead[i - 1].from > range.from; i--)
		stream->ahead[i] = stream->ahead[i - 1];
	stream->ahead[i] = range;
	stream->ahead_count++;
}

static void remember(struct stream *stream, struct stream_range range)
{
	merge_touching(stream, &range);
	if (range.from <= stream->edge) {
		stream->edge = range.to;
		return;
	}
	if (stream->ahead_count == STREAM_AHEAD_MAX) {
		stream->edge = stream->ahead[0].to;
		drop_range(stream, 0);
		if (range.from < stream->edge) /* it lay in the first hole, which counts as lost */
			return;
	}
	insert(stream, range);
}

uint32_t stream_add(struct stream *stream, uint32_t seq, uint32_t bytes, int64_t *ret_offset)
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
	count = count_new(stream, &range);
	remember(stream, range);
	stream->unique_bytes += count;
	return (uint32_t)count;
}
