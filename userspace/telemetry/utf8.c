/* SPDX-License-Identifier: Apache-2.0 */
#include "telemetry/utf8.h"

#define ARRAY_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* RFC 3629 3: the first byte says how many follow; `min` rules out overlong forms. */
static const struct lead {
	uint8_t mask;
	uint8_t bits;
	size_t length;
	uint32_t min;
} leads[] = {
	{ 0x80, 0x00, 1, 0x0 },
	{ 0xe0, 0xc0, 2, 0x80 },
	{ 0xf0, 0xe0, 3, 0x800 },
	{ 0xf8, 0xf0, 4, 0x10000 },
};

static const struct lead *lead_of(uint8_t byte)
{
	for (size_t i = 0; i < ARRAY_COUNT(leads); i++) {
		if ((byte & leads[i].mask) == leads[i].bits)
			return &leads[i];
	}
	return NULL;
}

static bool is_scalar(uint32_t codepoint, uint32_t min)
{
	bool is_surrogate = codepoint >= 0xd800 && codepoint <= 0xdfff;

	return codepoint >= min && codepoint <= 0x10ffff && !is_surrogate;
}

static bool decode(const struct text *text, size_t *ret_length, uint32_t *ret_codepoint)
{
	const struct lead *lead = lead_of((uint8_t)text->at[0]);
	uint32_t codepoint;

	if (!lead || lead->length > text->length)
		return false;
	codepoint = (uint8_t)text->at[0] & (uint8_t)~lead->mask;
	for (size_t i = 1; i < lead->length; i++) {
		uint8_t byte = (uint8_t)text->at[i];

		if ((byte & 0xc0) != 0x80)
			return false;
		codepoint = codepoint << 6 | (byte & 0x3f);
	}
	if (!is_scalar(codepoint, lead->min))
		return false;
	*ret_length = lead->length;
	*ret_codepoint = codepoint;
	return true;
}

struct utf8_character utf8_take(struct text *rest)
{
	struct utf8_character character = { .at = rest->at };

	if (rest->length == 0)
		return character;
	character.length = 1;
	character.is_valid = decode(rest, &character.length, &character.codepoint);
	rest->at += character.length;
	rest->length -= character.length;
	return character;
}

bool utf8_is_printable(const struct utf8_character *character)
{
	static const struct {
		uint32_t first;
		uint32_t last;
	} hidden[] = {
		{ 0x0, 0x1f }, /* C0 */
		{ 0x7f, 0x9f }, /* DEL, C1: U+009B opens an escape sequence as ESC [ does */
		{ 0xad, 0xad }, /* soft hyphen */
		{ 0x61c, 0x61c }, /* Arabic letter mark */
		{ 0x200b, 0x200f }, /* zero width, direction marks */
		{ 0x2028, 0x202e }, /* separators, bidirectional embeddings and overrides */
		{ 0x2060, 0x206f }, /* word joiner, bidirectional isolates */
		{ 0xfeff, 0xfeff }, /* byte order mark */
		{ 0xfff9, 0xfffb }, /* interlinear annotation */
		{ 0xe0000, 0xe007f }, /* tags */
	};

	if (!character->is_valid)
		return false;
	for (size_t i = 0; i < ARRAY_COUNT(hidden); i++) {
		if (character->codepoint >= hidden[i].first &&
		    character->codepoint <= hidden[i].last)
			return false;
	}
	return true;
}
