/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A forward-only view over bytes nobody trusts. The first read that does not fit fails the cursor
 * for good; later reads give zero or empty, so that a parser reads like the structure it parses and
 * asks once, at the end. The only code that touches foreign bytes.
 */
#ifndef YAGURA_COMMON_CURSOR_H
#define YAGURA_COMMON_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct cursor {
	const uint8_t *at;
	size_t left;
	bool failed;
};

static inline struct cursor cursor_of(const void *bytes, size_t size)
{
	return (struct cursor){ .at = bytes, .left = size };
}

static inline bool cursor_ok(const struct cursor *c)
{
	return !c->failed;
}

/* True when everything was read and nothing failed. */
static inline bool cursor_done(const struct cursor *c)
{
	return !c->failed && c->left == 0;
}

/* The next n bytes as a cursor of their own; both fail when there are fewer. */
static inline struct cursor cursor_take(struct cursor *c, size_t n)
{
	struct cursor taken = { .failed = c->failed || n > c->left };

	if (taken.failed) {
		*c = taken;
		return taken;
	}
	taken.at = c->at;
	taken.left = n;
	if (n > 0)
		c->at += n;
	c->left -= n;
	return taken;
}

/* Copies the next n bytes to `to`, or fills it with zeroes and fails. */
static inline bool cursor_copy(struct cursor *c, void *to, size_t n)
{
	struct cursor taken = cursor_take(c, n);

	if (taken.failed)
		memset(to, 0, n);
	else if (n > 0)
		memcpy(to, taken.at, n);
	return !taken.failed;
}

/* What lies before the next `byte`, which is taken too; both fail when there is none. */
static inline struct cursor cursor_until(struct cursor *c, uint8_t byte)
{
	const uint8_t *found = c->failed || c->left == 0 ? NULL : memchr(c->at, byte, c->left);
	struct cursor before = { .failed = true };

	if (found)
		before = cursor_take(c, (size_t)(found - c->at));
	cursor_take(c, found ? 1 : SIZE_MAX);
	return before;
}

/* Big-endian (network order) unsigned integers of 1, 2, 4 and 8 bytes. */
static inline uint64_t cursor_be(struct cursor *c, size_t width)
{
	struct cursor taken = cursor_take(c, width);
	uint64_t value = 0;

	for (size_t i = 0; i < taken.left; i++)
		value = value << 8 | taken.at[i];
	return value;
}

static inline uint8_t cursor_u8(struct cursor *c)
{
	return (uint8_t)cursor_be(c, 1);
}

static inline uint16_t cursor_u16(struct cursor *c)
{
	return (uint16_t)cursor_be(c, 2);
}

static inline uint32_t cursor_u32(struct cursor *c)
{
	return (uint32_t)cursor_be(c, 4);
}

static inline uint64_t cursor_u64(struct cursor *c)
{
	return cursor_be(c, 8);
}

/* A length of `width` bytes, then that many bytes as a cursor of their own. */
static inline struct cursor cursor_block(struct cursor *c, size_t width)
{
	return cursor_take(c, (size_t)cursor_be(c, width));
}

/* As memcmp: the shorter first when one begins the other. */
static inline int cursor_compare(struct cursor a, struct cursor b)
{
	size_t common = a.left < b.left ? a.left : b.left;
	int order = common > 0 ? memcmp(a.at, b.at, common) : 0;

	return order != 0 ? order : (a.left > b.left) - (a.left < b.left);
}

#endif
