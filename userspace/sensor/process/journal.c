/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/process/journal.h"

#include "common/crc32c.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define JOURNAL_MAGIC 0x594147554a4e4c31ull /* "YAGUJNL1"; another layout takes another */
#define ROOM_BYTES_MIN 256
#define ENTRY_ALIGN 8ull

/* At the beginning of the memory; the room for entries follows. Positions count bytes ever written,
 * so they only grow; a byte's place in the room is its position modulo the room's size. */
struct layout {
	uint64_t magic;
	uint64_t instance;
	uint64_t room_bytes;
	uint64_t tail; /* of the oldest entry */
	uint64_t head; /* after the newest */
	uint64_t current; /* which of the totals counts: 0 or 1 */
	struct journal_totals totals[2];
};

struct entry_head {
	uint32_t size; /* of the event */
	uint32_t crc;
};

struct journal {
	struct layout *layout;
	uint8_t *room;
	uint64_t room_bytes;
	uint64_t tail; /* ours; those in the memory follow them */
	uint64_t head;
	uint8_t *scratch; /* one event, put together where it wraps round the room's end */
};

/* The compiler may not move stores across this, and a kill takes effect between instructions: what
 * stands above is in the memory before what stands below. */
static void publish(uint64_t *to, uint64_t value)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	__atomic_store_n(to, value, __ATOMIC_SEQ_CST);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static uint64_t event_bytes_max(const struct journal *journal)
{
	return journal->room_bytes / 4;
}

static uint64_t entry_bytes(uint64_t size)
{
	return (sizeof(struct entry_head) + size + ENTRY_ALIGN - 1) / ENTRY_ALIGN * ENTRY_ALIGN;
}

static size_t bytes_before_wrap(const struct journal *journal, uint64_t position, size_t size)
{
	uint64_t left = journal->room_bytes - position % journal->room_bytes;

	return size < left ? size : (size_t)left;
}

static void room_write(struct journal *journal, uint64_t position, const void *from, size_t size)
{
	size_t first = bytes_before_wrap(journal, position, size);

	memcpy(journal->room + position % journal->room_bytes, from, first);
	memcpy(journal->room, (const uint8_t *)from + first, size - first);
}

static void room_read(const struct journal *journal, uint64_t position, void *to, size_t size)
{
	size_t first = bytes_before_wrap(journal, position, size);

	memcpy(to, journal->room + position % journal->room_bytes, first);
	memcpy((uint8_t *)to + first, journal->room, size - first);
}

/* Covers the position: bytes of an earlier round over the room never pass for this one's. */
static uint32_t entry_crc(uint64_t position, const uint8_t *bytes, uint32_t size)
{
	uint32_t crc = crc32c(0, &position, sizeof(position));

	crc = crc32c(crc, &size, sizeof(size));
	return crc32c(crc, bytes, size);
}

/* Reads the entry at `position` into the scratch buffer. The whole entry's length, 0 at the end or
 * where none is whole. */
static uint64_t entry_read(const struct journal *journal, uint64_t position, uint32_t *ret_size)
{
	uint64_t left = journal->head - position;
	struct entry_head head;

	if (left < sizeof(head))
		return 0;
	room_read(journal, position, &head, sizeof(head));
	if (head.size > event_bytes_max(journal) || entry_bytes(head.size) > left)
		return 0;
	room_read(journal, position + sizeof(head), journal->scratch, head.size);
	if (entry_crc(position, journal->scratch, head.size) != head.crc)
		return 0;
	*ret_size = head.size;
	return entry_bytes(head.size);
}

/* The magic goes first and comes back last: a kill in between leaves no journal, not a
 * wrong one. */
static void start_afresh(struct journal *journal, uint64_t instance)
{
	struct layout *layout = journal->layout;

	publish(&layout->magic, 0);
	memset(&layout->instance, 0, sizeof(*layout) - offsetof(struct layout, instance));
	layout->instance = instance;
	layout->room_bytes = journal->room_bytes;
	publish(&layout->magic, JOURNAL_MAGIC);
}

static bool is_ours(const struct journal *journal, uint64_t instance)
{
	const struct layout *layout = journal->layout;

	return layout->magic == JOURNAL_MAGIC && layout->instance == instance &&
	       layout->room_bytes == journal->room_bytes && layout->current <= 1 &&
	       layout->head <= INT64_MAX && layout->tail <= layout->head &&
	       layout->head - layout->tail <= journal->room_bytes &&
	       layout->tail % ENTRY_ALIGN == 0 && layout->head % ENTRY_ALIGN == 0;
}

/* Nothing after a damaged entry can be found again, so the head goes back to where it starts: what
 * is appended from now on will be found. */
static void recover(struct journal *journal)
{
	uint64_t position = journal->layout->tail;
	uint64_t length;
	uint32_t size;

	journal->tail = position;
	journal->head = journal->layout->head;
	while ((length = entry_read(journal, position, &size)) > 0)
		position += length;
	journal->head = position;
	publish(&journal->layout->head, position);
}

int journal_open(void *memory, size_t size, uint64_t instance, struct journal **ret_journal)
{
	struct journal *journal;

	if (size < sizeof(struct layout) + ROOM_BYTES_MIN || (uintptr_t)memory % ENTRY_ALIGN != 0)
		return -EINVAL;
	journal = calloc(1, sizeof(*journal));
	if (!journal)
		return -ENOMEM;
	journal->layout = memory;
	journal->room = (uint8_t *)memory + sizeof(struct layout);
	journal->room_bytes = (size - sizeof(struct layout)) / ENTRY_ALIGN * ENTRY_ALIGN;
	journal->scratch = malloc(event_bytes_max(journal));
	if (!journal->scratch) {
		journal_close(journal);
		return -ENOMEM;
	}
	if (!is_ours(journal, instance))
		start_afresh(journal, instance);
	recover(journal);
	*ret_journal = journal;
	return 0;
}

void journal_close(struct journal *journal)
{
	if (!journal)
		return;
	free(journal->scratch);
	free(journal);
}

/* Gives up the oldest entries until `need` bytes are free, before any of them is overwritten. */
static void make_room(struct journal *journal, uint64_t need)
{
	struct entry_head head;
	uint64_t tail = journal->tail;

	while (journal->head + need - tail > journal->room_bytes) {
		room_read(journal, tail, &head, sizeof(head));
		tail += entry_bytes(head.size);
		if (tail > journal->head) /* somebody else wrote here */
			tail = journal->head;
	}
	if (tail == journal->tail)
		return;
	journal->tail = tail;
	publish(&journal->layout->tail, tail);
}

int journal_append(struct journal *journal, const uint8_t *bytes, size_t size)
{
	struct entry_head head;

	if (size > event_bytes_max(journal))
		return -E2BIG;
	head.size = (uint32_t)size;
	head.crc = entry_crc(journal->head, bytes, head.size);
	make_room(journal, entry_bytes(size));
	room_write(journal, journal->head, &head, sizeof(head));
	room_write(journal, journal->head + sizeof(head), bytes, size);
	journal->head += entry_bytes(size);
	publish(&journal->layout->head, journal->head);
	return 0;
}

uint64_t journal_replay(const struct journal *journal, journal_event_fn each, void *context)
{
	uint64_t position = journal->tail;
	uint64_t count = 0;
	uint64_t length;
	uint32_t size;

	while ((length = entry_read(journal, position, &size)) > 0) {
		each(context, journal->scratch, size);
		position += length;
		count++;
	}
	return count;
}

struct journal_totals journal_totals(const struct journal *journal)
{
	return journal->layout->totals[journal->layout->current & 1];
}

void journal_set_totals(struct journal *journal, const struct journal_totals *totals)
{
	struct layout *layout = journal->layout;
	uint64_t other = (layout->current & 1) ^ 1;

	layout->totals[other] = *totals;
	publish(&layout->current, other);
}
