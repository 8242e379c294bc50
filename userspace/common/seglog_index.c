/* SPDX-License-Identifier: Apache-2.0 */
#include "common/seglog_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int seglog_index_add(struct seglog *log, uint64_t first_seq)
{
	if (log->count == log->capacity) {
		size_t capacity = log->capacity ? 2 * log->capacity : 8;
		struct seglog_segment *grown =
			reallocarray(log->segments, capacity, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		log->segments = grown;
		log->capacity = capacity;
	}
	log->segments[log->count++] = (struct seglog_segment){ .first_seq = first_seq };
	return 0;
}

void seglog_index_shift(struct seglog *log)
{
	free(log->segments[0].places);
	log->count--;
	memmove(log->segments, log->segments + 1, log->count * sizeof(*log->segments));
}

int seglog_index_reserve(struct seglog_segment *segment, uint64_t seq)
{
	size_t needed = (size_t)(seq - segment->first_seq) + 1;
	size_t capacity = segment->capacity ? segment->capacity : 16;
	struct seglog_place *grown;

	if (needed <= segment->capacity)
		return 0;
	while (capacity < needed)
		capacity *= 2;
	grown = reallocarray(segment->places, capacity, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	segment->places = grown;
	segment->capacity = capacity;
	return 0;
}

void seglog_index_note(struct seglog_segment *segment, uint64_t seq, struct seglog_place place)
{
	size_t index = (size_t)(seq - segment->first_seq);

	while (segment->count < index)
		segment->places[segment->count++] = (struct seglog_place){ 0 };
	segment->places[segment->count++] = place;
}
