/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pieces of one message against a model of plain arrays. The first byte times 64 is the longest
 * message; then pieces: two bytes of place, one of size, one that says what to do, and the bytes.
 */
#include "sensor/flow/first_bytes.h"

#include "support/fuzz_talk.h"

#define PLACES (255 * 64 + 256)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

struct model {
	size_t bytes_max;
	uint8_t bytes[PLACES];
	bool has_come[PLACES];
};

static bool model_add(struct model *model, size_t offset, struct cursor piece)
{
	for (; piece.left > 0; offset++) {
		uint8_t byte = cursor_u8(&piece);

		if (offset >= model->bytes_max)
			return true;
		if (model->has_come[offset] && model->bytes[offset] != byte)
			return false;
		model->has_come[offset] = true;
		model->bytes[offset] = byte;
	}
	return true;
}

static void check(const struct first_bytes *message, const struct model *model)
{
	size_t prefix = 0;

	while (prefix < model->bytes_max && model->has_come[prefix])
		prefix++;
	fuzz_require(message->pieces.prefix == prefix);
	fuzz_require(prefix == 0 || memcmp(message->pieces.at, model->bytes, prefix) == 0);
	fuzz_require(first_bytes_is_full(message) == (prefix >= model->bytes_max));
	fuzz_require(first_bytes_heap(message) <= 3 * model->bytes_max + 300);
}

static void read_if_due(struct first_bytes *message)
{
	if (first_bytes_is_due(message))
		fuzz_require(first_bytes_read(message).left == message->pieces.prefix);
	fuzz_require(message->read_sum <= 13 * message->pieces.prefix + 4 * 1024);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static struct model model;
	struct cursor c = cursor_of(bytes, size);
	struct first_bytes message;
	bool is_sound = true;

	memset(&model, 0, sizeof(model));
	model.bytes_max = cursor_u8(&c) * 64u;
	first_bytes_init(&message, model.bytes_max);
	while (is_sound && c.left > 0) {
		size_t place = cursor_u16(&c) % PLACES;
		size_t wanted = cursor_u8(&c);
		uint8_t how = cursor_u8(&c);
		struct cursor piece = cursor_take(&c, wanted < c.left ? wanted : c.left);
		size_t offset = how & 1 ? message.pieces.prefix : place;
		size_t heap = first_bytes_heap(&message);
		size_t growth = first_bytes_growth(&message, offset, piece.left);

		first_bytes_expect(&message, how >> 1);
		is_sound = model_add(&model, offset, piece);
		fuzz_require((first_bytes_add(&message, offset, piece) == 0) == is_sound);
		fuzz_require(first_bytes_heap(&message) <= heap + growth);
		if (is_sound)
			check(&message, &model);
		read_if_due(&message);
	}
	first_bytes_done(&message);
	return 0;
}
