/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Looks at the shape of bytes in a packet. There is room for it in a slot of the arena, which no
 * other CPU has at the time; it is wiped and free at once. */
#ifndef YAGURA_LIB_SHAPE_BPF_H
#define YAGURA_LIB_SHAPE_BPF_H

#include "arena.bpf.h"
#include "shape.h"

/* Part of what a slot is used for: a union shape_eight. A function of its own, verified once, as is
 * the next. */
__weak int shape_look_of(__u32 number, __u32 at, __u32 count)
{
	struct arena_slot *slot = arena_slot(number);
	union shape_eight eight = { .word = 0 };

	barrier_var(at);
	if (!slot || at > SHAPE_BYTES_MAX - 8)
		return 0;
	eight = shape_look(
		slot->shape.seen,
		dissect_word(*(const volatile __u64 *)(slot->shape.bytes + (at & ~7u)), 8), count);
	return (int)eight.word;
}

/* The enum shape_class of `bytes` bytes from `at` on in the packet; SHAPE_NONE when there is no
 * room. */
__weak int shape_of_packet(struct __sk_buff *skb, __u32 at, __u32 bytes)
{
	struct shape shape = { .bytes = bytes < SHAPE_BYTES_MAX ? bytes : SHAPE_BYTES_MAX };
	__u32 number, size = shape.bytes, i;
	struct arena_slot *slot;

	if (bytes < SHAPE_BYTES_MIN)
		return SHAPE_NONE;
	number = arena_claim(0, bpf_ktime_get_boot_ns(), ARENA_CLAIMED);
	slot = number ? arena_slot(number) : NULL;
	if (!slot) {
		counter_add(COUNTER_BYTES_NO_ROOM);
		return SHAPE_NONE;
	}
	if (size_fits(&size, SHAPE_BYTES_MAX))
		bpf_skb_load_bytes(skb, at, slot->shape.bytes, size);
	for (i = 0; i < SHAPE_BYTES_MAX; i += 8) {
		if (i >= shape.bytes)
			break;
		shape_add(&shape, (union shape_eight){ .word = (__u32)shape_look_of(
							       number, i, shape.bytes - i) });
	}
	__builtin_memset(&slot->shape, 0, sizeof(slot->shape));
	barrier();
	*(volatile __u32 *)&slot->state = ARENA_FREE;
	return (int)shape_class(&shape);
}

#endif
