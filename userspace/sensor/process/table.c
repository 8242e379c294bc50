/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/process/table_entry.h"

#include <errno.h>
#include <stdlib.h>
#include <utlist.h>

struct process_table *process_table_new(const struct process_table_options *options)
{
	struct process_table *table = calloc(1, sizeof(*table));

	if (table)
		table->options = *options;
	return table;
}

static void free_list(struct process_entry *list)
{
	struct process_entry *entry, *after;

	DL_FOREACH_SAFE (list, entry, after) {
		process_image_unref(entry->image);
		free(entry);
	}
}

void process_table_free(struct process_table *table)
{
	if (!table)
		return;
	HASH_CLEAR(hh, table->by_key);
	HASH_CLEAR(hh_newest, table->newest);
	free_list(table->live);
	free_list(table->exited);
	free(table);
}

struct process_entry *process_entry_find(const struct process_table *table,
					 const struct process_key *key)
{
	struct process_entry *entry = NULL;

	HASH_FIND(hh, table->by_key, key, sizeof(*key), entry);
	return entry;
}

struct process_entry *process_entry_newest(const struct process_table *table,
					   const struct process_key *key)
{
	struct process_entry *entry = NULL;

	HASH_FIND(hh_newest, table->newest, key, LIFE_BYTES, entry);
	return entry;
}

static void list_live(struct process_table *table, struct process_entry *entry)
{
	DL_APPEND(table->live, entry);
	table->stats.live++;
}

static void list_exited(struct process_table *table, struct process_entry *entry, uint64_t now_ns)
{
	entry->process.exited = true;
	entry->exited_ns = now_ns;
	DL_APPEND(table->exited, entry);
	table->stats.exited++;
}

static void unlist(struct process_table *table, struct process_entry *entry)
{
	if (entry->process.exited) {
		DL_DELETE(table->exited, entry);
		table->stats.exited--;
		table->stats.held -= entry->is_held;
	} else {
		DL_DELETE(table->live, entry);
		table->stats.live--;
	}
}

void process_entry_retire(struct process_table *table, struct process_entry *entry, uint64_t now_ns)
{
	if (entry->process.exited)
		return;
	unlist(table, entry);
	list_exited(table, entry, now_ns);
}

static void unref_image(struct process_table *table, struct process_entry *entry)
{
	table->stats.texts_bytes -= process_image_unref(entry->image);
}

static void drop(struct process_table *table, struct process_entry *entry)
{
	unlist(table, entry);
	HASH_DELETE(hh, table->by_key, entry);
	if (entry->is_newest)
		HASH_DELETE(hh_newest, table->newest, entry);
	unref_image(table, entry);
	free(entry);
}

static bool is_due(const struct process_entry *entry, uint64_t now_ns)
{
	return now_ns >= entry->exited_ns && now_ns - entry->exited_ns >= PROCESS_KEEP_NS;
}

/* A second chance for the oldest one, if a flow of it goes on and not too many have had one. */
static bool pass_over(struct process_table *table, uint64_t now_ns)
{
	struct process_entry *entry = table->exited;

	if (entry->held_until_ns <= now_ns ||
	    (!entry->is_held && table->stats.held >= table->options.exited_max / 4))
		return false;
	unlist(table, entry);
	entry->is_held = true;
	table->stats.held++;
	list_exited(table, entry, now_ns);
	return true;
}

static bool has_too_much(const struct process_table *table)
{
	const struct process_table_options *options = &table->options;

	return table->stats.exited > options->exited_max ||
	       (options->texts_bytes_max > 0 && table->exited &&
		table->stats.texts_bytes > options->texts_bytes_max);
}

void process_table_trim(struct process_table *table, uint64_t now_ns)
{
	uint32_t chances = table->stats.exited;

	while (table->stats.live > table->options.live_max) {
		table->stats.evicted_live++;
		drop(table, table->live);
	}
	while (has_too_much(table)) {
		if (chances > 0 && pass_over(table, now_ns)) {
			chances--;
			continue;
		}
		if (!is_due(table->exited, now_ns))
			table->stats.evicted_early++;
		drop(table, table->exited);
	}
}

static struct process_entry *entry_new(const struct process_key *key)
{
	struct process_entry *entry = calloc(1, sizeof(*entry));

	if (!entry)
		return NULL;
	entry->process.key = *key;
	entry->process.uid = UINT32_MAX;
	entry->process.gid = UINT32_MAX;
	entry->process.former_euid = UINT32_MAX;
	return entry;
}

/* Puts `entry` in the place of `older` (may be NULL), which an exec has ended. */
static int succeed(struct process_table *table, struct process_entry *entry,
		   struct process_entry *older, uint64_t now_ns)
{
	HASH_ADD(hh_newest, table->newest, process.key, LIFE_BYTES, entry);
	if (!entry->hh_newest.tbl)
		return -ENOMEM;
	entry->is_newest = true;
	list_live(table, entry);
	if (older) {
		HASH_DELETE(hh_newest, table->newest, older);
		older->is_newest = false;
		process_entry_retire(table, older, now_ns);
	}
	return 0;
}

static int insert(struct process_table *table, struct process_entry *entry, uint64_t now_ns)
{
	struct process_entry *newest = process_entry_newest(table, &entry->process.key);
	int r = 0;

	HASH_ADD(hh, table->by_key, process.key, sizeof(struct process_key), entry);
	if (!entry->hh.tbl)
		return -ENOMEM;
	/* Told late: its life has ended or gone on to another image already. */
	if (newest && (newest->process.exited ||
		       newest->process.key.exec_count > entry->process.key.exec_count))
		list_exited(table, entry, now_ns);
	else
		r = succeed(table, entry, newest, now_ns);
	if (r < 0)
		HASH_DELETE(hh, table->by_key, entry);
	return r;
}

struct process_entry *process_entry_add(struct process_table *table, const struct process_key *key,
					uint64_t now_ns)
{
	struct process_entry *entry = process_entry_find(table, key);

	if (entry)
		return entry;
	entry = entry_new(key);
	if (entry && insert(table, entry, now_ns) < 0) {
		free(entry);
		return NULL;
	}
	return entry;
}

void process_entry_set_image(struct process_table *table, struct process_entry *entry,
			     struct process_image *image)
{
	unref_image(table, entry);
	entry->image = image;
	entry->process.executable = image->executable;
	entry->process.args = image->args;
	entry->process.args_truncated = image->args_truncated;
}

void process_table_hold(struct process_table *table, const struct process_key *key, uint64_t now_ns)
{
	struct process_entry *entry = process_entry_find(table, key);

	if (entry)
		entry->held_until_ns = now_ns + PROCESS_HOLD_NS;
}

void process_table_expire(struct process_table *table, uint64_t now_ns)
{
	while (table->exited && is_due(table->exited, now_ns))
		if (!pass_over(table, now_ns))
			drop(table, table->exited);
}

const struct process *process_table_find(const struct process_table *table,
					 const struct process_key *key)
{
	const struct process_entry *entry = process_entry_find(table, key);

	return entry ? &entry->process : NULL;
}

void process_table_stats(const struct process_table *table, struct process_table_stats *ret_stats)
{
	*ret_stats = table->stats;
}

void process_table_each(const struct process_table *table,
			bool (*visit)(void *context, const struct process *process), void *context)
{
	const struct process_entry *lists[] = { table->live, table->exited };

	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++)
		for (const struct process_entry *entry = lists[i]; entry; entry = entry->next)
			if (!visit(context, &entry->process))
				return;
}
