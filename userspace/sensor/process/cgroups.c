/* SPDX-License-Identifier: Apache-2.0 */
#define HASH_NONFATAL_OOM 1 /* uthash would exit() otherwise; a failed add leaves hh.tbl NULL */
#define HASH_FUNCTION(key, length, value) (value) = hash_bytes(key, length)

#include "sensor/process/cgroups.h"

#include "common/hash.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>

/* A snapshot may be lost for want of room, as the group's own event may have been. */
#define ASKS_MAX 3

struct entry {
	uint64_t id;
	struct text path; /* NULL: not known, but asked for */
	uint32_t asks; /* snapshots asked for on its behalf */
	uint64_t round; /* of the latest of them */
	struct entry *prev, *next; /* in `used` */
	UT_hash_handle hh;
};

struct cgroup_names {
	struct entry *by_id;
	struct entry *used; /* longest ago first */
	uint32_t count;
	uint32_t entries_max;
	uint64_t round; /* counts the snapshots asked for */
	bool wanted; /* by somebody, since the latest of them */
};

struct cgroup_names *cgroup_names_new(uint32_t entries_max)
{
	struct cgroup_names *names = calloc(1, sizeof(*names));

	if (!names)
		return NULL;
	names->entries_max = entries_max > 2 ? entries_max : 2;
	names->round = 1;
	return names;
}

static void entry_free(struct entry *entry)
{
	free((char *)(uintptr_t)entry->path.at);
	free(entry);
}

static void drop(struct cgroup_names *names, struct entry *entry)
{
	HASH_DELETE(hh, names->by_id, entry);
	DL_DELETE(names->used, entry);
	names->count--;
	entry_free(entry);
}

void cgroup_names_free(struct cgroup_names *names)
{
	if (!names)
		return;
	while (names->used)
		drop(names, names->used);
	free(names);
}

static struct entry *find(const struct cgroup_names *names, uint64_t id)
{
	struct entry *entry = NULL;

	HASH_FIND(hh, names->by_id, &id, sizeof(id), entry);
	return entry;
}

static void touch(struct cgroup_names *names, struct entry *entry)
{
	DL_DELETE(names->used, entry);
	DL_APPEND(names->used, entry);
}

static struct entry *add(struct cgroup_names *names, uint64_t id)
{
	struct entry *entry = calloc(1, sizeof(*entry));

	if (!entry)
		return NULL;
	entry->id = id;
	HASH_ADD(hh, names->by_id, id, sizeof(entry->id), entry);
	if (!entry->hh.tbl) {
		free(entry);
		return NULL;
	}
	DL_APPEND(names->used, entry);
	if (++names->count > names->entries_max)
		drop(names, names->used);
	return entry;
}

int cgroup_names_learn(struct cgroup_names *names, uint64_t id, struct text path)
{
	struct entry *entry = find(names, id);
	char *copy;

	if (entry && entry->path.at && entry->path.length == path.length &&
	    memcmp(entry->path.at, path.at, path.length) == 0)
		return 0;
	copy = malloc(path.length + 1); /* never of size 0 */
	if (copy && !entry)
		entry = add(names, id);
	if (!copy || !entry) {
		free(copy);
		return -ENOMEM;
	}
	if (path.length > 0)
		memcpy(copy, path.at, path.length);
	free((char *)(uintptr_t)entry->path.at);
	entry->path = (struct text){ .at = copy, .length = path.length };
	return 0;
}

const struct text *cgroup_names_find(struct cgroup_names *names, uint64_t id)
{
	struct entry *entry = find(names, id);

	if (entry)
		touch(names, entry);
	else
		entry = add(names, id);
	if (!entry)
		return NULL;
	if (entry->path.at)
		return &entry->path;
	if (entry->asks < ASKS_MAX && entry->round != names->round) {
		entry->asks++;
		entry->round = names->round;
		names->wanted = true;
	}
	return NULL;
}

bool cgroup_names_ask(struct cgroup_names *names)
{
	bool wanted = names->wanted;

	names->wanted = false;
	if (wanted)
		names->round++;
	return wanted;
}

uint32_t cgroup_names_count(const struct cgroup_names *names)
{
	return names->count;
}
