/* SPDX-License-Identifier: Apache-2.0 */
#define HASH_NONFATAL_OOM 1 /* uthash would exit() otherwise; a failed add leaves hh.tbl NULL */
#define HASH_FUNCTION(key, length, value) (value) = hash_bytes(key, length)

#include "sensor/content/wanted.h"
#include "common/hash.h"

#include "common/clock.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* From here on a file counts as large: a quarter of a second at the usual pace. */
#define LARGE_BYTES (1u << 20)
/* Until then an exec that waits has been looked at again. */
#define DONE_KEPT_NS (2 * NS_PER_S)

static bool is_large(const struct wanted *wanted)
{
	return wanted->identity.bytes > LARGE_BYTES;
}

struct wanted *wanted_find(const struct wanted_table *table, const struct hash_identity *identity)
{
	struct wanted *wanted = NULL;

	HASH_FIND(hh, table->by_identity, identity, sizeof(*identity), wanted);
	return wanted;
}

struct wanted *wanted_add(struct wanted_table *table, const struct hash_identity *identity,
			  struct text path)
{
	struct wanted *wanted;

	if (table->count >= CONTENT_WANTED_MAX)
		return NULL;
	wanted = calloc(1, sizeof(*wanted) + path.length + 1);
	if (!wanted)
		return NULL;
	wanted->identity = *identity;
	wanted->path_bytes = path.length;
	if (path.length > 0)
		memcpy(wanted->path, path.at, path.length);
	HASH_ADD(hh, table->by_identity, identity, sizeof(*identity), wanted);
	if (!wanted->hh.tbl) {
		free(wanted);
		return NULL;
	}
	DL_APPEND(table->order, wanted);
	table->count++;
	return wanted;
}

void wanted_set_state(struct wanted_table *table, struct wanted *wanted, enum wanted_state state)
{
	if (wanted->state == WANTED_ASKED) {
		table->asked--;
		table->asked_large -= is_large(wanted);
		table->asked_bytes -= wanted->identity.bytes;
	}
	wanted->state = state;
	if (state == WANTED_ASKED) {
		table->asked++;
		table->asked_large += is_large(wanted);
		table->asked_bytes += wanted->identity.bytes;
	}
}

void wanted_drop(struct wanted_table *table, struct wanted *wanted)
{
	wanted_set_state(table, wanted, WANTED_DONE);
	HASH_DELETE(hh, table->by_identity, wanted);
	DL_DELETE(table->order, wanted);
	table->count--;
	free(wanted);
}

void wanted_free_all(struct wanted_table *table)
{
	while (table->order)
		wanted_drop(table, table->order);
}

struct wanted *wanted_next(const struct wanted_table *table, uint64_t now_ns)
{
	struct wanted *wanted, *large = NULL;

	if (table->asked >= CONTENT_ASKED_MAX)
		return NULL;
	DL_FOREACH (table->order, wanted) {
		if (wanted->state != WANTED_WAITING || wanted->again_ns > now_ns)
			continue;
		if (!is_large(wanted))
			return wanted;
		large = large ?: wanted;
	}
	return table->asked_large < CONTENT_ASKED_MAX / 2 ? large : NULL;
}

void wanted_expire(struct wanted_table *table, uint64_t now_ns)
{
	struct wanted *wanted, *after;

	DL_FOREACH_SAFE (table->order, wanted, after) {
		if (wanted->state == WANTED_DONE && now_ns - wanted->done_ns > DONE_KEPT_NS)
			wanted_drop(table, wanted);
	}
}
