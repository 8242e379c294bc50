/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A run of events, each a 2-byte big-endian length and that many bytes, through decoder, tables and
 * record building. The header's size field is put right, else hardly any input got past
 * it.
 */
#include "bpf/abi/arena.h"
#include "sensor/process/ancestry.h"
#include "sensor/record/record_build.h"

#include <stdlib.h>
#include <string.h>

#define ENTRIES_MAX 4 /* small, so that a short input reaches the limits */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile uint8_t sink;

/* Touches every byte, for the sanitizer's sake. */
static void read_text(struct text text)
{
	for (size_t i = 0; i < text.length; i++)
		sink ^= (uint8_t)text.at[i];
}

static void read_process(const struct record_process *process)
{
	read_text(process->executable);
	read_text(process->args);
}

static void read_chain(const struct process_table *table, const struct process_key *key)
{
	struct process_ancestor chain[ENTRIES_MAX];
	size_t count = process_chain(table, key, chain, ENTRIES_MAX);

	for (size_t i = 0; i < count; i++)
		read_text(chain[i].executable);
}

static void use_exec(const struct record_sources *sources, struct process_table *table,
		     const struct decoded_event *event)
{
	const struct decoded_exec *exec = &event->exec;
	struct text path = { exec->path, exec->path_length };
	struct record record;

	if (strlen(exec->path) != exec->path_length || strlen(exec->cwd) != exec->cwd_length)
		abort();
	if (event->kind == EVENT_SNAPSHOT)
		process_table_snapshot(table, &exec->fixed, exec->ancestors, path, exec->args);
	else
		process_table_exec(table, &exec->fixed, exec->ancestors, path, exec->args);
	record_from_exec(sources, exec, &record);
	read_text(record.exec.cwd);
	read_text(record.exec.script);
	read_text(record.exec.cgroup);
	read_process(&record.exec.process);
	read_process(&record.exec.parent);
	read_process(&record.exec.creator);
	for (size_t i = 0; i < record.exec.ancestor_count; i++)
		read_process(&record.exec.ancestors[i]);
	read_chain(table, &exec->fixed.process);
}

static void use_flow(const struct record_sources *sources, const struct event_flow *flow)
{
	struct record record;

	record_from_flow(sources, flow, &record);
	if (flow->header.time_ns < UINT64_MAX && record.flow.end_ns < record.flow.start_ns)
		abort();
	read_text(record.flow.cgroup);
	read_process(&record.flow.process);
	read_process(&record.flow.listener);
}

static void use_gone(struct process_table *table, const struct event_exit *event)
{
	const struct process *process;

	process_table_exit(table, event);
	process = process_table_find(table, &event->process);
	if (process && !process->exited)
		abort();
}

static void use_exit(const struct record_sources *sources, struct process_table *table,
		     const struct event_exit *event)
{
	struct record record;

	use_gone(table, event);
	record_from_exit(sources, event, &record);
	if (event->header.time_ns > 0 && record.exit.run_ns > event->header.time_ns)
		abort();
	read_process(&record.exit.process);
}

static void use_cgroup(struct cgroup_names *names, const struct decoded_cgroup *cgroup)
{
	struct text path = { cgroup->path, cgroup->path_length };
	const struct text *found;

	if (cgroup_names_learn(names, cgroup->id, path) < 0)
		return;
	found = cgroup_names_find(names, cgroup->id);
	if (!found || found->length != path.length || cgroup_names_count(names) > ENTRIES_MAX)
		abort();
}

/* Either bytes that lie within a slot, or the reason why there are none. */
static void use_bytes(const struct event_bytes *event)
{
	if ((event->bytes == 0) != (event->cut != 0))
		abort();
	if ((size_t)event->slot_at + event->bytes > ARENA_BYTES_MAX)
		abort();
}

static void use(const struct record_sources *sources, struct process_table *table,
		const struct decoded_event *event)
{
	struct process_table_stats stats;

	switch (event->kind) {
	case EVENT_FORK:
		process_table_fork(table, &event->fork);
		break;
	case EVENT_EXEC:
	case EVENT_SNAPSHOT:
		use_exec(sources, table, event);
		break;
	case EVENT_EXIT:
		use_exit(sources, table, &event->exit);
		break;
	case EVENT_GONE:
		use_gone(table, &event->exit);
		break;
	case EVENT_FLOW:
		use_flow(sources, &event->flow);
		process_table_expire(table, event->header.time_ns);
		break;
	case EVENT_BYTES:
		use_bytes(&event->bytes);
		break;
	case EVENT_CGROUP:
		use_cgroup(sources->cgroups, &event->cgroup);
		break;
	case EVENT_THROTTLE:
		if (event->throttle.comm[EVENT_COMM_BYTES - 1] != '\0')
			abort();
		break;
	case EVENT_KIND_NONE:
	case EVENT_KIND_COUNT:
		abort();
	}
	process_table_stats(table, &stats);
	if (stats.live > ENTRIES_MAX || stats.exited > ENTRIES_MAX)
		abort();
}

static void feed(const struct record_sources *sources, struct process_table *table,
		 const struct cursor *bytes)
{
	static struct decoded_event event;
	uint32_t size = (uint32_t)bytes->left;
	uint8_t *copy = malloc(size > 0 ? size : 1);

	if (!copy)
		return;
	if (size > 0)
		memcpy(copy, bytes->at, size);
	if (size >= sizeof(size))
		memcpy(copy, &size, sizeof(size));
	if (decode_event(copy, size, &event) == 0)
		use(sources, table, &event);
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct process_table_options options = { .exited_max = ENTRIES_MAX,
						 .live_max = ENTRIES_MAX };
	struct process_table *table = process_table_new(&options);
	static struct record_process ancestors[RECORD_ANCESTORS_MAX];
	const struct record_sources sources = {
		.processes = table,
		.ancestors = ancestors,
		.cgroups = cgroup_names_new(ENTRIES_MAX),
		.boot_epoch_ns = 1,
	};
	struct cursor c = cursor_of(data, size);

	while (table && sources.cgroups && c.left > 0) {
		struct cursor bytes = cursor_take(&c, cursor_u16(&c));

		if (cursor_ok(&bytes))
			feed(&sources, table, &bytes);
	}
	process_table_free(table);
	cgroup_names_free(sources.cgroups);
	return 0;
}
