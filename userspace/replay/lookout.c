/* SPDX-License-Identifier: Apache-2.0 */
#include "replay/lookout.h"

#include "bpf/lib/look_datagram.h"
#include "bpf/lib/look_user.h"
#include "bpf/lib/shape.h"
#include "common/pieces.h"

#include <errno.h>
#include <stdlib.h>
#include <utlist.h>

#define EARLY_BYTES_MAX (2 * LOOK_WINDOW_BYTES) /* of each direction */
#define EARLY_SEGMENTS_MAX LOOK_MESSAGE_SEGMENTS_MAX
/* Of the room: what was shown is remembered only while early segments have more than that. */
#define EARLY_ROOM_BYTES (16 << 20)

/* What the kernel calls them is what userspace calls them. */
#define SAME_PROTOCOL(NAME, name)                                                                  \
	_Static_assert((int)DISSECT_##NAME == (int)FINGERPRINT_##NAME, "protocol " #name);
FINGERPRINT_PROTOCOLS(SAME_PROTOCOL)
#undef SAME_PROTOCOL

/* A segment that came before what precedes it. */
struct early {
	struct early *prev;
	struct early *next;
	uint32_t offset;
	uint32_t size;
	uint8_t bytes[];
};

struct direction {
	struct look_side side;
	struct early *early; /* by offset */
	uint32_t early_bytes;
	uint32_t early_count;
	struct pieces shown; /* to the table, by their places in the stream */
};

struct lookout {
	struct flow_table *table;
	int64_t *room; /* below zero: too much is kept */
	struct flow_key key;
	struct direction directions[TRACK_ENDS];
	struct look_datagrams datagrams;
	enum track_end sender; /* of what is being looked at */
	bool is_begun; /* the first payload has been seen */
	bool is_wanted; /* the table was given something of what is being looked at */
};

struct lookout *lookout_new(struct flow_table *table, int64_t *room)
{
	struct lookout *lookout = calloc(1, sizeof(*lookout));

	if (!lookout)
		return NULL;
	lookout->table = table;
	lookout->room = room;
	return lookout;
}

static int64_t held_bytes(const struct early *early)
{
	return (int64_t)(sizeof(*early) + early->size);
}

static void forget(struct lookout *lookout, struct direction *direction, struct early *early)
{
	*lookout->room += held_bytes(early);
	DL_DELETE(direction->early, early);
	direction->early_bytes -= early->size;
	direction->early_count--;
	explicit_bzero(early->bytes, early->size);
	free(early);
}

void lookout_free(struct lookout *lookout)
{
	if (!lookout)
		return;
	for (int end = 0; end < TRACK_ENDS; end++) {
		struct direction *direction = &lookout->directions[end];

		while (direction->early)
			forget(lookout, direction, direction->early);
		*lookout->room += (int64_t)pieces_heap(&direction->shown);
		pieces_done(&direction->shown);
	}
	free(lookout);
}

static enum fingerprint_side side_of(enum track_end end)
{
	return end == TRACK_SOURCE ? SIDE_SOURCE : SIDE_DESTINATION;
}

/* For what may come again after it was read. Without room or memory that is not noticed. */
static void remember(struct lookout *lookout, uint32_t place, struct cursor bytes)
{
	struct pieces *shown = &lookout->directions[lookout->sender].shown;
	int64_t before = (int64_t)pieces_heap(shown);

	if (*lookout->room - (int64_t)pieces_growth(shown, place + bytes.left) < EARLY_ROOM_BYTES)
		return;
	pieces_add(shown, place, bytes);
	*lookout->room -= (int64_t)pieces_heap(shown) - before;
}

static void take_piece(void *context, const struct look_piece *piece, const __u8 *at)
{
	struct lookout *lookout = context;
	const struct flow_piece taken = {
		.key = lookout->key,
		.protocol = (enum fingerprint_protocol)piece->protocol,
		.side = side_of(lookout->sender),
		.start = piece->start,
		.offset = piece->offset,
		.total_bytes = piece->total_bytes,
		.bytes = cursor_of(at, piece->carried.count ? piece->carried.count : piece->bytes),
	};

	lookout->is_wanted = true;
	if (piece->cut) {
		flow_table_cut(lookout->table, &lookout->key, taken.side,
			       look_cut_name(piece->cut));
		return;
	}
	flow_table_piece(lookout->table, &taken);
	remember(lookout, taken.start + taken.offset, taken.bytes);
}

/* What has come of the message under way comes again: is it the same? Which of two the other end
 * took nobody knows. */
static void compare(struct lookout *lookout, const struct look_side *side, uint32_t offset,
		    struct cursor bytes)
{
	uint32_t from = offset > side->start ? offset : side->start;
	size_t end = offset + bytes.left < side->next ? offset + bytes.left : side->next;
	struct flow_piece piece = { .key = lookout->key,
				    .protocol = (enum fingerprint_protocol)side->protocol,
				    .side = side_of(lookout->sender),
				    .start = side->start,
				    .offset = from - side->start };

	if (side->state != LOOK_IN_MESSAGE || from >= end)
		return;
	cursor_take(&bytes, from - offset);
	piece.bytes = cursor_take(&bytes, end - from);
	flow_table_piece(lookout->table, &piece);
}

static enum look_verdict look_at(struct lookout *lookout, struct look_side *side, uint32_t offset,
				 const struct cursor *bytes)
{
	struct look_source source = { .payload = bytes->at,
				      .bytes = (__u32)bytes->left,
				      .emit = take_piece,
				      .user = lookout };
	const struct look_segment segment = { .offset = offset,
					      .bytes = (__u32)bytes->left,
					      .wanted = DISSECT_STREAMS };
	enum look_verdict verdict = LOOK_MORE;

	compare(lookout, side, offset, *bytes);
	for (int i = 0; i < LOOK_PARTS_MAX && verdict == LOOK_MORE; i++)
		verdict = look_segment(&source, side, &segment);
	return verdict;
}

static int by_offset(const struct early *a, const struct early *b)
{
	return (a->offset > b->offset) - (a->offset < b->offset);
}

static void keep(struct lookout *lookout, struct direction *direction, uint32_t offset,
		 const struct cursor *bytes)
{
	struct early *early = malloc(sizeof(*early) + bytes->left);

	if (!early) /* as if it had been lost */
		return;
	early->offset = offset;
	early->size = (uint32_t)bytes->left;
	memcpy(early->bytes, bytes->at, bytes->left);
	DL_INSERT_INORDER(direction->early, early, by_offset);
	direction->early_bytes += early->size;
	direction->early_count++;
	*lookout->room -= held_bytes(early);
}

static bool is_too_much_kept(const struct lookout *lookout, const struct direction *direction)
{
	return direction->early_bytes > EARLY_BYTES_MAX ||
	       direction->early_count > EARLY_SEGMENTS_MAX || *lookout->room < 0;
}

/* Brings what was kept, as far as it can be looked at now. */
static void bring(struct lookout *lookout, struct direction *direction)
{
	while (direction->early) {
		struct early *early = direction->early;
		const struct cursor bytes = cursor_of(early->bytes, early->size);

		if (look_at(lookout, &direction->side, early->offset, &bytes) == LOOK_HOLD)
			return;
		forget(lookout, direction, early);
	}
}

/* Gives up the hole before what was kept. */
static void jump(struct lookout *lookout, struct direction *direction, enum look_cut cut)
{
	struct look_source source = { .emit = take_piece, .user = lookout };

	look_jump(&source, &direction->side, direction->early->offset, cut);
	bring(lookout, direction);
}

/* Is it other than what is kept for the same place? */
static bool contradicts_early(const struct direction *direction, uint32_t offset,
			      const struct cursor *bytes)
{
	const struct early *early;

	DL_FOREACH (direction->early, early) {
		uint32_t from = offset > early->offset ? offset : early->offset;
		uint32_t end = early->offset + early->size;

		if (end > offset + bytes->left)
			end = offset + (uint32_t)bytes->left;
		if (from < end && memcmp(bytes->at + (from - offset),
					 early->bytes + (from - early->offset), end - from) != 0)
			return true;
	}
	return false;
}

/* Is it other than what was shown? */
static bool contradicts_shown(struct direction *direction, uint32_t offset, struct cursor bytes)
{
	struct pieces *shown = &direction->shown;

	if (offset >= shown->end)
		return false;
	if (bytes.left > shown->end - offset)
		bytes.left = shown->end - offset;
	return pieces_add(shown, offset, bytes) == -EBADMSG;
}

/* True when a place of the stream has other bytes than before. Whatever message they are of:
 * nothing is read of the direction any more. */
static bool is_overlap(struct lookout *lookout, struct direction *direction, uint32_t offset,
		       const struct cursor *bytes)
{
	if (!contradicts_early(direction, offset, bytes) &&
	    !contradicts_shown(direction, offset, *bytes))
		return false;
	flow_table_overlap(lookout->table, &lookout->key, side_of(lookout->sender));
	lookout->is_wanted = true;
	direction->side.state = LOOK_DONE;
	while (direction->early)
		forget(lookout, direction, direction->early);
	return true;
}

static void look_at_stream(struct lookout *lookout, const struct track_data *data)
{
	struct direction *direction = &lookout->directions[data->sender];
	struct cursor bytes = data->bytes;
	int64_t offset = data->offset;

	if (offset >= LOOK_WINDOW_BYTES)
		return;
	if (offset < 0) {
		cursor_take(&bytes, (size_t)-offset);
		offset = 0;
	}
	if (!cursor_ok(&bytes) || bytes.left == 0)
		return;
	if (is_overlap(lookout, direction, (uint32_t)offset, &bytes) ||
	    direction->side.state == LOOK_DONE)
		return;
	if (look_at(lookout, &direction->side, (uint32_t)offset, &bytes) == LOOK_HOLD)
		keep(lookout, direction, (uint32_t)offset, &bytes);
	else
		bring(lookout, direction);
	while (direction->early && is_too_much_kept(lookout, direction))
		jump(lookout, direction, LOOK_CUT_ORDER);
}

static struct dissect_head head_of(const struct cursor *bytes)
{
	__u64 words[2] = { 0 };
	size_t count = bytes->left < sizeof(words) ? bytes->left : sizeof(words);

	memcpy(words, bytes->at, count);
	return dissect_head_of(words, (__u32)count);
}

static void look_at_datagram(struct lookout *lookout, const struct track_data *data)
{
	enum fingerprint_side side = side_of(data->sender);
	struct dissect_head head;
	struct flow_piece piece = { .key = lookout->key,
				    .side = side,
				    .total_bytes = data->wire_bytes,
				    .bytes = data->bytes };

	if (data->bytes.left == 0 || !look_wants_datagram(&lookout->datagrams, side))
		return;
	head = head_of(&data->bytes);
	piece.protocol = (enum fingerprint_protocol)look_datagram(
		&lookout->datagrams, side, &head, data->wire_bytes, DISSECT_DATAGRAMS);
	if (piece.protocol == FINGERPRINT_NONE)
		return;
	piece.start = lookout->datagrams.taken[side] - 1u;
	lookout->is_wanted = true;
	flow_table_piece(lookout->table, &piece);
}

static enum shape_class shape_of(const struct cursor *bytes)
{
	struct shape shape = { .bytes = (__u32)(bytes->left < SHAPE_BYTES_MAX ? bytes->left
									      : SHAPE_BYTES_MAX) };
	__u8 seen[256] = { 0 };

	for (__u32 at = 0; at < shape.bytes; at += 8) {
		__u32 count = shape.bytes - at < 8 ? shape.bytes - at : 8;
		__u64 word = 0;

		memcpy(&word, bytes->at + at, count);
		shape_add(&shape, shape_look(seen, dissect_word(word, count), count));
	}
	return shape_class(&shape);
}

/* Of what begins with neither a known protocol nor the first bytes of one. */
static void look_at_unknown(struct lookout *lookout, const struct track_data *data)
{
	enum shape_class kind;

	if (lookout->is_begun || data->bytes.left == 0)
		return;
	lookout->is_begun = true;
	if (lookout->is_wanted || data->offset != 0 ||
	    lookout->directions[data->sender].side.carry_count > 0)
		return;
	kind = shape_of(&data->bytes);
	if (kind != SHAPE_NONE)
		flow_table_unknown(lookout->table, &lookout->key, (uint8_t)kind);
}

bool lookout_data(struct lookout *lookout, const struct flow_key *key, uint8_t protocol,
		  const struct track_data *data)
{
	lookout->key = *key;
	lookout->sender = data->sender;
	lookout->is_wanted = false;
	if (protocol != PROTOCOL_TCP && protocol != PROTOCOL_UDP)
		return false;
	if (protocol == PROTOCOL_TCP)
		look_at_stream(lookout, data);
	else
		look_at_datagram(lookout, data);
	look_at_unknown(lookout, data);
	return lookout->is_wanted;
}

/* A keep-alive may have a byte of anything: RFC 9293 3.8.4. */
static bool is_keep_alive(const struct direction *direction, const struct track_data *data)
{
	int64_t end = data->offset + 1;

	return data->wire_bytes == 1 &&
	       (end == direction->side.next || end == (int64_t)direction->shown.end);
}

void lookout_again(struct lookout *lookout, const struct flow_key *key,
		   const struct track_data *data)
{
	struct direction *direction = &lookout->directions[data->sender];

	if (data->offset < 0 || data->offset >= LOOK_WINDOW_BYTES || is_keep_alive(direction, data))
		return;
	lookout->key = *key;
	lookout->sender = data->sender;
	compare(lookout, &direction->side, (uint32_t)data->offset, data->bytes);
	is_overlap(lookout, direction, (uint32_t)data->offset, &data->bytes);
}

void lookout_finish(struct lookout *lookout)
{
	for (enum track_end end = TRACK_SOURCE; end < TRACK_ENDS; end++) {
		lookout->sender = end;
		while (lookout->directions[end].early)
			jump(lookout, &lookout->directions[end], LOOK_CUT_UNSEEN);
	}
}
