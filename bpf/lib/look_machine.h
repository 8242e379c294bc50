/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Follows a message to its end, wherever it is cut: sees lengths and line ends only, and keeps
 * eight bytes from one segment to the next. Part of look.h.
 */
#ifndef YAGURA_LIB_LOOK_MACHINE_H
#define YAGURA_LIB_LOOK_MACHINE_H

#include "dissect.h"

#define LOOK_CHUNK_BYTES 64
#define LOOK_CHUNK_WORDS (LOOK_CHUNK_BYTES / 8)
#define LOOK_SCAN_BYTES 64
#define LOOK_SCAN_WORDS (LOOK_SCAN_BYTES / 8)

enum look_phase {
	LOOK_PHASE_NONE = 0,
	LOOK_TLS_RECORD = 1, /* in a record's header */
	LOOK_TLS_HEADER = 2, /* in the handshake message's header */
	LOOK_TLS_BODY = 3,
	LOOK_SSH_BANNER = 4,
	LOOK_SSH_LENGTH = 5, /* of the packet behind the banner */
	LOOK_DNS_LENGTH = 6,
	LOOK_BODY = 7, /* of known length */
	LOOK_HTTP = 8, /* until an empty line */
	LOOK_ENDED = 9, /* the message is whole */
	LOOK_BROKEN = 10, /* it is not what it looked like */
};

/* One word, so that it may be handed to and from a BPF function of its own. */
union look_machine {
	__u64 word;
	struct {
		__u16 left; /* of the message, from its header on; 0xffff: more than the window */
		__u16 record_left;
		__u8 phase; /* enum look_phase */
		__u8 have; /* bytes of the header being read; of the banner; of a line end */
		__u8 header; /* bytes read of the handshake message's header */
		__u8 taken; /* of the chunk last given */
	};
};
_Static_assert(sizeof(union look_machine) == 8, "look_machine");

/* A length that is read byte by byte; what is longer than the window never ends in it. */
DISSECT_INLINE __u16 look_grow(__u16 length, __u8 byte)
{
	return (__u16)(length > 0xff ? 0xffff : length << 8 | byte);
}

DISSECT_INLINE void look_tls_record(union look_machine *m, __u8 byte)
{
	if (m->have == 0 && byte != TLS_HANDSHAKE) {
		m->phase = LOOK_BROKEN;
		return;
	}
	m->record_left = (__u16)(m->record_left << 8 | byte); /* the last two count */
	if (++m->have < 5)
		return;
	m->have = 0;
	if (m->record_left == 0)
		m->phase = LOOK_BROKEN; /* RFC 8446 5.1 */
	else
		m->phase = m->header < 4 ? LOOK_TLS_HEADER : LOOK_TLS_BODY;
}

DISSECT_INLINE void look_tls_header(union look_machine *m, __u8 byte)
{
	if (m->header > 0) /* the type */
		m->left = look_grow(m->left, byte);
	m->record_left--;
	if (++m->header == 4)
		m->phase = m->left ? LOOK_TLS_BODY : LOOK_ENDED;
	if (m->record_left == 0 && m->phase != LOOK_ENDED)
		m->phase = LOOK_TLS_RECORD;
}

/* The identification string has 255 bytes at most, RFC 4253 4.2. */
DISSECT_INLINE void look_ssh_banner(union look_machine *m, __u8 byte)
{
	if (byte == '\n') {
		m->phase = LOOK_SSH_LENGTH;
		m->have = 0;
	} else if (++m->have == 255) {
		m->phase = LOOK_BROKEN;
	}
}

DISSECT_INLINE void look_length(union look_machine *m, __u8 byte, __u8 width)
{
	m->left = look_grow(m->left, byte);
	if (++m->have == width)
		m->phase = m->left ? LOOK_BODY : LOOK_BROKEN;
}

/* The place of the lowest byte of a word that has its high bit set; there is one, and no other bit
 * is set. */
DISSECT_INLINE __u32 look_lowest_byte(__u64 high_bits)
{
	const __u64 each_byte = 0x0101010101010101ull;
	__u64 below = ((high_bits & -high_bits) >> 7) - 1;

	return (__u32)((below & each_byte) * each_byte >> 56);
}

/*
 * Takes the first `count` bytes, 1 to 8, of a word as it lies in memory, to the empty line's end at
 * most. `have`: 1 after a line's end, 2 after the CR behind it. A bare LF ends a line, RFC 9112
 * 2.2. Eight bytes at once and without a branch: request heads are what most connections begin
 * with.
 */
DISSECT_INLINE __u64 look_http_word(__u64 machine, __u64 word, __u32 count)
{
	union look_machine state = { .word = machine }, *m = &state;
	__u64 there = ~0ull >> (64 - 8 * count);
	__u64 ends = dissect_bytes_like(word, '\n') & there;
	__u64 behind = ends << 8 | (m->have & 1u) << 7; /* bytes that a line begins with */
	__u64 returns = dissect_bytes_like(word, '\r') & behind;
	__u64 over = ends & (behind | returns << 8 | (m->have & 2u) << 6);
	__u32 last = 8 * count - 1;

	m->have = (__u8)((ends >> last & 1) | (returns >> last & 1) << 1);
	if (over) {
		m->phase = LOOK_ENDED;
		count = look_lowest_byte(over) + 1;
	}
	m->taken = (__u8)(m->taken + count);
	return state.word;
}

/* How much of what comes next is of no interest but for its length. */
DISSECT_INLINE __u32 look_skippable(const union look_machine *m)
{
	if (m->phase == LOOK_TLS_BODY)
		return m->left < m->record_left ? m->left : m->record_left;
	return m->phase == LOOK_BODY ? m->left : 0;
}

DISSECT_INLINE void look_skip(union look_machine *m, __u32 bytes)
{
	m->left -= (__u16)bytes;
	if (m->phase == LOOK_TLS_BODY)
		m->record_left -= (__u16)bytes;
	if (m->left == 0)
		m->phase = LOOK_ENDED;
	else if (m->phase == LOOK_TLS_BODY && m->record_left == 0)
		m->phase = LOOK_TLS_RECORD;
}

DISSECT_INLINE bool look_is_over(const union look_machine *m)
{
	return m->phase >= LOOK_ENDED;
}

#ifdef __bpf__
/* A function of its own: what it gives is any number to the verifier, which otherwise follows every
 * state through every byte. Weak, as each object has it. */
#define LOOK_STEP __attribute__((weak))
#else
#define LOOK_STEP static inline
#endif

/* Takes one byte; a broken message does not take the byte that breaks it. */
LOOK_STEP __u64 look_step(__u64 machine, __u32 next)
{
	union look_machine state = { .word = machine }, *m = &state;
	__u8 byte = (__u8)next;

	switch (m->phase) {
	case LOOK_TLS_RECORD:
		look_tls_record(m, byte);
		break;
	case LOOK_TLS_HEADER:
		look_tls_header(m, byte);
		break;
	case LOOK_SSH_BANNER:
		look_ssh_banner(m, byte);
		break;
	case LOOK_SSH_LENGTH:
		look_length(m, byte, 4);
		break;
	case LOOK_DNS_LENGTH:
		look_length(m, byte, 2);
		break;
	default:
		look_skip(m, 1);
	}
	if (m->phase != LOOK_BROKEN)
		m->taken++;
	return state.word;
}

/* Up to eight bytes, the first in the highest bits; stops at what may be skipped. */
LOOK_STEP __u64 look_eight(__u64 machine, __u64 word, __u32 count)
{
	union look_machine state = { .word = machine }, *m = &state;
	__u32 i;

	if (m->phase == LOOK_HTTP && count > 0)
		return look_http_word(machine, __builtin_bswap64(word), count);
	for (i = 0; i < 8; i++) {
		if (i >= count || look_is_over(m) || look_skippable(m))
			break;
		m->word = look_step(m->word, (__u32)(word >> 56));
		word <<= 8;
	}
	return state.word;
}

/* look_run_chunk() within a head of HTTP. */
DISSECT_INLINE __u64 look_run_http(const __u64 words[LOOK_CHUNK_WORDS], __u32 count, __u64 word)
{
	union look_machine m = { .word = word };
	__u32 i;

#pragma GCC unroll 8
	for (i = 0; i < LOOK_CHUNK_WORDS; i++) {
		if (count <= 8 * i || look_is_over(&m))
			break;
		m.word = look_http_word(m.word, words[i], count - 8 * i < 8 ? count - 8 * i : 8);
	}
	return m.word;
}

/* Runs the machine over `count` bytes as they lie in memory; `taken` says how many it took. */
DISSECT_INLINE __u64 look_run_chunk(const __u64 words[LOOK_CHUNK_WORDS], __u32 count, __u64 word)
{
	union look_machine m = { .word = word };
	__u32 i;

	m.taken = 0;
	if (m.phase == LOOK_HTTP)
		return look_run_http(words, count, m.word);
#pragma GCC unroll 8
	for (i = 0; i < LOOK_CHUNK_WORDS; i++) {
		if (count <= 8 * i || look_is_over(&m) || look_skippable(&m))
			break;
		m.word = look_eight(m.word, dissect_word(words[i], count - 8 * i),
				    count - 8 * i < 8 ? count - 8 * i : 8);
	}
	return m.word;
}

/* Runs it over the first `count` bytes of a head. */
DISSECT_INLINE __u64 look_run_head(const struct dissect_head *head, __u32 count, __u64 word)
{
	union look_machine m = { .word = word };
	__u32 rest;

	m.taken = 0;
	m.word = look_eight(m.word, head->first, count < 8 ? count : 8);
	if (m.taken == 8 && count > 8)
		m.word = look_eight(m.word, head->second, count - 8);
	rest = count > m.taken ? count - m.taken : 0;
	if (rest && look_skippable(&m) >= rest)
		look_skip(&m, rest);
	else if (rest && !look_is_over(&m))
		m.phase = LOOK_BROKEN; /* no beginning that is recognised is of this form */
	return m.word;
}

/* Where, in words as they lie in memory, a hello may begin first; else LOOK_SCAN_BYTES. */
DISSECT_INLINE __u32 look_scan_words(const __u64 words[LOOK_SCAN_WORDS])
{
	__u32 i;

#pragma GCC unroll 8
	for (i = 0; i < LOOK_SCAN_WORDS; i++) {
		__u64 found = dissect_bytes_like(words[i], DISSECT_INSIDE);

		if (found)
			return 8 * i + look_lowest_byte(found);
	}
	return LOOK_SCAN_BYTES;
}

#endif
