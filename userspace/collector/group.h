/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Group commit: what many sessions write within a moment becomes durable at once, and only then is
 * each of them answered. After a failure nothing is taken for a while (it would fail again), longer
 * each time.
 */
#ifndef YAGURA_COLLECTOR_GROUP_H
#define YAGURA_COLLECTOR_GROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

struct event_base;
struct group;

/* Embedded in whoever waits for an answer. */
struct group_member {
	LIST_ENTRY(group_member) link;
	bool is_waiting;
};

struct group_options {
	uint32_t age_ms; /* a group is committed this long after its first batch, */
	uint32_t batches_max; /* or with this many batches, */
	uint64_t bytes_max; /* or bytes of them */
	uint32_t rest_min_ms;
	uint32_t rest_max_ms;
	int (*commit)(void *context); /* 0 once everything is durable, else -errno */
	void (*discard)(void *context); /* everything since the last commit */
	/* Once a waiting member. May leave or join others, may not free the group. */
	void (*settled)(void *context, struct group_member *member, bool is_durable);
	void *context;
};

/* 0 or -ENOMEM. */
int group_new(struct event_base *base, const struct group_options *options,
	      struct group **ret_group);
/* Commits nothing. Takes NULL. */
void group_free(struct group *group);

/* The last commit failed a moment ago: refuse, do not write. */
bool group_is_resting(const struct group *group);
/* Something was written for this member (NULL: for nobody who waits). */
void group_join(struct group *group, struct group_member *member);
/* One more batch of so many bytes was written. */
void group_count(struct group *group, size_t bytes);
void group_leave(struct group *group, struct group_member *member);
/* Now, not later. */
void group_commit(struct group *group);
/* A write failed in the middle: all of the group is given up. */
void group_fail(struct group *group);

#endif
