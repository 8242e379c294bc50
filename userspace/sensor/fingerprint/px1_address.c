/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/fingerprint/px1_address.h"

#include "sensor/fingerprint/px1_bytes.h"

#define IPV6_BYTES_MAX 45

static bool is_body(uint8_t c)
{
	return px1_is_hex(c) || c == ':' || c == '.';
}

static bool is_zone(uint8_t c)
{
	return px1_is_letter(c) || px1_is_digit(c) || px1_is_one_of(c, "._-");
}

/* 1 to 3 digits, at most 255. */
static bool skip_octet(struct cursor *c)
{
	struct cursor digits = *c;
	unsigned value = 0;

	if (!px1_skip_span(c, px1_is_digit, 1, 3))
		return false;
	while (digits.left > c->left)
		value = 10 * value + cursor_u8(&digits) - '0';
	return value <= 255;
}

static bool skip_ipv4(struct cursor *c)
{
	for (int i = 0; i < 4; i++)
		if ((i > 0 && !px1_skip(c, ".")) || !skip_octet(c))
			return false;
	return true;
}

/* Nothing, or `mark` and as many digits as may follow it. */
static bool is_end(struct cursor c, const char *mark, size_t digits_max)
{
	if (c.left == 0)
		return true;
	return px1_skip(&c, mark) && px1_skip_span(&c, px1_is_digit, 1, digits_max) && c.left == 0;
}

static bool is_ipv4(struct cursor c)
{
	return skip_ipv4(&c) && (is_end(c, ":", 5) || is_end(c, "/", 2));
}

static bool is_plain_ipv4(struct cursor c)
{
	return skip_ipv4(&c) && c.left == 0;
}

/* A group and the ':' or '::' behind it. False: not as it must be. */
static bool skip_group(struct cursor *c, unsigned *groups, bool *compressed)
{
	if (is_plain_ipv4(*c)) {
		cursor_take(c, c->left);
		*groups += 2;
		return true;
	}
	*groups += 1;
	if (!px1_skip_span(c, px1_is_hex, 1, 4))
		return false;
	if (c->left == 0)
		return true;
	if (!px1_skip(c, ":"))
		return false;
	if (!px1_skip(c, ":"))
		return c->left > 0;
	if (*compressed)
		return false;
	*compressed = true;
	return true;
}

static bool is_ipv6_body(struct cursor c)
{
	bool compressed = px1_begins(c, "::");
	unsigned groups = 0;

	if (compressed)
		cursor_take(&c, 2);
	else if (c.left == 0)
		return false;
	while (c.left > 0)
		if (!skip_group(&c, &groups, &compressed))
			return false;
	return compressed ? groups <= 7 : groups == 8;
}

static bool is_ipv6(struct cursor c)
{
	bool bracketed = px1_skip(&c, "[");
	size_t size = px1_span(c, is_body);

	if (size > IPV6_BYTES_MAX || !is_ipv6_body(cursor_take(&c, size)))
		return false;
	if (px1_skip(&c, "%") && !px1_skip_span(&c, is_zone, 1, 16))
		return false;
	if (!bracketed)
		return is_end(c, "/", 3);
	return px1_skip(&c, "]") && is_end(c, ":", 5);
}

static bool is_mac(struct cursor c)
{
	for (int i = 0; i < 6; i++)
		if ((i > 0 && !px1_skip(&c, ":")) || !px1_skip_span(&c, px1_is_hex, 2, 2))
			return false;
	return c.left == 0;
}

bool px1_is_address(struct cursor value)
{
	uint8_t first = px1_peek(value);

	if (!is_body(first) && first != '[')
		return false;
	return is_ipv4(value) || is_ipv6(value) || is_mac(value);
}
