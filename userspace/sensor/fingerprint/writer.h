/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text into a fixed place. The first that does not fit fails the writer for good; what it holds is
 * then not to be used, so that a fingerprint is whole or none.
 */
#ifndef YAGURA_FINGERPRINT_WRITER_H
#define YAGURA_FINGERPRINT_WRITER_H

#include "common/cursor.h"
#include "telemetry/text.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct writer {
	char *at;
	size_t length;
	size_t room;
	bool failed;
};

static inline struct writer writer_of(char *at, size_t room)
{
	return (struct writer){ .at = at, .room = room };
}

/* Where the next n characters go, or NULL. */
static inline char *writer_reserve(struct writer *w, size_t n)
{
	char *place = w->at + w->length;

	if (w->failed || n > w->room - w->length) {
		w->failed = true;
		return NULL;
	}
	w->length += n;
	return place;
}

static inline void writer_char(struct writer *w, char c)
{
	char *place = writer_reserve(w, 1);

	if (place)
		*place = c;
}

static inline void writer_text(struct writer *w, struct text text)
{
	char *place = writer_reserve(w, text.length);

	if (place && text.length > 0)
		memcpy(place, text.at, text.length);
}

static inline void writer_string(struct writer *w, const char *string)
{
	writer_text(w, (struct text){ string, strlen(string) });
}

static inline char writer_hex_digit(unsigned int value)
{
	return "0123456789abcdef"[value & 0xf];
}

/* The low `width` bytes of `value`, lower case. */
static inline void writer_hex(struct writer *w, uint32_t value, size_t width)
{
	char *place = writer_reserve(w, 2 * width);

	for (size_t i = 2 * width; place && i > 0; i--) {
		place[i - 1] = writer_hex_digit(value);
		value >>= 4;
	}
}

static inline void writer_hex_bytes(struct writer *w, struct cursor bytes)
{
	char *place = writer_reserve(w, 2 * bytes.left);

	for (size_t i = 0; place && i < bytes.left; i++) {
		place[2 * i] = writer_hex_digit(bytes.at[i] >> 4);
		place[2 * i + 1] = writer_hex_digit(bytes.at[i]);
	}
}

static inline void writer_decimal(struct writer *w, uint32_t value)
{
	char digits[10];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	writer_text(w, (struct text){ digits + at, sizeof(digits) - at });
}

/* All that was written. */
static inline struct text writer_done(const struct writer *w)
{
	return (struct text){ w->at, w->length };
}

#endif
