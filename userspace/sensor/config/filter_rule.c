/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/config/filter_rule.h"

#include "common/parse.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static bool parse_number(const char *text, uint64_t max, uint64_t *ret_value)
{
	uint64_t value;

	if (parse_u64(text, &value) < 0 || value > max)
		return false;
	*ret_value = value;
	return true;
}

/* RFC 4291 2.5.5.2. */
static void map_ipv4(uint8_t addr[16], const struct in_addr *ipv4)
{
	memset(addr, 0, 10);
	addr[10] = addr[11] = 0xff;
	memcpy(addr + 12, ipv4, sizeof(*ipv4));
}

static bool has_host_bits(const struct filter_rule *rule)
{
	for (unsigned bit = rule->prefix_bits; bit < 128; bit++)
		if (rule->addr[bit / 8] & 0x80u >> bit % 8)
			return true;
	return false;
}

/* Without a length it is one address. */
static bool parse_address(const char *text, struct filter_rule *rule)
{
	const char *slash = strchr(text, '/');
	size_t length = slash ? (size_t)(slash - text) : strlen(text);
	char address[INET6_ADDRSTRLEN];
	struct in_addr ipv4;
	uint64_t bits = 0;
	unsigned least = 0;

	if (length >= sizeof(address))
		return false;
	memcpy(address, text, length);
	address[length] = '\0';
	if (inet_pton(AF_INET, address, &ipv4) == 1) {
		map_ipv4(rule->addr, &ipv4);
		least = 96;
	} else if (inet_pton(AF_INET6, address, rule->addr) != 1) {
		return false;
	}
	if (slash && !parse_number(slash + 1, 128 - least, &bits))
		return false;
	rule->prefix_bits = slash ? (uint8_t)(least + bits) : 128;
	return !has_host_bits(rule);
}

static bool parse_port(const char *text, struct filter_rule *rule)
{
	static const struct {
		const char *prefix;
		uint8_t protocol;
	} protocols[] = { { "tcp/", IPPROTO_TCP }, { "udp/", IPPROTO_UDP } };
	uint64_t port;

	for (size_t i = 0; i < sizeof(protocols) / sizeof(*protocols); i++) {
		size_t length = strlen(protocols[i].prefix);

		if (rule->protocol == 0 && strncmp(text, protocols[i].prefix, length) == 0) {
			rule->protocol = protocols[i].protocol;
			text += length;
		}
	}
	if (!parse_number(text, UINT16_MAX, &port) || port == 0)
		return false;
	rule->port = (uint16_t)port;
	return true;
}

static bool parse_path(const char *text, struct filter_rule *rule)
{
	size_t length = strlen(text);

	if (text[0] != '/' || length >= sizeof(rule->path))
		return false;
	memcpy(rule->path, text, length + 1);
	return true;
}

static bool parse_uid(const char *text, struct filter_rule *rule)
{
	uint64_t uid;

	if (!parse_number(text, UINT32_MAX - 1, &uid)) /* the last one means "none" */
		return false;
	rule->uid = (uint32_t)uid;
	return true;
}

static const struct {
	const char *word;
	enum filter_rule_kind kind;
	bool (*parse)(const char *text, struct filter_rule *rule);
	const char *wanted;
} rows[] = {
	{ "address", FILTER_RULE_ADDRESS, parse_address,
	  "an IPv4 or IPv6 network without host bits, such as 192.0.2.0/24" },
	{ "port", FILTER_RULE_PORT, parse_port, "a port from 1 to 65535, tcp/PORT or udp/PORT" },
	{ "cgroup", FILTER_RULE_CGROUP, parse_path,
	  "a path from the root of the cgroup2 hierarchy, such as /system.slice/cron.service" },
	{ "uid", FILTER_RULE_UID, parse_uid, "a user number" },
	{ "executable", FILTER_RULE_EXECUTABLE, parse_path, "an absolute path" },
};

int filter_rule_parse(const char *text, struct filter_rule *ret_rule, const char **ret_wanted)
{
	size_t word = strcspn(text, " \t");
	const char *value = text + word + strspn(text + word, " \t");

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct filter_rule rule = { .kind = rows[i].kind };

		if (strlen(rows[i].word) != word || strncmp(rows[i].word, text, word) != 0)
			continue;
		if (!rows[i].parse(value, &rule)) {
			*ret_wanted = rows[i].wanted;
			return -EINVAL;
		}
		*ret_rule = rule;
		return 0;
	}
	*ret_wanted = "address NETWORK, port PORT, cgroup PATH, uid NUMBER or executable PATH";
	return -EINVAL;
}
