/* SPDX-License-Identifier: Apache-2.0 */
/* What events say of processes. */
#include "sensor/process/rights.h"
#include "sensor/process/table_entry.h"

#include <errno.h>

static bool is_unknown(const struct process_entry *entry)
{
	return entry->process.executable.length == 0;
}

static void inherit(struct process_table *table, struct process_entry *child,
		    const struct process_entry *parent)
{
	if (!is_unknown(child) || !parent->image)
		return;
	child->process.uid = parent->process.uid;
	child->process.gid = parent->process.gid;
	process_entry_set_image(table, child, process_image_ref(parent->image));
}

int process_table_fork(struct process_table *table, const struct event_fork *event)
{
	bool is_first = !process_entry_find(table, &event->process);
	struct process_entry *child =
		process_entry_add(table, &event->process, event->header.time_ns);
	const struct process_entry *parent = process_entry_find(table, &event->parent);

	if (!child)
		return -ENOMEM;
	if (is_first)
		child->process.parent = event->parent;
	child->process.creator = event->parent;
	child->process.is_namespace_init = event->flags & FORK_NAMESPACE_INIT;
	if (parent)
		inherit(table, child, parent);
	else if (is_first && event->parent.pid != 0)
		table->stats.unknown_parent++;
	process_table_trim(table, event->header.time_ns);
	return 0;
}

/* The links of a process and its ancestors, as they are now. */
static void relate(struct process_table *table, struct process_entry *entry,
		   const struct event_exec *event, const struct process_key *ancestors)
{
	struct process_key parent = event->parent;

	for (uint32_t i = 0; entry; i++) {
		bool is_last = i == event->ancestor_count;

		entry->process.parent = parent;
		entry->process.has_kernel_parent = is_last && event->flags & EXEC_KERNEL_ANCESTOR;
		if (is_last)
			return;
		entry = process_entry_find(table, &parent);
		parent = ancestors[i];
	}
}

/* What exec and snapshot have in common: the event describes the process itself. */
static int describe(struct process_table *table, struct process_entry *entry,
		    const struct event_exec *event, struct text executable, struct text args)
{
	struct process_image *image = process_image_new(event, executable, args);

	if (!image)
		return -ENOMEM;
	entry->process.uid = event->uid;
	entry->process.gid = event->gid;
	entry->process.is_namespace_init = event->flags & EXEC_NAMESPACE_INIT;
	process_entry_set_image(table, entry, image);
	table->stats.texts_bytes += image->size;
	return 0;
}

/* What an exec changed: `older` is what its process ran before, NULL when nobody told. */
static void compare(struct process_entry *entry, const struct process_entry *older)
{
	if (!older || older->process.key.exec_count >= entry->process.key.exec_count)
		return;
	entry->process.creator = older->process.creator;
	if (!older->image || !entry->image)
		return;
	entry->process.gained = process_rights_gained(&older->image->rights, &entry->image->rights);
	entry->process.former_euid =
		process_rights_former_euid(&older->image->rights, &entry->image->rights);
}

int process_table_exec(struct process_table *table, const struct event_exec *event,
		       const struct process_key *ancestors, struct text executable,
		       struct text args)
{
	bool is_first = !process_entry_find(table, &event->process);
	const struct process_entry *older =
		is_first ? process_entry_newest(table, &event->process) : NULL;
	struct process_entry *entry =
		process_entry_add(table, &event->process, event->header.time_ns);
	int r = -ENOMEM;

	if (entry) {
		r = describe(table, entry, event, executable, args);
		relate(table, entry, event, ancestors);
		compare(entry, older);
	}
	process_table_trim(table, event->header.time_ns);
	return r;
}

int process_table_snapshot(struct process_table *table, const struct event_exec *event,
			   const struct process_key *ancestors, struct text executable,
			   struct text args)
{
	struct process_entry *entry =
		process_entry_add(table, &event->process, event->header.time_ns);
	int r = entry ? 0 : -ENOMEM;

	if (entry && is_unknown(entry))
		r = describe(table, entry, event, executable, args);
	if (entry)
		relate(table, entry, event, ancestors);
	process_table_trim(table, event->header.time_ns);
	return r;
}

/* One that nobody knew is entered all the same, so that a snapshot told late finds it ended. */
int process_table_exit(struct process_table *table, const struct event_exit *event)
{
	uint64_t now_ns = event->header.time_ns;
	struct process_entry *entry = process_entry_add(table, &event->process, now_ns);
	struct process_entry *newest = process_entry_newest(table, &event->process);

	if (!entry)
		return -ENOMEM;
	if (entry->process.uid == UINT32_MAX)
		entry->process.uid = event->uid;
	process_entry_retire(table, entry, now_ns);
	if (newest)
		process_entry_retire(table, newest, now_ns);
	process_table_trim(table, now_ns);
	return 0;
}

void process_table_flow(struct process_table *table, const struct event_flow *event)
{
	if (event->flags & FLOW_FINAL)
		return;
	process_table_hold(table, &event->owner, event->header.time_ns);
	process_table_hold(table, &event->listener, event->header.time_ns);
}
