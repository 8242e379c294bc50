/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One filter rule as it stands in the configuration file:
 *
 *   address 192.0.2.0/24 · address 2001:db8::/32 · port 53 · port udp/53 · uid 1000 ·
 *   cgroup /system.slice/cron.service · executable /usr/bin/curl
 *
 * Text to values only: what a path stands for is looked up by whoever applies the rule.
 */
#ifndef YAGURA_CONFIG_FILTER_RULE_H
#define YAGURA_CONFIG_FILTER_RULE_H

#include <stddef.h>
#include <stdint.h>

#define FILTER_RULE_PATH_BYTES 4096

enum filter_rule_kind {
	FILTER_RULE_ADDRESS,
	FILTER_RULE_PORT,
	FILTER_RULE_CGROUP,
	FILTER_RULE_UID,
	FILTER_RULE_EXECUTABLE,
};

struct filter_rule {
	enum filter_rule_kind kind;
	uint8_t addr[16]; /* IPv4 as IPv4-mapped IPv6 */
	uint8_t prefix_bits; /* 0 … 128, of `addr` as it stands there */
	uint8_t protocol; /* IANA number, 0 any */
	uint16_t port;
	uint32_t uid;
	char path[FILTER_RULE_PATH_BYTES]; /* absolute */
};

/* 0, or -EINVAL: *ret_wanted then says what it should have been. */
int filter_rule_parse(const char *text, struct filter_rule *ret_rule, const char **ret_wanted);

#endif
