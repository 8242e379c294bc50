/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens whatever lies in the memory as a journal. Input that starts with an odd byte is written
 * over a sound journal (2-byte place, 1-byte length, bytes; again and again), so that the fuzzer
 * need not guess magic and instance; any other is the memory itself.
 */
#include "sensor/process/journal.h"

#include "common/cursor.h"

#include <stdlib.h>

#define INSTANCE 7
#define MEMORY_BYTES 8192

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
	uint64_t count;
	uint64_t bytes;
	uint8_t sum;
};

static void see(void *context, const uint8_t *bytes, size_t size)
{
	struct seen *seen = context;

	seen->count++;
	seen->bytes += size;
	for (size_t i = 0; i < size; i++)
		seen->sum ^= bytes[i];
}

/* Enough events to have gone round the room once. */
static void make_sound(uint8_t *memory)
{
	uint8_t event[300] = { 0 };
	struct journal *journal = NULL;

	if (journal_open(memory, MEMORY_BYTES, INSTANCE, &journal) < 0)
		abort();
	for (uint8_t n = 0; n < 48; n++) {
		event[0] = n;
		if (journal_append(journal, event, 100 + 16u * (n % 12)) < 0)
			abort();
	}
	journal_close(journal);
}

static void write_over(uint8_t *memory, struct cursor *c)
{
	while (c->left > 0) {
		size_t place = cursor_u16(c) % MEMORY_BYTES;
		size_t length = cursor_u8(c);

		if (length > MEMORY_BYTES - place)
			length = MEMORY_BYTES - place;
		if (length > c->left)
			length = c->left;
		cursor_copy(c, memory + place, length);
	}
}

/* What is appended to it must be there, whatever the memory held. */
static void use(struct journal *journal)
{
	struct journal_totals totals = journal_totals(journal);
	struct seen before = { 0 };
	struct seen after = { 0 };
	uint8_t event[64] = { 1, 2, 3 };

	if (journal_replay(journal, see, &before) != before.count || before.bytes > MEMORY_BYTES)
		abort();
	journal_set_totals(journal, &totals);
	for (int i = 0; i < 3; i++)
		if (journal_append(journal, event, sizeof(event)) < 0)
			abort();
	if (journal_replay(journal, see, &after) < 3 || after.bytes > MEMORY_BYTES)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *memory = calloc(1, MEMORY_BYTES); /* exact, so ASan sees one byte over */
	struct cursor c = cursor_of(data, size);
	struct journal *journal = NULL;

	if (!memory)
		return 0;
	if (cursor_u8(&c) % 2 == 1) {
		make_sound(memory);
		write_over(memory, &c);
	} else {
		cursor_copy(&c, memory, c.left < MEMORY_BYTES ? c.left : MEMORY_BYTES);
	}
	if (journal_open(memory, MEMORY_BYTES, INSTANCE, &journal) == 0)
		use(journal);
	journal_close(journal);
	free(memory);
	return 0;
}
