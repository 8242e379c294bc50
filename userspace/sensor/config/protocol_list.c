/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/config/protocol_list.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#define BLANKS " \t,"

/* By name, the bits of the protocols that it means. */
static const struct {
	const char *name;
	uint32_t protocols;
} names[] = {
	{ "tls", 1u << 1 },  { "ssh", 1u << 2 },
	{ "http", 1u << 3 }, { "dns", 3u << 4 }, /* over TCP and over UDP */
	{ "quic", 1u << 6 }, { "dtls", 1u << 7 },
};

static uint32_t protocols_of(const char *name, size_t length)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strlen(names[i].name) == length && memcmp(names[i].name, name, length) == 0)
			return names[i].protocols;
	return 0;
}

int protocol_list_parse(const char *value, uint32_t *ret_protocols, const char **ret_wanted)
{
	uint32_t protocols = 0;

	*ret_wanted = "a list of tls, quic, dtls, ssh, http and dns, or nothing";
	for (value += strspn(value, BLANKS); *value; value += strspn(value, BLANKS)) {
		size_t length = strcspn(value, BLANKS);
		uint32_t more = protocols_of(value, length);

		if (!more)
			return -EINVAL;
		protocols |= more;
		value += length;
	}
	*ret_protocols = protocols;
	return 0;
}
