/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf/bytes_case.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

#define SO_COOKIE_OPTION 57 /* asm-generic/socket.h */

uint64_t cookie_of(int fd)
{
	uint64_t cookie = 0;
	socklen_t size = sizeof(cookie);

	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_COOKIE_OPTION, &cookie, &size), 0);
	return cookie;
}

struct awaited_bytes {
	struct probe_fixture *fixture;
	struct seen_bytes *seen;
	unsigned side;
	uint32_t total;
};

static void take_piece(struct awaited_bytes *awaited, const struct event_bytes *event)
{
	struct seen_side *side = &awaited->seen->side[event->side];
	uint8_t bytes[ARENA_BYTES_MAX];

	side->pieces++;
	if (event->cut) {
		side->cuts++;
		side->cut = event->cut;
		return;
	}
	assert_int_equal(arena_take(awaited->fixture->arena, event, bytes), event->bytes);
	side->protocol = event->protocol;
	side->start = event->start;
	if (event->total_bytes)
		side->total = event->total_bytes;
	for (uint32_t i = 0; i < event->bytes; i++) {
		assert_false(side->has[event->offset + i]);
		side->has[event->offset + i] = 1;
		side->bytes[event->offset + i] = bytes[i];
	}
	side->count += event->bytes;
}

static bool collect(const struct decoded_event *event, const void *context)
{
	struct awaited_bytes *awaited = (struct awaited_bytes *)(uintptr_t)context;
	const struct seen_side *side = &awaited->seen->side[awaited->side];
	uint8_t bytes[ARENA_BYTES_MAX];

	if (event->kind != EVENT_BYTES)
		return false;
	if (event->bytes.cookie == awaited->seen->cookie)
		take_piece(awaited, &event->bytes);
	else if (!event->bytes.cut)
		arena_take(awaited->fixture->arena, &event->bytes, bytes);
	return side->total && side->total == awaited->total && side->count == side->total;
}

bool bytes_must_come(struct probe_fixture *fixture, struct seen_bytes *seen, unsigned side,
		     uint32_t total, uint32_t timeout_ms)
{
	const struct awaited_bytes awaited = { fixture, seen, side, total };

	return probe_fixture_find(fixture, EVENT_RING_BULK, collect, &awaited, timeout_ms);
}
