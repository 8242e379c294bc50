/* SPDX-License-Identifier: Apache-2.0 */
#include "telemetry/record.h"

#include <netinet/in.h>
#include <string.h>

#define ARRAY_COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *name_of(const char *const *names, size_t count, unsigned int value,
			   const char *fallback)
{
	if (value >= count || !names[value])
		return fallback;
	return names[value];
}

const char *record_class_name(enum record_class class)
{
	static const char *const names[] = {
#define RECORD_CLASS_NAME(NAME, name) [RECORD_##NAME] = #name,
		RECORD_CLASSES(RECORD_CLASS_NAME)
#undef RECORD_CLASS_NAME
	};

	return name_of(names, ARRAY_COUNT(names), class, "?");
}

const char *hash_status_name(enum hash_status status)
{
	static const char *const names[] = {
#define HASH_STATUS_NAME(NAME, name) [HASH_##NAME] = #name,
		HASH_STATUSES(HASH_STATUS_NAME)
#undef HASH_STATUS_NAME
	};

	return name_of(names, ARRAY_COUNT(names), status, "unknown");
}

const char *package_state_name(enum package_state state)
{
	static const char *const names[] = {
#define PACKAGE_STATE_NAME(NAME, name) [PACKAGE_##NAME] = #name,
		PACKAGE_STATES(PACKAGE_STATE_NAME)
#undef PACKAGE_STATE_NAME
	};

	return name_of(names, ARRAY_COUNT(names), state, "unknown");
}

bool record_process_key_is_none(const struct record_process_key *key)
{
	return key->start_ns == 0 && key->pid == 0 && key->exec_count == 0;
}

const char *record_direction_name(enum record_direction direction)
{
	static const char *const names[] = {
		[DIRECTION_EGRESS] = "egress",
		[DIRECTION_INGRESS] = "ingress",
	};

	return name_of(names, ARRAY_COUNT(names), direction, "unknown");
}

const char *record_flow_state_name(enum record_flow_state state)
{
	static const char *const names[] = {
		[FLOW_OPEN] = "open",	    [FLOW_ESTABLISHED] = "established",
		[FLOW_CLOSED] = "closed",   [FLOW_FAILED] = "failed",
		[FLOW_REFUSED] = "refused",
	};

	return name_of(names, ARRAY_COUNT(names), state, "unknown");
}

const char *record_flow_ending_name(enum record_flow_ending ending)
{
	static const char *const names[] = {
		[FLOW_ENDING_FIN_LOCAL] = "fin_local",
		[FLOW_ENDING_FIN_REMOTE] = "fin_remote",
		[FLOW_ENDING_RESET_LOCAL] = "reset_local",
		[FLOW_ENDING_RESET_REMOTE] = "reset_remote",
		[FLOW_ENDING_TIMEOUT] = "timeout",
		[FLOW_ENDING_UNREACHABLE] = "unreachable",
		[FLOW_ENDING_ABORTED] = "aborted",
		[FLOW_ENDING_IDLE] = "idle",
		[FLOW_ENDING_CLOSED] = "closed",
	};

	return name_of(names, ARRAY_COUNT(names), ending, "unknown");
}

/* Not getprotobynumber(), which reads a file that differs from host to host. */
const char *record_protocol_name(uint8_t protocol)
{
	static const char *const names[] = {
		[IPPROTO_ICMP] = "icmp",	[IPPROTO_IGMP] = "igmp",
		[IPPROTO_TCP] = "tcp",		[IPPROTO_UDP] = "udp",
		[IPPROTO_DCCP] = "dccp",	[IPPROTO_GRE] = "gre",
		[IPPROTO_ESP] = "esp",		[IPPROTO_AH] = "ah",
		[IPPROTO_ICMPV6] = "ipv6-icmp", [89] = "ospf",
		[IPPROTO_PIM] = "pim",		[112] = "vrrp",
		[IPPROTO_SCTP] = "sctp",	[IPPROTO_UDPLITE] = "udplite",
	};

	return name_of(names, ARRAY_COUNT(names), protocol, NULL);
}

bool record_addr_is_unspecified(const uint8_t addr[16])
{
	static const uint8_t any[16];
	static const uint8_t any_mapped[16] = { [10] = 0xff, [11] = 0xff };

	return memcmp(addr, any, sizeof(any)) == 0 ||
	       memcmp(addr, any_mapped, sizeof(any_mapped)) == 0;
}

const char *record_owner_quality_name(enum record_owner_quality quality)
{
	static const char *const names[] = {
		[QUALITY_INHERITED] = "inherited", [QUALITY_SNAPSHOT] = "snapshot",
		[QUALITY_KERNEL] = "kernel",	   [QUALITY_CREATOR] = "creator",
		[QUALITY_CALLER] = "caller",
	};

	return name_of(names, ARRAY_COUNT(names), quality, "unknown");
}

const char *gap_reason_name(enum gap_reason reason)
{
	static const char *const names[] = {
#define GAP_REASON_NAME(NAME, name) [GAP_##NAME] = #name,
		GAP_REASONS(GAP_REASON_NAME)
#undef GAP_REASON_NAME
	};

	return name_of(names, ARRAY_COUNT(names), reason, "unknown");
}
