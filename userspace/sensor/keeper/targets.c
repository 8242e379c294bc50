/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/keeper/targets.h"

#include "common/cleanup.h"
#include "sensor/config/filter_rule.h"
#include "sensor/keeper/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct target {
	bool is_group;
	char *path;
	dev_t device; /* zero, as the next: it is not there */
	ino_t inode;
};

static struct target look(const struct targets *targets, const struct target *at)
{
	struct target now = *at;
	struct stat facts = { 0 };
	int r = at->is_group ? fstatat(targets->cgroups, at->path + strspn(at->path, "/"), &facts,
				       AT_EMPTY_PATH)
			     : stat(at->path, &facts);

	now.device = r == 0 ? facts.st_dev : 0;
	now.inode = r == 0 ? facts.st_ino : 0;
	return now;
}

static void open_cgroups(struct targets *targets)
{
	char name[4096], error[POLICY_ERROR_BYTES];

	if (targets->cgroups < 0)
		cgroup_open(NULL, &targets->cgroups, name, sizeof(name), error, sizeof(error));
}

static int add(struct targets *targets, const struct filter_rule *rule)
{
	struct target target = { .is_group = rule->kind == FILTER_RULE_CGROUP };
	struct target *more = reallocarray(targets->all, targets->count + 1, sizeof(*more));

	if (!more)
		return -ENOMEM;
	targets->all = more;
	target.path = strdup(rule->path);
	if (!target.path)
		return -ENOMEM;
	if (target.is_group)
		open_cgroups(targets);
	more[targets->count++] = look(targets, &target);
	return 0;
}

/* The policy has been checked: what is no rule names nothing. */
static int add_lines(struct targets *targets, const char *lines)
{
	_cleanup_free_ char *copy = strdup(lines ? lines : "");
	char *line, *rest = copy;
	struct filter_rule rule;
	const char *wanted;
	int r = copy ? 0 : -ENOMEM;

	while (r == 0 && (line = strsep(&rest, "\n")))
		if (filter_rule_parse(line, &rule, &wanted) == 0 &&
		    (rule.kind == FILTER_RULE_CGROUP || rule.kind == FILTER_RULE_EXECUTABLE))
			r = add(targets, &rule);
	return r;
}

static void forget(struct targets *targets)
{
	for (size_t i = 0; i < targets->count; i++)
		free(targets->all[i].path);
	free(targets->all);
	targets->all = NULL;
	targets->count = 0;
}

int targets_note(struct targets *targets, const struct policy *policy)
{
	int r;

	forget(targets);
	r = add_lines(targets, policy->drop);
	if (r == 0)
		r = add_lines(targets, policy->keep);
	if (r < 0)
		forget(targets);
	return r;
}

bool targets_changed(const struct targets *targets)
{
	for (size_t i = 0; i < targets->count; i++) {
		const struct target now = look(targets, &targets->all[i]);

		if (now.inode != targets->all[i].inode || now.device != targets->all[i].device)
			return true;
	}
	return false;
}

void targets_done(struct targets *targets)
{
	forget(targets);
	if (targets->cgroups >= 0)
		close(targets->cgroups);
	targets->cgroups = -1;
}
