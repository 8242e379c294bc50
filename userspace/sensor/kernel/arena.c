/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/kernel/arena.h"

#include "common/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PATIENCE_NS (10 * NS_PER_S)

struct arena {
	struct arena_slot *slot; /* the first is the head */
	uint32_t slots;
	size_t mapped_bytes;
	uint32_t reach; /* slots up to here may have been claimed since all were free */
	struct arena_stats stats;
};

int arena_open(int fd, uint32_t slots, struct arena **ret_arena)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t bytes = ((size_t)slots * ARENA_SLOT_BYTES + page - 1) / page * page;
	struct arena *arena;

	if (slots == 0)
		return -EINVAL;
	arena = calloc(1, sizeof(*arena));
	if (!arena)
		return -ENOMEM;
	arena->slot = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (arena->slot == MAP_FAILED) {
		free(arena);
		return -errno;
	}
	arena->slots = slots;
	arena->mapped_bytes = bytes;
	arena->stats.slots = slots - 1;
	*ret_arena = arena;
	return 0;
}

void arena_close(struct arena *arena)
{
	if (!arena)
		return;
	munmap(arena->slot, arena->mapped_bytes);
	free(arena);
}

static uint32_t state_of(const struct arena_slot *slot)
{
	return __atomic_load_n(&slot->state, __ATOMIC_ACQUIRE);
}

/* Nobody else writes to a slot that is claimed and told of, or closing for long. */
static void wipe_and_free(struct arena_slot *slot)
{
	explicit_bzero(slot->bytes, sizeof(slot->bytes));
	slot->cookie = 0;
	slot->stretch = 0;
	__atomic_store_n(&slot->state, ARENA_FREE, __ATOMIC_RELEASE);
}

int arena_take(struct arena *arena, const struct event_bytes *event,
	       uint8_t ret_bytes[ARENA_BYTES_MAX])
{
	uint32_t wanted = event->flags & BYTES_STAY ? ARENA_HELD : ARENA_CLAIMED;
	struct arena_slot *slot;

	if (event->slot == 0 || event->slot >= arena->slots ||
	    (size_t)event->slot_at + event->bytes > ARENA_BYTES_MAX)
		return -EBADMSG;
	slot = &arena->slot[event->slot];
	if (state_of(slot) != wanted || slot->generation != event->generation ||
	    slot->cookie != event->cookie) {
		arena->stats.stale++;
		return -ESTALE;
	}
	memcpy(ret_bytes, slot->bytes + event->slot_at, event->bytes);
	if (wanted == ARENA_CLAIMED)
		wipe_and_free(slot);
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
		wipe_and_free(slot);
		return;
	}
	arena->stats.taken++;
	arena->stats.held += state == ARENA_HELD;
	if (all_told && now_ns > slot->claimed_ns && now_ns - slot->claimed_ns > PATIENCE_NS)
		__atomic_compare_exchange_n(&slot->state, &state, ARENA_CLOSING, false,
					    __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

void arena_reclaim(struct arena *arena, uint64_t now_ns, bool all_told)
{
	struct arena_head *head = &arena->slot[0].head;
	uint32_t next = __atomic_load_n(&head->next, __ATOMIC_RELAXED);
	uint32_t reach = next > arena->reach ? next : arena->reach;

	arena->stats.taken = 0;
	arena->stats.held = 0;
	/* Only what was used: a page that is looked at is this process's from then on. */
	for (uint32_t i = 1; i < arena->slots && i <= reach; i++)
		look_at(arena, &arena->slot[i], now_ns, all_told);
	/* One more look at all of these: a slot may just have been claimed. */
	arena->reach = arena->stats.taken ? reach : next;
	__atomic_store_n(&head->held, (uint32_t)arena->stats.held, __ATOMIC_RELAXED);
	/* The search begins at the front again, so that few pages are ever touched. */
	if (arena->stats.taken == 0)
		__atomic_store_n(&head->next, 0, __ATOMIC_RELAXED);
}

void arena_stats(const struct arena *arena, struct arena_stats *ret_stats)
{
	*ret_stats = arena->stats;
}
