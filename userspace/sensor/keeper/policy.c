/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/keeper/policy.h"

#include "common/cleanup.h"
#include "common/log.h"
#include "sensor/config/filter_rule.h"
#include "sensor/keeper/cgroup.h"
#include "sensor/keeper/place.h"
#include "sensor/keeper/rules.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct reading {
	struct keeper_rule *rules;
	size_t count;
	size_t each[FILTER_COUNT];
	int cgroups; /* the root of the hierarchy, -1 until somebody names a group */
	char *error;
};

static int open_cgroups(struct reading *reading)
{
	char name[4096], error[POLICY_ERROR_BYTES];

	if (reading->cgroups >= 0)
		return 0;
	return cgroup_open(NULL, &reading->cgroups, name, sizeof(name), error, sizeof(error));
}

/* -ENOENT and the like: what the rule names is not there. */
static int translate(struct reading *reading, const struct filter_rule *from,
		     struct keeper_rule *rule)
{
	int r;

	switch (from->kind) {
	case FILTER_RULE_ADDRESS:
		rule->filter = FILTER_ADDRESS;
		rule->key.address.prefix_bits = from->prefix_bits;
		memcpy(rule->key.address.addr, from->addr, sizeof(from->addr));
		return 0;
	case FILTER_RULE_PORT:
		rule->filter = FILTER_PORT;
		rule->key.port.port = htons(from->port);
		rule->key.port.protocol = from->protocol;
		return 0;
	case FILTER_RULE_UID:
		rule->filter = FILTER_UID;
		rule->key.uid = from->uid;
		return 0;
	case FILTER_RULE_EXECUTABLE:
		rule->filter = FILTER_EXECUTABLE;
		return place_executable(from->path, &rule->key.executable);
	case FILTER_RULE_CGROUP:
		rule->filter = FILTER_CGROUP;
		r = open_cgroups(reading);
		return r < 0 ? r : place_cgroup(reading->cgroups, from->path, &rule->key.cgroup);
	}
	return -EINVAL;
}

static int fail(const struct reading *reading, int r, const char *what, const char *text)
{
	snprintf(reading->error, POLICY_ERROR_BYTES, "[filter] %s: %.200s", what, text);
	return r;
}

static int add(struct reading *reading, uint32_t verdict, const char *text)
{
	struct keeper_rule rule = { .verdict = verdict };
	struct keeper_rule *more;
	struct filter_rule from;
	const char *wanted;
	int r;

	if (filter_rule_parse(text, &from, &wanted) < 0)
		return fail(reading, -EINVAL, wanted, text);
	r = translate(reading, &from, &rule);
	if (r < 0) {
		log_warn("filter", "'%s' does not count: %s", text, strerror(-r));
		return 0;
	}
	if (++reading->each[rule.filter] > FILTER_RULES_MAX)
		return fail(reading, -ENOSPC, "more rules of one sort than there is room for",
			    text);
	more = reallocarray(reading->rules, reading->count + 1, sizeof(*more));
	if (!more)
		return fail(reading, -ENOMEM, "out of memory", text);
	reading->rules = more;
	reading->rules[reading->count++] = rule;
	return 0;
}

static int add_lines(struct reading *reading, uint32_t verdict, const char *lines)
{
	_cleanup_free_ char *copy = strdup(lines);
	char *line, *rest = copy;
	int r = 0;

	if (!copy)
		return fail(reading, -ENOMEM, "out of memory", "");
	while (r == 0 && (line = strsep(&rest, "\n")))
		r = line[0] ? add(reading, verdict, line) : 0;
	return r;
}

static int apply(const struct reading *reading, const struct policy *policy,
		 const struct loader *loader)
{
	const struct live_config live = {
		.filter_default = policy->drops_by_default ? FILTER_DROP : FILTER_KEEP,
		.process_events_per_s = policy->process_events_per_s,
		.process_burst = policy->process_burst,
		.flows_per_s = policy->flows_per_s,
		.flow_burst = policy->flow_burst,
	};
	int r = rules_replace(loader, reading->rules, reading->count);

	if (r == 0)
		r = rules_live_set(loader, &live);
	return r < 0 ? fail(reading, r, "the kernel refuses", strerror(-r)) : 0;
}

int policy_apply(const struct policy *policy, const struct loader *loader,
		 char ret_error[POLICY_ERROR_BYTES])
{
	struct reading reading = { .cgroups = -1, .error = ret_error };
	int r = add_lines(&reading, FILTER_DROP, policy->drop);

	/* After those that drop, so that of two rules with one key the one that keeps stays. */
	if (r == 0)
		r = add_lines(&reading, FILTER_KEEP, policy->keep);
	if (r == 0)
		r = apply(&reading, policy, loader);
	if (r == 0)
		log_debug("filter", "%zu rules count", reading.count);
	if (reading.cgroups >= 0)
		close(reading.cgroups);
	free(reading.rules);
	return r;
}

void policy_done(struct policy *policy)
{
	free((char *)(uintptr_t)policy->drop);
	free((char *)(uintptr_t)policy->keep);
	*policy = (struct policy){ 0 };
}

int policy_copy(struct policy *to, const struct policy *from)
{
	struct policy copy = *from;

	copy.drop = strdup(from->drop);
	copy.keep = strdup(from->keep);
	if (!copy.drop || !copy.keep) {
		policy_done(&copy);
		return -ENOMEM;
	}
	policy_done(to);
	*to = copy;
	return 0;
}
