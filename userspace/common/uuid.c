/* SPDX-License-Identifier: Apache-2.0 */
#include "common/uuid.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/random.h>

/* A hyphen stands before these bytes. */
static bool starts_group(size_t byte)
{
	return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

static int hex_value(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	if (digit >= 'a' && digit <= 'f')
		return digit - 'a' + 10;
	if (digit >= 'A' && digit <= 'F')
		return digit - 'A' + 10;
	return -EINVAL;
}

int uuid_parse(const char *text, uint8_t ret_uuid[UUID_BYTES])
{
	uint8_t uuid[UUID_BYTES];

	for (size_t i = 0; i < UUID_BYTES; i++) {
		if (starts_group(i) && *text++ != '-')
			return -EINVAL;
		int high = hex_value(text[0]);
		int low = high < 0 ? -EINVAL : hex_value(text[1]);

		if (low < 0)
			return -EINVAL;
		uuid[i] = (uint8_t)(high << 4 | low);
		text += 2;
	}
	if (*text != '\0')
		return -EINVAL;
	memcpy(ret_uuid, uuid, sizeof(uuid));
	return 0;
}

void uuid_format(const uint8_t uuid[UUID_BYTES], char ret_text[UUID_TEXT_BYTES])
{
	static const char digits[] = "0123456789abcdef";
	char *at = ret_text;

	for (size_t i = 0; i < UUID_BYTES; i++) {
		if (starts_group(i))
			*at++ = '-';
		*at++ = digits[uuid[i] >> 4];
		*at++ = digits[uuid[i] & 0xf];
	}
	*at = '\0';
}

int uuid_random(uint8_t ret_uuid[UUID_BYTES])
{
	uint8_t uuid[UUID_BYTES];
	ssize_t size;

	do
		size = getrandom(uuid, sizeof(uuid), 0);
	while (size < 0 && errno == EINTR);
	if (size != (ssize_t)sizeof(uuid))
		return size < 0 ? -errno : -EIO;
	uuid[6] = (uint8_t)((uuid[6] & 0x0f) | 0x40);
	uuid[8] = (uint8_t)((uuid[8] & 0x3f) | 0x80);
	memcpy(ret_uuid, uuid, sizeof(uuid));
	return 0;
}
