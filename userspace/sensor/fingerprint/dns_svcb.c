/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/fingerprint/dns_text.h"

enum key { MANDATORY, ALPN, NO_DEFAULT_ALPN, PORT, IPV4HINT, ECH, IPV6HINT, DOHPATH, OHTTP };

static const char *const keys[] = {
	[MANDATORY] = "mandatory", [ALPN] = "alpn",	    [NO_DEFAULT_ALPN] = "no-default-alpn",
	[PORT] = "port",	   [IPV4HINT] = "ipv4hint", [ECH] = "ech",
	[IPV6HINT] = "ipv6hint",   [DOHPATH] = "dohpath",   [OHTTP] = "ohttp",
};

static void write_key(struct writer *writer, uint16_t key)
{
	if (key < sizeof(keys) / sizeof(*keys)) {
		writer_string(writer, keys[key]);
		return;
	}
	writer_string(writer, "key");
	writer_decimal(writer, key);
}

/* One of a list; takes what it writes. */
static void write_item(struct writer *writer, uint16_t key, struct cursor *value)
{
	switch ((enum key)key) {
	case MANDATORY:
		write_key(writer, cursor_u16(value));
		break;
	case ALPN:
		dns_write_escaped(writer, cursor_take(value, cursor_u8(value)), ",\\\"");
		break;
	case PORT:
		writer_decimal(writer, cursor_u16(value));
		break;
	case IPV4HINT:
		dns_write_addr(writer, value, 4);
		break;
	case IPV6HINT:
		dns_write_addr(writer, value, 16);
		break;
	case NO_DEFAULT_ALPN:
	case ECH:
	case DOHPATH:
	case OHTTP:
		break;
	}
}

/* Keys and paths, and what is not known here, may carry anything: that they are there is enough. */
static bool has_list(uint16_t key)
{
	return key == MANDATORY || key == ALPN || key == PORT || key == IPV4HINT || key == IPV6HINT;
}

/* SvcParamKey[=value,…] */
static bool write_param(struct writer *writer, uint16_t key, struct cursor value)
{
	char separator = '=';

	writer_char(writer, ' ');
	write_key(writer, key);
	if (!has_list(key))
		return true;
	for (; value.left > 0; separator = ',') {
		writer_char(writer, separator);
		write_item(writer, key, &value);
	}
	return cursor_ok(&value);
}

/* u16 SvcPriority; TargetName; (u16 key; u16 length; value)* */
bool dns_write_svcb(struct writer *writer, struct cursor message, struct cursor *at,
		    size_t left_after)
{
	writer_decimal(writer, cursor_u16(at));
	writer_char(writer, ' ');
	if (!cursor_ok(at) || dns_name_read(message, at, writer) != PARSE_OK)
		return false;
	while (cursor_ok(at) && at->left > left_after) {
		uint16_t key = cursor_u16(at);

		if (!write_param(writer, key, cursor_take(at, cursor_u16(at))))
			return false;
	}
	return cursor_ok(at);
}
