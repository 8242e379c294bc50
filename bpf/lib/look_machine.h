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
#define LOOK_SCAN_BYTES 32
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

/* `have`: 1 after a line's end, 2 after the CR behind it. A bare LF ends a line, RFC 9112 2.2. */
DISSECT_INLINE void look_http(union look_machine *m, __u8 byte)
{
	if (byte == '\n' && m->have)
		m->phase = LOOK_ENDED;
	else if (byte == '\n')
		m->have = 1;
	else
		m->have = byte == '\r' && m->have == 1 ? 2 : 0;
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
	case LOOK_HTTP:
		look_http(m, byte);
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

	if (m->phase == LOOK_HTTP && count == 8 && !dissect_has_byte(word, '\n')) {
		m->have = 0;
		m->taken += 8;
		return state.word;
	}
	for (i = 0; i < 8; i++) {
		if (i >= count || look_is_over(m) || look_skippable(m))
			break;
		m->word = look_step(m->word, (__u32)(word >> 56));
		word <<= 8;
	}
	return state.word;
}

/* Runs the machine over `count` bytes as they lie in memory; `taken` says how many it took. */
DISSECT_INLINE __u64 look_run_chunk(const __u64 words[LOOK_CHUNK_WORDS], __u32 count, __u64 word)
{
	union look_machine m = { .word = word };
	__u32 i;

	m.taken = 0;
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

/* The place of a byte in a word, counted from the highest; there is one. */
DISSECT_INLINE __u32 look_place(__u64 word, __u8 byte)
{
	__u32 i;

	for (i = 0; i < 7; i++) {
		if ((__u8)(word >> 56) == byte)
			break;
		word <<= 8;
	}
	return i;
}

/* Where, in words as they lie in memory, a hello may begin first; else LOOK_SCAN_BYTES. */
DISSECT_INLINE __u32 look_scan_words(const __u64 words[LOOK_SCAN_WORDS])
{
	__u64 found = 0;
	__u32 at = LOOK_SCAN_BYTES, i;

#pragma GCC unroll 4
	for (i = LOOK_SCAN_WORDS; i > 0; i--) {
		if (!dissect_has_byte(words[i - 1], DISSECT_INSIDE))
			continue;
		found = words[i - 1];
		at = 8 * (i - 1);
	}
	return at < LOOK_SCAN_BYTES ? at + look_place(__builtin_bswap64(found), DISSECT_INSIDE)
				    : at;
}

#endif
