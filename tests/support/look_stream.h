/* SPDX-License-Identifier: Apache-2.0 */
/* A stream cut up into segments that come in some order, and what bpf/lib/look.h takes of it. After
 * cmocka.h. */
#ifndef YAGURA_SUPPORT_LOOK_STREAM_H
#define YAGURA_SUPPORT_LOOK_STREAM_H

#include "bpf/lib/look_user.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGES_MAX 8
#define STREAM_MAX 40000

/* "(N)" stands for N bytes 0x2e; the rest is hexadecimal. */
static inline size_t stream_of(const char *hex, uint8_t *to)
{
	size_t size = 0;

	while (*hex) {
		unsigned value = 0;
		int used = 0;

		if (sscanf(hex, "(%u)%n", &value, &used) == 1 && used > 0) {
			memset(to + size, 0x2e, value);
			size += value;
		} else {
			assert_int_equal(sscanf(hex, "%2x%n", &value, &used), 1);
			to[size++] = (uint8_t)value;
		}
		hex += used;
	}
	return size;
}

struct message {
	uint32_t start, bytes, total;
	uint8_t protocol;
	uint8_t has[LOOK_WINDOW_BYTES]; /* which of its bytes came */
};

struct taken {
	const uint8_t *stream;
	struct message message[MESSAGES_MAX];
	size_t messages;
	size_t cuts;
	uint8_t cut; /* the last */
};

static inline struct message *message_at(struct taken *taken, const struct look_piece *piece)
{
	for (size_t i = 0; i < taken->messages; i++)
		if (taken->message[i].start == piece->start)
			return &taken->message[i];
	assert_true(taken->messages < MESSAGES_MAX);
	taken->message[taken->messages].start = piece->start;
	taken->message[taken->messages].protocol = piece->protocol;
	return &taken->message[taken->messages++];
}

static inline void take(void *user, const struct look_piece *piece, const uint8_t *at)
{
	struct taken *taken = user;
	struct message *message;

	if (piece->cut) {
		assert_null(at);
		taken->cuts++;
		taken->cut = piece->cut;
		return;
	}
	message = message_at(taken, piece);
	assert_int_equal(message->protocol, piece->protocol);
	assert_true(piece->bytes > 0);
	assert_true(piece->offset + piece->bytes <= LOOK_WINDOW_BYTES);
	assert_memory_equal(taken->stream + piece->start + piece->offset, at, piece->bytes);
	for (uint32_t i = 0; i < piece->bytes; i++) {
		assert_int_equal(message->has[piece->offset + i], 0);
		message->has[piece->offset + i] = 1;
	}
	message->bytes += piece->bytes;
	if (piece->total_bytes)
		message->total = piece->total_bytes;
}

struct segments {
	uint32_t count;
	struct {
		uint32_t offset, bytes;
		bool is_gone;
	} at[STREAM_MAX];
};

static inline enum look_verdict feed(struct look_side *side, struct taken *taken, uint32_t offset,
				     uint32_t bytes)
{
	const struct look_segment segment = { offset, bytes, DISSECT_ALL };
	struct look_source source = { taken->stream + offset, bytes, take, taken };
	enum look_verdict verdict = LOOK_MORE;

	for (int i = 0; i < LOOK_PARTS_MAX && verdict == LOOK_MORE; i++)
		verdict = look_segment(&source, side, &segment);
	return verdict;
}

/* Brings the segments in their order in `segments`; what is held comes again. */
static inline void bring(struct look_side *side, struct taken *taken, struct segments *segments)
{
	for (uint32_t i = 0; i < segments->count; i++) {
		bool goes_on = true;

		for (uint32_t j = 0; goes_on && j <= i; j++) {
			if (j == i)
				goes_on = false;
			if (segments->at[j].is_gone ||
			    (j < i && segments->at[j].offset > side->next))
				continue;
			segments->at[j].is_gone = feed(side, taken, segments->at[j].offset,
						       segments->at[j].bytes) != LOOK_HOLD;
			if (segments->at[j].is_gone && i > 0 && side->state != LOOK_DONE)
				goes_on = true, j = UINT32_MAX;
		}
	}
}

enum order { IN_ORDER, BACKWARDS, SHUFFLED, TWICE };

static inline void cut_up(struct segments *segments, size_t size, uint32_t each, enum order order)
{
	uint32_t n = 0;

	for (uint32_t at = 0; at < size; at += each, n++) {
		segments->at[n].offset = at;
		segments->at[n].bytes = size - at < each ? (uint32_t)size - at : each;
		segments->at[n].is_gone = false;
	}
	segments->count = n;
	for (uint32_t i = 0; order == BACKWARDS && i < n / 2; i++) {
		typeof(segments->at[0]) kept = segments->at[i];

		segments->at[i] = segments->at[n - 1 - i];
		segments->at[n - 1 - i] = kept;
	}
	srand(1);
	for (uint32_t i = n; order == SHUFFLED && i > 1; i--) {
		uint32_t j = (uint32_t)rand() % i;
		typeof(segments->at[0]) kept = segments->at[i - 1];

		segments->at[i - 1] = segments->at[j];
		segments->at[j] = kept;
	}
	for (uint32_t i = n; order == TWICE && i > 0; i--) {
		segments->at[2 * i - 1] = segments->at[i - 1];
		segments->at[2 * i - 2] = segments->at[i - 1];
		segments->count = 2 * n;
	}
}

static uint8_t stream[STREAM_MAX];
static struct segments segments;
static struct taken taken;

static inline void run(size_t size, uint32_t each, enum order order, struct look_side *side)
{
	memset(side, 0, sizeof(*side));
	memset(&taken, 0, sizeof(taken));
	taken.stream = stream;
	cut_up(&segments, size, each, order);
	bring(side, &taken, &segments);
}

#endif
