/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * look.h over bytes in memory: for replay, tests and fuzzers. Segments may come in any order; those
 * for which look_segment() answers LOOK_HOLD are the caller's to keep.
 */
#ifndef YAGURA_LIB_LOOK_USER_H
#define YAGURA_LIB_LOOK_USER_H

#include "look.h"

#include <string.h>

struct look_source {
	const __u8 *payload; /* of the segment that is looked at */
	__u32 bytes;
	/* Given each piece; `at` points to its bytes, NULL for a cut. */
	void (*emit)(void *user, const struct look_piece *piece, const __u8 *at);
	void *user;
};

static inline bool look_load(struct look_source *source, __u32 at, void *to, __u32 bytes)
{
	if (at > source->bytes || bytes > source->bytes - at)
		return false;
	memcpy(to, source->payload + at, bytes);
	return true;
}

static inline __u64 look_chunk(struct look_source *source, __u32 at, __u32 count, __u64 machine)
{
	__u64 words[LOOK_CHUNK_WORDS] = { 0 };
	union look_machine stuck = { .word = machine };

	if (look_load(source, at, words, count))
		return look_run_chunk(words, count, machine);
	stuck.phase = LOOK_BROKEN;
	stuck.taken = 0;
	return stuck.word;
}

static inline __u32 look_run_some(struct look_source *source, struct look_side *side, __u32 at,
				  __u32 to)
{
	return look_run_steps(source, side, at, to);
}

static inline struct dissect_answer look_dissect(const struct dissect_head *head, __u32 wanted)
{
	return dissect_stream(head, wanted);
}

static inline __u64 look_head_run(const struct dissect_head *head, __u32 count, __u64 machine)
{
	return look_run_head(head, count, machine);
}

static inline __u32 look_segment_end(struct look_source *source, const struct look_segment *segment,
				     __u32 at)
{
	(void)source;
	(void)at;
	return segment->bytes;
}

static inline struct dissect_head look_head_at(struct look_source *source, __u32 at, __u32 count)
{
	__u64 words[2] = { 0 };

	return dissect_head_of(words, look_load(source, at, words, count) ? count : 0);
}

static inline __u32 look_scan(struct look_source *source, __u32 at, __u32 count)
{
	__u64 words[LOOK_SCAN_WORDS] = { 0 };

	return look_load(source, at, words, count) ? look_scan_words(words) : count;
}

static inline void look_emit(struct look_source *source, const struct look_side *side,
			     const struct look_piece *piece)
{
	__u8 carried[DISSECT_HEAD_BYTES];
	const __u8 *at = carried;

	(void)side;
	for (__u32 i = 0; i < DISSECT_HEAD_BYTES; i++)
		carried[i] = dissect_at(&piece->carried, i);
	if (piece->carried.count == 0)
		at = piece->cut ? NULL : source->payload + piece->at;
	source->emit(source->user, piece, at);
}

static inline void look_emit_short(struct look_source *source, const struct look_side *side,
				   const struct look_piece *piece)
{
	look_emit(source, side, piece);
}

#endif
