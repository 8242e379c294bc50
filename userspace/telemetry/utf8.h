/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes that claim to be UTF-8, one character at a time. Private to telemetry/. */
#ifndef YAGURA_TELEMETRY_UTF8_H
#define YAGURA_TELEMETRY_UTF8_H

#include "telemetry/record.h"

#include <stdbool.h>
#include <stdint.h>

#define UTF8_REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/* A character, or one byte that belongs to none. */
struct utf8_character {
	const char *at;
	size_t length; /* 1 … 4 bytes; 0: the text has ended */
	uint32_t codepoint;
	bool is_valid;
};

/* Takes the first character off *rest. Overlong forms, surrogates, values over U+10FFFF, stray and
 * missing continuation bytes are invalid (RFC 3629), each bad byte by itself. */
struct utf8_character utf8_take(struct text *rest);

/* False for what would move, hide or reorder what a terminal shows: controls, bidirectional and
 * invisible format characters, line and paragraph separators. */
bool utf8_is_printable(const struct utf8_character *character);

#endif
