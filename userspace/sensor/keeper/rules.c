/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/keeper/rules.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

static const struct {
	const char *map;
	size_t key_bytes;
} filters[FILTER_COUNT] = {
#define FILTER_ROW(NAME, name, key) [FILTER_##NAME] = { "filter_" #name, sizeof(key) },
	FILTERS(FILTER_ROW)
#undef FILTER_ROW
};

static int filter_fd(const struct loader *loader, uint32_t filter)
{
	return bpf_object__find_map_fd_by_name(loader_object(loader), filters[filter].map);
}

static bool is_key(const struct keeper_rule *rule)
{
	if (rule->filter == FILTER_ADDRESS)
		return rule->key.address.prefix_bits <= 128;
	if (rule->filter == FILTER_PORT)
		return rule->key.port.reserved == 0;
	if (rule->filter == FILTER_EXECUTABLE)
		return rule->key.executable.reserved == 0;
	return rule->filter < FILTER_COUNT;
}

static bool is_verdict(uint32_t verdict)
{
	return verdict == FILTER_DROP || verdict == FILTER_KEEP;
}

int rules_live(const struct loader *loader, struct live_config *ret_live)
{
	int fd = bpf_object__find_map_fd_by_name(loader_object(loader), "live_config");
	struct live_config live;
	__u32 zero = 0;

	if (fd < 0)
		return fd;
	if (bpf_map_lookup_elem(fd, &zero, &live) < 0)
		return -errno;
	*ret_live = live;
	return 0;
}

static int write_live(const struct loader *loader, const struct live_config *live)
{
	int fd = bpf_object__find_map_fd_by_name(loader_object(loader), "live_config");
	__u32 zero = 0;

	if (fd < 0)
		return fd;
	return bpf_map_update_elem(fd, &zero, live, BPF_ANY) < 0 ? -errno : 0;
}

static bool has_rules(const struct loader *loader, uint32_t filter)
{
	struct keeper_rule first;

	return bpf_map_get_next_key(filter_fd(loader, filter), NULL, &first.key) == 0;
}

/* A map without rules is not looked at. */
static int note_filters(const struct loader *loader)
{
	struct live_config live;
	int r = rules_live(loader, &live);

	if (r < 0)
		return r;
	live.filters = 0;
	for (uint32_t filter = 0; filter < FILTER_COUNT; filter++)
		live.filters |= (uint32_t)has_rules(loader, filter) << filter;
	return write_live(loader, &live);
}

int rules_live_set(const struct loader *loader, const struct live_config *live)
{
	struct live_config next = *live;
	struct live_config now;
	int r;

	if (!is_verdict(live->filter_default))
		return -EINVAL;
	r = rules_live(loader, &now);
	if (r < 0)
		return r;
	next.filters = now.filters;
	return write_live(loader, &next);
}

static int put(const struct loader *loader, const struct keeper_rule *rule)
{
	if (!is_key(rule) || !is_verdict(rule->verdict))
		return -EINVAL;
	if (bpf_map_update_elem(filter_fd(loader, rule->filter), &rule->key, &rule->verdict,
				BPF_ANY) == 0)
		return 0;
	return errno == E2BIG ? -ENOSPC : -errno;
}

/* The rule behind `rule` in its map's order, NULL for the first; false behind the last. */
static bool next_rule(const struct loader *loader, uint32_t filter, const struct keeper_rule *rule,
		      struct keeper_rule *ret_rule)
{
	struct keeper_rule next = { .filter = filter };
	int fd = filter_fd(loader, filter);

	if (bpf_map_get_next_key(fd, rule ? &rule->key : NULL, &next.key) < 0 ||
	    bpf_map_lookup_elem(fd, &next.key, &next.verdict) < 0)
		return false;
	*ret_rule = next;
	return true;
}

static bool is_among(const struct keeper_rule *rule, const struct keeper_rule *rules, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (rules[i].filter == rule->filter &&
		    memcmp(&rules[i].key, &rule->key, filters[rule->filter].key_bytes) == 0)
			return true;
	return false;
}

/* Goes on from a rule before it is deleted: a key that has gone would start from the beginning. */
static void clear_others(const struct loader *loader, uint32_t filter,
			 const struct keeper_rule *rules, size_t count)
{
	struct keeper_rule rule, next = { 0 };
	bool more = next_rule(loader, filter, NULL, &rule);

	while (more) {
		more = next_rule(loader, filter, &rule, &next);
		if (!is_among(&rule, rules, count))
			bpf_map_delete_elem(filter_fd(loader, filter), &rule.key);
		rule = next;
	}
}

int rules_replace(const struct loader *loader, const struct keeper_rule *rules, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int r = put(loader, &rules[i]);

		if (r < 0)
			return r;
	}
	for (uint32_t filter = 0; filter < FILTER_COUNT; filter++)
		clear_others(loader, filter, rules, count);
	return note_filters(loader);
}
