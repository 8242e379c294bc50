/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/kernel/arena.h"

#include "common/clock.h"
#include "sensor/kernel/windows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PATIENCE_NS (10 * NS_PER_S)

struct arena {
	struct windows windows;
	uint32_t slots; /* the first is the head */
	uint32_t reach; /* slots up to here may have been claimed since all were free */
	struct arena_stats stats;
};

int arena_open(int fd, uint32_t slots, struct arena **ret_arena)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t bytes = ((size_t)slots * ARENA_SLOT_BYTES + page - 1) / page * page;
	struct arena *arena;
	int r;

	if (slots == 0)
		return -EINVAL;
	arena = calloc(1, sizeof(*arena));
	if (!arena)
		return -ENOMEM;
	r = windows_open(&arena->windows, fd, 0, bytes, PROT_READ | PROT_WRITE);
	if (r < 0) {
		free(arena);
		return r;
	}
	arena->slots = slots;
	arena->stats.slots = slots - 1;
	*ret_arena = arena;
	return 0;
}

void arena_close(struct arena *arena)
{
	if (!arena)
		return;
	windows_close(&arena->windows);
	free(arena);
}

/* NULL when it cannot be mapped now. */
static struct arena_slot *slot_of(struct arena *arena, uint32_t number)
{
	size_t at = (size_t)number * ARENA_SLOT_BYTES;

	if (windows_map(&arena->windows, at, ARENA_SLOT_BYTES) < 0)
		return NULL;
	return (struct arena_slot *)(void *)(arena->windows.at + at);
}

static uint32_t state_of(const struct arena_slot *slot)
{
	return __atomic_load_n(&slot->state, __ATOMIC_ACQUIRE);
}

/* Nobody else writes to a slot that is claimed and told of, or closing for long. Behind `bytes` it
 * is clean. */
static void wipe_and_free(struct arena_slot *slot, size_t bytes)
{
	explicit_bzero(slot->bytes, bytes);
	slot->cookie = 0;
	slot->stretch = 0;
	__atomic_store_n(&slot->state, ARENA_FREE, __ATOMIC_RELEASE);
}

/* Of a slot that was claimed for this piece alone. */
static size_t written_bytes(const struct event_bytes *event)
{
	size_t end = (size_t)event->slot_at + event->bytes;

	return end > ARENA_CLAIMED_BYTES_MIN ? end : ARENA_CLAIMED_BYTES_MIN;
}

int arena_take(struct arena *arena, const struct event_bytes *event,
	       uint8_t ret_bytes[ARENA_BYTES_MAX])
{
	uint32_t wanted = event->flags & BYTES_STAY ? ARENA_HELD : ARENA_CLAIMED;
	struct arena_slot *slot;

	if (event->slot == 0 || event->slot >= arena->slots ||
	    (size_t)event->slot_at + event->bytes > ARENA_BYTES_MAX)
		return -EBADMSG;
	slot = slot_of(arena, event->slot);
	if (!slot)
		return -ENOMEM;
	if (state_of(slot) != wanted || slot->generation != event->generation ||
	    slot->cookie != event->cookie) {
		arena->stats.stale++;
		return -ESTALE;
	}
	memcpy(ret_bytes, slot->bytes + event->slot_at, event->bytes);
	if (wanted == ARENA_CLAIMED)
		wipe_and_free(slot, written_bytes(event));
	return event->bytes;
}

/* One that BPF may still add to is closed first: whoever found it open has long written by the next
 * look. */
static void look_at(struct arena *arena, struct arena_slot *slot, uint64_t now_ns, bool all_told)
{
	uint32_t state = state_of(slot);

	if (state == ARENA_FREE)
		return;
	if (state == ARENA_CLOSING) {
		arena->stats.reclaimed++;
		wipe_and_free(slot, sizeof(slot->bytes));
		return;
	}
	arena->stats.taken++;
	arena->stats.held += state == ARENA_HELD;
	if (all_told && now_ns > slot->claimed_ns && now_ns - slot->claimed_ns > PATIENCE_NS)
		__atomic_compare_exchange_n(&slot->state, &state, ARENA_CLOSING, false,
					    __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

/* Those that were used, until one cannot be mapped. */
static void look_at_all(struct arena *arena, uint32_t reach, uint64_t now_ns, bool all_told)
{
	for (uint32_t i = 1; i < arena->slots && i <= reach; i++) {
		struct arena_slot *slot = slot_of(arena, i);

		if (!slot)
			return;
		look_at(arena, slot, now_ns, all_told);
	}
}

void arena_reclaim(struct arena *arena, uint64_t now_ns, bool all_told)
{
	struct arena_slot *first = slot_of(arena, 0);
	uint32_t next, reach;

	if (!first)
		return;
	next = __atomic_load_n(&first->head.next, __ATOMIC_RELAXED);
	reach = next > arena->reach ? next : arena->reach;
	arena->stats.taken = 0;
	arena->stats.held = 0;
	look_at_all(arena, reach, now_ns, all_told);
	/* One more look at all of these: a slot may just have been claimed. */
	arena->reach = arena->stats.taken ? reach : next;
	__atomic_store_n(&first->head.held, (uint32_t)arena->stats.held, __ATOMIC_RELAXED);
	if (arena->stats.taken > 0)
		return;
	/* The search begins at the front again, so that few windows are ever mapped. */
	__atomic_store_n(&first->head.next, 0, __ATOMIC_RELAXED);
	if (windows_mapped_bytes(&arena->windows) > 2 * WINDOW_BYTES)
		windows_give_back(&arena->windows);
}

void arena_rewind(struct arena *arena)
{
	struct arena_slot *first = slot_of(arena, 0);
	uint32_t next;

	if (!first || __atomic_load_n(&first->head.held, __ATOMIC_RELAXED) > 0)
		return;
	next = __atomic_exchange_n(&first->head.next, 0, __ATOMIC_RELAXED);
	if (next > arena->reach)
		arena->reach = next;
}

void arena_stats(const struct arena *arena, struct arena_stats *ret_stats)
{
	*ret_stats = arena->stats;
}
