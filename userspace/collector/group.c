/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/group.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>

LIST_HEAD(group_members, group_member);

enum group_state { GROUP_EMPTY, GROUP_OPEN, GROUP_RESTING };

struct group {
	struct group_options options;
	struct event *timer; /* ends an open group, or a rest */
	struct group_members waiting;
	enum group_state state;
	uint32_t batches;
	uint64_t bytes;
	uint32_t rest_ms; /* of the next rest */
};

static void wake_in(struct group *group, uint32_t ms)
{
	struct timeval after = { .tv_sec = ms / 1000, .tv_usec = (long)(ms % 1000) * 1000 };

	event_add(group->timer, &after);
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
	struct group *group = context;

	(void)fd;
	(void)what;
	if (group->state == GROUP_RESTING)
		group->state = GROUP_EMPTY;
	else
		group_commit(group);
}

int group_new(struct event_base *base, const struct group_options *options,
	      struct group **ret_group)
{
	struct group *group = calloc(1, sizeof(*group));

	if (!group)
		return -ENOMEM;
	group->options = *options;
	group->rest_ms = options->rest_min_ms;
	LIST_INIT(&group->waiting);
	group->timer = evtimer_new(base, on_timer, group);
	if (!group->timer) {
		free(group);
		return -ENOMEM;
	}
	*ret_group = group;
	return 0;
}

void group_free(struct group *group)
{
	if (!group)
		return;
	event_free(group->timer);
	free(group);
}

bool group_is_resting(const struct group *group)
{
	return group->state == GROUP_RESTING;
}

static void open_group(struct group *group)
{
	if (group->state != GROUP_EMPTY)
		return;
	group->state = GROUP_OPEN;
	wake_in(group, group->options.age_ms);
}

static bool is_full(const struct group *group)
{
	return group->batches >= group->options.batches_max ||
	       group->bytes >= group->options.bytes_max;
}

void group_join(struct group *group, struct group_member *member)
{
	open_group(group);
	if (!member || member->is_waiting)
		return;
	member->is_waiting = true;
	LIST_INSERT_HEAD(&group->waiting, member, link);
}

/* A full group is committed from the event loop: never in the middle of what the caller does. The
 * timer is set once: setting it again takes it back when it has just expired, so that a sensor that
 * never pauses would put off the commit for ever. */
void group_count(struct group *group, size_t bytes)
{
	bool was_full = is_full(group);

	open_group(group);
	group->batches++;
	group->bytes += bytes;
	if (!was_full && is_full(group))
		wake_in(group, 0);
}

void group_leave(struct group *group, struct group_member *member)
{
	(void)group;
	if (!member->is_waiting)
		return;
	member->is_waiting = false;
	LIST_REMOVE(member, link);
}

static void settle(struct group *group, bool is_durable)
{
	struct group_member *member;

	group->batches = 0;
	group->bytes = 0;
	while ((member = LIST_FIRST(&group->waiting))) {
		group_leave(group, member);
		group->options.settled(group->options.context, member, is_durable);
	}
}

void group_commit(struct group *group)
{
	if (group->state != GROUP_OPEN)
		return;
	if (group->options.commit(group->options.context) < 0) {
		group_fail(group);
		return;
	}
	event_del(group->timer);
	group->state = GROUP_EMPTY;
	group->rest_ms = group->options.rest_min_ms;
	settle(group, true);
}

void group_fail(struct group *group)
{
	uint32_t twice = group->rest_ms * 2;

	group->options.discard(group->options.context);
	group->state = GROUP_RESTING;
	wake_in(group, group->rest_ms);
	group->rest_ms = twice < group->options.rest_max_ms ? twice : group->options.rest_max_ms;
	settle(group, false);
}
