/* SPDX-License-Identifier: Apache-2.0 */
#include "telemetry/intern.h"

#include "common/hash.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_COUNT 64u
#define PROBES_MAX 128u

/* --- the index --- */

/* Goes on from *probe (at first 0): the next reference whose hash is that, or 0; *probe then tells
 * the free slot, or PROBES_MAX: none near enough. */
static uint32_t index_find(const struct intern_index *index, uint32_t hash, uint32_t *probe)
{
	uint32_t mask = index->slot_count - 1;

	if (index->slot_count == 0)
		return 0;
	for (; *probe < PROBES_MAX; ++*probe) {
		uint32_t reference = index->slots[(hash + *probe) & mask];

		if (reference == 0)
			return 0;
		if (index->hashes[reference - 1] == hash) {
			++*probe;
			return reference;
		}
	}
	return 0;
}

static void index_put(struct intern_index *index, uint32_t hash, uint32_t reference)
{
	uint32_t mask = index->slot_count - 1;

	for (uint32_t probe = 0; probe < PROBES_MAX; probe++) {
		uint32_t *slot = &index->slots[(hash + probe) & mask];

		if (*slot == 0) {
			*slot = reference;
			return;
		}
	}
}

/* Room for one reference after `count`; at most half of the slots are taken. */
static int index_reserve(struct intern_index *index, uint32_t count)
{
	uint32_t capacity = index->capacity > 0 ? 2 * index->capacity : FIRST_COUNT;
	uint32_t *hashes, *slots;

	if (count < index->capacity)
		return 0;
	hashes = reallocarray(index->hashes, capacity, sizeof(*hashes));
	if (hashes)
		index->hashes = hashes;
	slots = hashes ? calloc(2 * (size_t)capacity, sizeof(*slots)) : NULL;
	if (!slots)
		return -ENOMEM;
	free(index->slots);
	index->slots = slots;
	index->slot_count = 2 * capacity;
	index->capacity = capacity;
	for (uint32_t i = 0; i < count; i++)
		index_put(index, hashes[i], i + 1);
	return 0;
}

static void index_add(struct intern_index *index, uint32_t hash, uint32_t reference)
{
	index->hashes[reference - 1] = hash;
	index_put(index, hash, reference);
}

static void index_clear(struct intern_index *index)
{
	if (index->slot_count > 0)
		memset(index->slots, 0, index->slot_count * sizeof(*index->slots));
}

static void index_done(struct intern_index *index)
{
	free(index->slots);
	free(index->hashes);
	*index = (struct intern_index){ 0 };
}

/* --- byte strings --- */

static bool is_equal(const struct intern *intern, uint32_t reference, const void *bytes,
		     size_t length)
{
	struct text text = intern_text(intern, reference);

	return text.length == length && memcmp(text.at, bytes, length) == 0;
}

static int reserve_text(struct intern *intern, size_t length)
{
	uint32_t capacity = intern->capacity > 0 ? 2 * intern->capacity : FIRST_COUNT;
	size_t room = intern->room > 0 ? intern->room : 4096;
	void *grown;

	while (room < intern->size + length)
		room *= 2;
	if (room > intern->room) {
		grown = realloc(intern->bytes, room);
		if (!grown)
			return -ENOMEM;
		intern->bytes = grown;
		intern->room = room;
	}
	if (intern->count < intern->capacity)
		return 0;
	grown = reallocarray(intern->ends, capacity, sizeof(*intern->ends));
	if (!grown)
		return -ENOMEM;
	intern->ends = grown;
	intern->capacity = capacity;
	return 0;
}

int intern_add(struct intern *intern, const void *bytes, size_t length, uint32_t *ret_reference)
{
	uint32_t hash = hash_bytes(bytes, length);
	uint32_t probe = 0, reference;
	int r;

	while ((reference = index_find(&intern->index, hash, &probe)) > 0) {
		if (is_equal(intern, reference, bytes, length)) {
			*ret_reference = reference;
			return 0;
		}
	}
	r = reserve_text(intern, length);
	if (r == 0)
		r = index_reserve(&intern->index, intern->count);
	if (r < 0)
		return r;
	memcpy(intern->bytes + intern->size, bytes, length);
	intern->size += length;
	intern->ends[intern->count++] = intern->size;
	index_add(&intern->index, hash, intern->count);
	*ret_reference = intern->count;
	return 1;
}

void intern_clear(struct intern *intern)
{
	index_clear(&intern->index);
	intern->size = 0;
	intern->count = 0;
}

void intern_done(struct intern *intern)
{
	index_done(&intern->index);
	free(intern->bytes);
	free(intern->ends);
	*intern = (struct intern){ 0 };
}

/* --- rows --- */

int intern_row(struct intern_rows *rows, const uint64_t *row, uint32_t *ret_reference)
{
	struct columns *columns = &rows->columns;
	size_t size = columns->width * sizeof(*row);
	uint32_t hash = hash_bytes(row, size);
	uint32_t probe = 0, reference;
	int r;

	while ((reference = index_find(&rows->index, hash, &probe)) > 0) {
		if (memcmp(columns_row(columns, reference - 1), row, size) == 0) {
			*ret_reference = reference;
			return 0;
		}
	}
	r = columns_reserve(columns, 1);
	if (r == 0)
		r = index_reserve(&rows->index, (uint32_t)columns->count);
	if (r < 0)
		return r;
	columns_push(columns, row);
	index_add(&rows->index, hash, (uint32_t)columns->count);
	*ret_reference = (uint32_t)columns->count;
	return 1;
}

void intern_rows_clear(struct intern_rows *rows)
{
	index_clear(&rows->index);
	rows->columns.count = 0;
}

void intern_rows_done(struct intern_rows *rows)
{
	index_done(&rows->index);
	columns_done(&rows->columns);
}
