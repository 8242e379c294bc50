/* SPDX-License-Identifier: Apache-2.0 */
#include "support/hex.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static unsigned digit_value(char digit)
{
	const char *digits = "0123456789abcdef";
	const char *found = strchr(digits, tolower((unsigned char)digit));

	if (digit == '\0' || !found)
		fail_msg("'%c' is no hexadecimal digit", digit);
	return (unsigned)(found - digits);
}

size_t hex_decode(const char *hex, uint8_t **ret_bytes)
{
	uint8_t *bytes = malloc(strlen(hex) / 2 + 1);
	size_t size = 0;

	assert_non_null(bytes);

	while (*(hex += strspn(hex, " \t\n"))) {
		unsigned high = digit_value(hex[0]);

		bytes[size++] = (uint8_t)(high << 4 | digit_value(hex[1]));
		hex += 2;
	}
	*ret_bytes = hex_copy(bytes, size);
	free(bytes);
	return size;
}

uint8_t *hex_copy(const void *bytes, size_t size)
{
	uint8_t *copy = malloc(size);

	assert_true(copy || size == 0);
	if (size > 0)
		memcpy(copy, bytes, size);
	return copy;
}

char *hex_encode(const void *bytes, size_t size)
{
	const uint8_t *at = bytes;
	char *hex = malloc(2 * size + 1);

	assert_non_null(hex);
	hex[0] = '\0';
	for (size_t i = 0; i < size; i++)
		snprintf(hex + 2 * i, 3, "%02x", at[i]);
	return hex;
}
