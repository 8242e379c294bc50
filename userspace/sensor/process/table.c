/* SPDX-License-Identifier: Apache-2.0 */
#define HASH_NONFATAL_OOM 1 /* uthash would exit() otherwise; a failed add leaves hh.tbl NULL */
#define HASH_FUNCTION(key, length, value) (value) = hash_bytes(key, length)

#include "sensor/process/table.h"

#include "common/hash.h"
#include "sensor/process/image.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <uthash.h>
#include <utlist.h>

/* A process's whole life is (start_ns, pid), the front of its key. */
#define LIFE_BYTES offsetof(struct process_key, exec_count)
_Static_assert(LIFE_BYTES == sizeof(uint64_t) + sizeof(uint32_t), "no hole before exec_count");

/* One image of one process, named by its whole key. */
struct entry {
	struct process process;
	struct process_image *image; /* NULL: unknown */
	uint64_t exited_ns;
	bool is_newest; /* of its life, and so in the table's `newest` */
	struct entry *prev, *next; /* in `live` or `exited` */
	UT_hash_handle hh;
	UT_hash_handle hh_newest;
};

/* `newest` finds what an exec or exit ends even when the events between were lost. */
struct process_table {
	struct process_table_options options;
	struct process_table_stats stats;
	struct entry *by_key;
	struct entry *newest; /* one for each life: the entry with the highest exec_count */
	struct entry *live; /* oldest first */
	struct entry *exited; /* in the order their ends were told */
};

struct process_table *process_table_new(const struct process_table_options *options)
{
	struct process_table *table = calloc(1, sizeof(*table));

	if (table)
		table->options = *options;
	return table;
}

static void free_list(struct entry *list)
{
	struct entry *entry, *after;

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

static struct entry *find(const struct process_table *table, const struct process_key *key)
{
	struct entry *entry = NULL;

	HASH_FIND(hh, table->by_key, key, sizeof(*key), entry);
	return entry;
}

static struct entry *find_newest(const struct process_table *table, const struct process_key *key)
{
	struct entry *entry = NULL;

	HASH_FIND(hh_newest, table->newest, key, LIFE_BYTES, entry);
	return entry;
}

static void list_live(struct process_table *table, struct entry *entry)
{
	DL_APPEND(table->live, entry);
	table->stats.live++;
}

static void list_exited(struct process_table *table, struct entry *entry, uint64_t now_ns)
{
	entry->process.exited = true;
	entry->exited_ns = now_ns;
	DL_APPEND(table->exited, entry);
	table->stats.exited++;
}

static void unlist(struct process_table *table, struct entry *entry)
{
	if (entry->process.exited) {
		DL_DELETE(table->exited, entry);
		table->stats.exited--;
	} else {
		DL_DELETE(table->live, entry);
		table->stats.live--;
	}
}

static void retire(struct process_table *table, struct entry *entry, uint64_t now_ns)
{
	if (entry->process.exited)
		return;
	unlist(table, entry);
	list_exited(table, entry, now_ns);
}

static void unref_image(struct process_table *table, struct entry *entry)
{
	table->stats.texts_bytes -= process_image_unref(entry->image);
}

static void drop(struct process_table *table, struct entry *entry)
{
	unlist(table, entry);
	HASH_DELETE(hh, table->by_key, entry);
	if (entry->is_newest)
		HASH_DELETE(hh_newest, table->newest, entry);
	unref_image(table, entry);
	free(entry);
}

static bool is_due(const struct entry *entry, uint64_t now_ns)
{
	return now_ns >= entry->exited_ns && now_ns - entry->exited_ns >= PROCESS_KEEP_NS;
}

static bool has_too_much(const struct process_table *table)
{
	const struct process_table_options *options = &table->options;

	return table->stats.exited > options->exited_max ||
	       (options->texts_bytes_max > 0 && table->exited &&
		table->stats.texts_bytes > options->texts_bytes_max);
}

/* Keeps to the limits. Comes last in whatever adds or retires: until then no entry goes away. */
static void trim(struct process_table *table, uint64_t now_ns)
{
	while (table->stats.live > table->options.live_max) {
		table->stats.evicted_live++;
		drop(table, table->live);
	}
	while (has_too_much(table)) {
		if (!is_due(table->exited, now_ns))
			table->stats.evicted_early++;
		drop(table, table->exited);
	}
}

static struct entry *entry_new(const struct process_key *key)
{
	struct entry *entry = calloc(1, sizeof(*entry));

	if (!entry)
		return NULL;
	entry->process.key = *key;
	entry->process.uid = UINT32_MAX;
	entry->process.gid = UINT32_MAX;
	return entry;
}

/* Puts `entry` in the place of `older` (may be NULL), which an exec has ended. */
static int succeed(struct process_table *table, struct entry *entry, struct entry *older,
		   uint64_t now_ns)
{
	HASH_ADD(hh_newest, table->newest, process.key, LIFE_BYTES, entry);
	if (!entry->hh_newest.tbl)
		return -ENOMEM;
	entry->is_newest = true;
	list_live(table, entry);
	if (older) {
		HASH_DELETE(hh_newest, table->newest, older);
		older->is_newest = false;
		retire(table, older, now_ns);
	}
	return 0;
}

static int insert(struct process_table *table, struct entry *entry, uint64_t now_ns)
{
	struct entry *newest = find_newest(table, &entry->process.key);
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

/* The entry of that key, a new one if need be; NULL without memory. */
static struct entry *find_or_add(struct process_table *table, const struct process_key *key,
				 uint64_t now_ns)
{
	struct entry *entry = find(table, key);

	if (entry)
		return entry;
	entry = entry_new(key);
	if (entry && insert(table, entry, now_ns) < 0) {
		free(entry);
		return NULL;
	}
	return entry;
}

/* Takes over the reference to `image`. */
static void set_image(struct process_table *table, struct entry *entry, struct process_image *image)
{
	unref_image(table, entry);
	entry->image = image;
	entry->process.executable = image->executable;
	entry->process.args = image->args;
	entry->process.args_truncated = image->args_truncated;
}

static bool is_unknown(const struct entry *entry)
{
	return entry->process.executable.length == 0;
}

static void inherit(struct process_table *table, struct entry *child, const struct entry *parent)
{
	if (!is_unknown(child) || !parent->image)
		return;
	child->process.uid = parent->process.uid;
	child->process.gid = parent->process.gid;
	set_image(table, child, process_image_ref(parent->image));
}

int process_table_fork(struct process_table *table, const struct event_fork *event)
{
	bool is_first = !find(table, &event->process);
	struct entry *child = find_or_add(table, &event->process, event->header.time_ns);
	const struct entry *parent = find(table, &event->parent);

	if (!child)
		return -ENOMEM;
	child->process.parent = event->parent;
	if (parent)
		inherit(table, child, parent);
	else if (is_first && event->parent.pid != 0)
		table->stats.unknown_parent++;
	trim(table, event->header.time_ns);
	return 0;
}

/* What exec and snapshot have in common: the event describes the process itself. */
static int describe(struct process_table *table, struct entry *entry,
		    const struct event_exec *event, struct text executable, struct text args)
{
	struct process_image *image =
		process_image_new(executable, args, event->flags & EXEC_ARGS_TRUNCATED);

	if (!image)
		return -ENOMEM;
	entry->process.parent = event->parent;
	entry->process.uid = event->uid;
	entry->process.gid = event->gid;
	set_image(table, entry, image);
	table->stats.texts_bytes += image->size;
	return 0;
}

int process_table_exec(struct process_table *table, const struct event_exec *event,
		       struct text executable, struct text args)
{
	struct entry *entry = find_or_add(table, &event->process, event->header.time_ns);
	int r = -ENOMEM;

	if (entry)
		r = describe(table, entry, event, executable, args);
	trim(table, event->header.time_ns);
	return r;
}

int process_table_snapshot(struct process_table *table, const struct event_exec *event,
			   struct text executable, struct text args)
{
	struct entry *entry = find_or_add(table, &event->process, event->header.time_ns);
	int r = entry ? 0 : -ENOMEM;

	if (entry && is_unknown(entry))
		r = describe(table, entry, event, executable, args);
	trim(table, event->header.time_ns);
	return r;
}

/* One that nobody knew is entered all the same, so that a snapshot told late finds it ended. */
int process_table_exit(struct process_table *table, const struct event_exit *event)
{
	uint64_t now_ns = event->header.time_ns;
	struct entry *entry = find_or_add(table, &event->process, now_ns);
	struct entry *newest = find_newest(table, &event->process);

	if (!entry)
		return -ENOMEM;
	if (entry->process.uid == UINT32_MAX)
		entry->process.uid = event->uid;
	retire(table, entry, now_ns);
	if (newest)
		retire(table, newest, now_ns);
	trim(table, now_ns);
	return 0;
}

void process_table_expire(struct process_table *table, uint64_t now_ns)
{
	while (table->exited && is_due(table->exited, now_ns))
		drop(table, table->exited);
}

const struct process *process_table_find(const struct process_table *table,
					 const struct process_key *key)
{
	const struct entry *entry = find(table, key);

	return entry ? &entry->process : NULL;
}

void process_table_stats(const struct process_table *table, struct process_table_stats *ret_stats)
{
	*ret_stats = table->stats;
}
