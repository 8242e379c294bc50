/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/pipeline_journal.h"

#include <string.h>

/* In event_exec.reserved, which is zero in the ring: how its arguments were left. */
static uint32_t mark_of(const struct pipeline *p)
{
	return 1u + (uint32_t)argv_policy_mode(p->argv);
}

bool pipeline_was_noted(const struct pipeline *p, const struct event_exec *exec)
{
	return exec->reserved == mark_of(p);
}

static uint8_t *put(uint8_t *to, const void *from, size_t size)
{
	if (size > 0)
		memcpy(to, from, size);
	return to + size;
}

/* As it was but for the arguments: those are what was left of them, as much as a table keeps. */
static void note_exec(struct pipeline *p, const uint8_t *bytes)
{
	const struct decoded_exec *exec = &p->event->exec;
	const struct text args = { exec->args.at, exec->args.length < PROCESS_ARGS_BYTES_MAX
							  ? exec->args.length
							  : PROCESS_ARGS_BYTES_MAX };
	size_t names_bytes =
		exec->fixed.path_bytes + exec->fixed.cwd_bytes + exec->fixed.script_bytes;
	size_t ancestors_bytes = exec->fixed.ancestor_count * sizeof(exec->ancestors[0]);
	struct event_exec fixed = exec->fixed;
	uint8_t *end = p->scratch + sizeof(fixed);

	_Static_assert(sizeof(fixed) + 2 * EVENT_PATH_BYTES_MAX + EVENT_SCRIPT_BYTES_MAX +
				       PROCESS_ARGS_BYTES_MAX + sizeof(exec->ancestors) <=
			       sizeof(p->scratch),
		       "it fits");
	if (args.length < exec->args.length)
		fixed.flags |= EXEC_ARGS_TRUNCATED;
	fixed.args_bytes = (uint32_t)args.length;
	fixed.reserved = mark_of(p);
	end = put(end, bytes + sizeof(fixed), names_bytes);
	end = put(end, args.at, args.length);
	end = put(end, exec->ancestors, ancestors_bytes);
	fixed.header.size_bytes = (uint32_t)(end - p->scratch);
	memcpy(p->scratch, &fixed, sizeof(fixed));
	journal_append(p->journal, p->scratch, fixed.header.size_bytes);
}

void pipeline_note(struct pipeline *p, const uint8_t *bytes, size_t size)
{
	if (p->event->kind == EVENT_EXEC)
		note_exec(p, bytes);
	else if (p->event->kind != EVENT_FLOW && p->event->kind != EVENT_BYTES)
		journal_append(p->journal, bytes, size);
}
