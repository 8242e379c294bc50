/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/ship/address.h"

#include "common/parse.h"

#include <errno.h>
#include <event2/util.h>
#include <netinet/in.h>
#include <string.h>

static int port_parse(const char *text, uint16_t *ret_port)
{
	uint64_t port;

	if (parse_u64(text, &port) < 0 || port == 0 || port > UINT16_MAX)
		return -EINVAL;
	*ret_port = (uint16_t)port;
	return 0;
}

static uint16_t sockaddr_port(const struct sockaddr_storage *address)
{
	struct sockaddr_in6 v6;
	struct sockaddr_in v4;

	if (address->ss_family == AF_INET6) {
		memcpy(&v6, address, sizeof(v6));
		return ntohs(v6.sin6_port);
	}
	memcpy(&v4, address, sizeof(v4));
	return ntohs(v4.sin_port);
}

static int name_parse(const char *text, struct address *address)
{
	const char *colon = strrchr(text, ':');
	size_t length;

	if (!colon)
		return -EINVAL;
	length = (size_t)(colon - text);
	/* A colon or bracket inside the name: a broken IPv6 address, not a name. */
	if (length == 0 || length >= sizeof(address->host) || strcspn(text, ":[]/ ") != length)
		return -EINVAL;
	memcpy(address->host, text, length);
	return port_parse(colon + 1, &address->port);
}

int address_parse(const char *text, struct address *ret_address)
{
	struct address address = { .numeric_size = sizeof(address.numeric) };
	int r = 0;

	address.is_numeric = evutil_parse_sockaddr_port(text, (struct sockaddr *)&address.numeric,
							&address.numeric_size) == 0;
	if (address.is_numeric)
		address.port = sockaddr_port(&address.numeric);
	else
		r = name_parse(text, &address);
	if (r < 0 || address.port == 0)
		return -EINVAL;
	*ret_address = address;
	return 0;
}
