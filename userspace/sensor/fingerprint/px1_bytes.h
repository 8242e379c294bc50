/* SPDX-License-Identifier: Apache-2.0 */
/* Classes of bytes and steps over them, as proto/PX1.md speaks of them. ASCII, whatever the locale.
 */
#ifndef YAGURA_FINGERPRINT_PX1_BYTES_H
#define YAGURA_FINGERPRINT_PX1_BYTES_H

#include "common/cursor.h"

static inline bool px1_is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static inline bool px1_is_small(uint8_t c)
{
	return c >= 'a' && c <= 'z';
}

static inline bool px1_is_letter(uint8_t c)
{
	return px1_is_small(c) || (c >= 'A' && c <= 'Z');
}

static inline bool px1_is_hex(uint8_t c)
{
	return px1_is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static inline bool px1_is_one_of(uint8_t c, const char *set)
{
	return c != '\0' && strchr(set, c);
}

/* The next byte without taking it; 0 at the end, where px1 knows of no NUL in a value. */
static inline uint8_t px1_peek(struct cursor c)
{
	return c.left > 0 ? cursor_u8(&c) : 0;
}

/* How many of the next bytes are of a class. */
static inline size_t px1_span(struct cursor c, bool (*is)(uint8_t))
{
	size_t count = 0;

	while (c.left > 0 && is(cursor_u8(&c)))
		count++;
	return count;
}

static inline bool px1_is_all(struct cursor c, bool (*is)(uint8_t))
{
	return px1_span(c, is) == c.left;
}

/* Takes the next byte if it is of the set. */
static inline bool px1_skip(struct cursor *c, const char *set)
{
	if (!px1_is_one_of(px1_peek(*c), set))
		return false;
	cursor_u8(c);
	return true;
}

/* Takes all bytes of the class that come next, if they are from `min` to `max`. */
static inline bool px1_skip_span(struct cursor *c, bool (*is)(uint8_t), size_t min, size_t max)
{
	size_t count = px1_span(*c, is);

	if (count < min || count > max)
		return false;
	cursor_take(c, count);
	return true;
}

static inline bool px1_is_text(struct cursor c, const char *text)
{
	return c.left == strlen(text) && memcmp(c.at, text, c.left) == 0;
}

static inline bool px1_begins(struct cursor c, const char *text)
{
	struct cursor beginning = cursor_take(&c, strlen(text));

	return px1_is_text(beginning, text);
}

/* What stands before the first `end`, taken together with it; all that is left without one. */
static inline struct cursor px1_take_until(struct cursor *c, uint8_t end, bool *ret_found)
{
	const uint8_t *at = c->left > 0 ? memchr(c->at, end, c->left) : NULL;
	struct cursor taken = cursor_take(c, at ? (size_t)(at - c->at) : c->left);

	*ret_found = at != NULL;
	if (at)
		cursor_u8(c);
	return taken;
}

/* What stands behind the last '/'. */
static inline struct cursor px1_base_name(struct cursor path)
{
	struct cursor name = path;
	bool found = true;

	while (found) {
		name = path;
		px1_take_until(&path, '/', &found);
	}
	return name;
}

#endif
