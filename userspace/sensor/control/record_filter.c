/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/control/record_filter.h"

#include "common/parse.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fnmatch.h>
#include <string.h>

#define IPV4_BITS 96 /* in front of an IPv4 address: RFC 4291 2.5.5.2 */

/* --- one argument --- */

static bool set_classes(struct record_filter *filter, const char *value)
{
	filter->classes = 0;
	while (true) {
		size_t length = strcspn(value, ",");
		int class = 0;

		for (; class < RECORD_CLASS_COUNT; class ++) {
			const char *name = record_class_name((enum record_class) class);

			if (strlen(name) == length && strncmp(name, value, length) == 0)
				break;
		}
		if (class == RECORD_CLASS_COUNT)
			return false;
		filter->classes |= 1u << class;
		if (value[length] == '\0')
			return true;
		value += length + 1;
	}
}

static bool read_number(const char *value, uint64_t least, uint64_t most, uint64_t *ret_number)
{
	return parse_u64(value, ret_number) == 0 && *ret_number >= least && *ret_number <= most;
}

static bool set_pid(struct record_filter *filter, const char *value)
{
	uint64_t pid;

	if (!read_number(value, 1, INT32_MAX, &pid))
		return false;
	filter->pid = (uint32_t)pid;
	return true;
}

static bool set_uid(struct record_filter *filter, const char *value)
{
	uint64_t uid;

	if (!read_number(value, 0, UINT32_MAX - 1, &uid))
		return false;
	filter->uid = (uint32_t)uid;
	filter->has_uid = true;
	return true;
}

static bool set_port(struct record_filter *filter, const char *value)
{
	uint64_t port;

	if (!read_number(value, 1, UINT16_MAX, &port))
		return false;
	filter->port = (uint16_t)port;
	return true;
}

static bool set_address(struct record_filter *filter, const char *value)
{
	const char *slash = strchr(value, '/');
	size_t length = slash ? (size_t)(slash - value) : strlen(value);
	char address[INET6_ADDRSTRLEN] = "";
	uint8_t *network = filter->network;
	uint64_t bits = 0;
	unsigned front = 0;

	if (length >= sizeof(address))
		return false;
	memcpy(address, value, length);
	memset(network, 0, sizeof(filter->network));
	if (inet_pton(AF_INET, address, network + 12) == 1) {
		network[10] = network[11] = 0xff;
		front = IPV4_BITS;
	} else if (inet_pton(AF_INET6, address, network) != 1) {
		return false;
	}
	if (slash && !read_number(slash + 1, 0, 128 - front, &bits))
		return false;
	filter->network_bits = slash ? (uint8_t)(front + bits) : 128;
	filter->has_network = true;
	return true;
}

static bool set_text(char to[RECORD_FILTER_TEXT_BYTES], const char *value)
{
	size_t length = strlen(value);

	if (length == 0 || length >= RECORD_FILTER_TEXT_BYTES)
		return false;
	memcpy(to, value, length + 1);
	return true;
}

static bool set_executable(struct record_filter *filter, const char *value)
{
	return set_text(filter->executable, value);
}

static bool set_mark(struct record_filter *filter, const char *value)
{
	return set_text(filter->mark, value);
}

static const struct {
	const char *name;
	bool (*set)(struct record_filter *filter, const char *value);
	const char *wanted;
} rows[] = {
	{ "class", set_classes, "exec, exit, flow, gap, exec_update, with commas between" },
	{ "pid", set_pid, "the number of a process" },
	{ "uid", set_uid, "the number of a user" },
	{ "address", set_address, "an address or a network, such as 192.0.2.0/24" },
	{ "port", set_port, "a port from 1 to 65535" },
	{ "executable", set_executable, "a path of at most 255 bytes; * and ? stand for others" },
	{ "mark", set_mark,
	  "a name or fingerprint of at most 255 bytes; * and ? stand for others" },
};

const char *record_filter_argument(size_t index)
{
	return index < sizeof(rows) / sizeof(*rows) ? rows[index].name : NULL;
}

int record_filter_set(struct record_filter *filter, const char *name, const char *value,
		      const char **ret_wanted)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (strcmp(rows[i].name, name) != 0)
			continue;
		if (rows[i].set(filter, value))
			return 0;
		*ret_wanted = rows[i].wanted;
		return -EINVAL;
	}
	*ret_wanted = "class, pid, uid, address, port, executable or mark";
	return -EINVAL;
}

/* --- one record --- */

static const struct record_process *process_of(const struct record *record)
{
	switch (record->class) {
	case RECORD_EXEC:
		return &record->exec.process;
	case RECORD_EXIT:
		return &record->exit.process;
	case RECORD_FLOW:
		return &record->flow.process;
	case RECORD_EXEC_UPDATE:
		return &record->exec_update.process;
	case RECORD_GAP:
	case RECORD_CLASS_COUNT:
		break;
	}
	return NULL;
}

static bool text_matches(const char *pattern, struct text text)
{
	char copy[4096];

	if (text.length >= sizeof(copy))
		return false;
	if (text.length > 0)
		memcpy(copy, text.at, text.length);
	copy[text.length] = '\0';
	return fnmatch(pattern, copy, 0) == 0;
}

static bool takes_process(const struct record_filter *filter, const struct record_process *process)
{
	if (filter->pid == 0 && !filter->has_uid && filter->executable[0] == '\0')
		return true;
	return process && (filter->pid == 0 || process->key.pid == filter->pid) &&
	       (!filter->has_uid || process->uid == filter->uid) &&
	       (filter->executable[0] == '\0' ||
		text_matches(filter->executable, process->executable));
}

static bool is_within(const struct record_filter *filter, const uint8_t addr[16])
{
	size_t whole = filter->network_bits / 8;
	unsigned rest = filter->network_bits % 8;
	uint8_t mask = (uint8_t)(0xff00u >> rest);

	return memcmp(addr, filter->network, whole) == 0 &&
	       (rest == 0 || ((addr[whole] ^ filter->network[whole]) & mask) == 0);
}

static bool has_mark(const struct record_flow *flow, const char *pattern)
{
	for (size_t i = 0; i < flow->mark_count; i++)
		if (text_matches(pattern, flow->marks[i].value))
			return true;
	return flow->destination_name.length > 0 && text_matches(pattern, flow->destination_name);
}

static bool takes_flow(const struct record_filter *filter, const struct record *record)
{
	const struct record_flow *flow = &record->flow;

	if (!filter->has_network && filter->port == 0 && filter->mark[0] == '\0')
		return true;
	return record->class == RECORD_FLOW &&
	       (!filter->has_network || is_within(filter, flow->source.addr) ||
		is_within(filter, flow->destination.addr)) &&
	       (filter->port == 0 || flow->source.port == filter->port ||
		flow->destination.port == filter->port) &&
	       (filter->mark[0] == '\0' || has_mark(flow, filter->mark));
}

bool record_filter_takes(const struct record_filter *filter, const struct record *record)
{
	return (filter->classes == 0 || filter->classes & 1u << record->class) &&
	       takes_process(filter, process_of(record)) && takes_flow(filter, record);
}
