/* SPDX-License-Identifier: Apache-2.0 */
/* `processes` and `tree`: what the sensor knows of processes now, out of its own table. */
#include "common/cleanup.h"
#include "sensor/control/command_table.h"
#include "sensor/control/control_sensor.h"
#include "sensor/control/record_filter.h"
#include "telemetry/render.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_USUAL 200
#define ROWS_MAX 5000
#define LINE_BYTES 512
#define DEPTH_MAX 256
#define NAME_COLUMNS 160

/* --- one process --- */

static const char *state_of(const struct process *process)
{
	return process->exited ? "ended" : "runs";
}

static json_t *json_of_text(struct text text)
{
	_cleanup_free_ char *clean = render_utf8(text);

	return clean ? json_string(clean) : NULL;
}

static json_t *json_of_args(struct text args)
{
	_cleanup_free_ char *json = render_args_json(args);

	return json ? json_loads(json, JSON_DECODE_ANY, NULL) : NULL;
}

static json_t *row_of(const struct control_sensor *sensor, const struct process *process)
{
	const struct batch_header header = sensor->batch_header;
	const struct record_process_key key = { process->key.start_ns, process->key.pid,
						process->key.exec_count };
	char id[RENDER_ID_BYTES];

	render_entity_id(id, &header, &key);
	return json_pack("{s:i, s:i, s:I, s:s, s:s, s:o*, s:o*}", "pid", (int)process->key.pid,
			 "parent_pid", (int)process->parent.pid, "user_id",
			 process->uid == UINT32_MAX ? (json_int_t)-1 : (json_int_t)process->uid,
			 "state", state_of(process), "entity_id", id, "executable",
			 json_of_text(process->executable), "args", json_of_args(process->args));
}

/* "  4711 curl -s http://…", as far to the right as it is deep. */
static void write_line(char line[LINE_BYTES], const struct process *process, unsigned depth)
{
	int indent = (int)(depth < 24 ? depth : 24) * 2;
	size_t used = (size_t)snprintf(
		line, LINE_BYTES, "%*s%u %s%.*s", indent, "", process->key.pid,
		process->exited ? "(ended) " : "",
		(int)(process->executable.length < NAME_COLUMNS ? process->executable.length
								: NAME_COLUMNS),
		process->executable.length > 0 ? process->executable.at : "(not known)");

	for (size_t i = 0; used < LINE_BYTES - 2 && i < process->args.length; i++)
		line[used++] = process->args.at[i] == '\0' ? ' ' : process->args.at[i];
	line[used < LINE_BYTES ? used : LINE_BYTES - 1] = '\0';
}

/* --- what is told, and how much of it --- */

struct telling {
	struct control_call *call;
	uint32_t left;
	uint32_t omitted;
	int result; /* of the first row that failed */
};

static bool begin_telling(struct control_call *call, struct telling *ret_telling)
{
	*ret_telling = (struct telling){ .call = call,
					 .left = control_arg_u32(call, "limit", ROWS_USUAL) };
	if (ret_telling->left > 0 && ret_telling->left <= ROWS_MAX)
		return true;
	ret_telling->result = control_bad_argument(call, "limit", "a number from 1 to 5000");
	return false;
}

/* `depth` in the tree, as far as the line is indented. */
static void tell(struct telling *telling, const struct process *process, unsigned depth)
{
	char line[LINE_BYTES];
	json_t *row;

	if (telling->result < 0)
		return;
	if (telling->left == 0) {
		telling->omitted++;
		return;
	}
	telling->left--;
	row = row_of(control_sensor(telling->call), process);
	if (row)
		json_object_set_new(row, "depth", json_integer((json_int_t)depth));
	write_line(line, process, depth);
	telling->result = control_row_line(telling->call, row, line);
}

/* Nobody is to take a part for the whole. */
static int end_telling(struct telling *telling)
{
	char line[64];

	if (telling->result < 0 || telling->omitted == 0)
		return telling->result;
	snprintf(line, sizeof(line), "and %u more; 'limit' says how many are shown",
		 telling->omitted);
	return control_row_line(telling->call,
				json_pack("{s:I}", "omitted", (json_int_t)telling->omitted), line);
}

/* --- the list --- */

struct listing {
	struct telling telling;
	struct record_filter filter;
	bool shows_ended;
};

static bool list_one(void *context, const struct process *process)
{
	struct listing *listing = context;
	const struct record record = {
		.class = RECORD_EXEC,
		.exec.process = { .key = { .pid = process->key.pid },
				  .uid = process->uid,
				  .executable = process->executable },
	};

	if ((process->exited && !listing->shows_ended) ||
	    !record_filter_takes(&listing->filter, &record))
		return true;
	tell(&listing->telling, process, 0);
	return listing->telling.result == 0;
}

static int cmd_processes(struct control_call *call)
{
	struct listing listing = { .shows_ended = control_arg_flag(call, "ended") };
	int r = control_filter(call, &listing.filter);

	if (r < 0)
		return r;
	if (begin_telling(call, &listing.telling))
		process_table_each(control_sensor(call)->processes, list_one, &listing);
	return end_telling(&listing.telling);
}

/* --- the tree --- */

struct kin {
	const struct process **at; /* all that run, by their parents */
	size_t count;
	size_t room;
	uint32_t pid; /* looked for */
	const struct process *found; /* one that runs, else the last to have ended */
	bool failed;
};

static bool gather(void *context, const struct process *process)
{
	struct kin *kin = context;
	const struct process **more;

	if (process->key.pid == kin->pid && (!kin->found || kin->found->exited))
		kin->found = process;
	if (process->exited)
		return true;
	if (kin->count == kin->room) {
		kin->room = kin->room ? kin->room * 2 : 256;
		more = reallocarray(kin->at, kin->room, sizeof(*kin->at));
		kin->failed = !more;
		if (kin->failed)
			return false;
		kin->at = more;
	}
	kin->at[kin->count++] = process;
	return true;
}

/* A life, whatever it executes: children stay its children. */
static int compare_lives(const struct process_key *a, const struct process_key *b)
{
	if (a->pid != b->pid)
		return a->pid < b->pid ? -1 : 1;
	if (a->start_ns != b->start_ns)
		return a->start_ns < b->start_ns ? -1 : 1;
	return 0;
}

static int compare_parents(const void *a, const void *b)
{
	const struct process *const *one = a;
	const struct process *const *other = b;

	return compare_lives(&(*one)->parent, &(*other)->parent);
}

/* Where its children begin in kin->at; kin->count: it has none. */
static size_t first_child(const struct kin *kin, const struct process *parent)
{
	size_t low = 0, high = kin->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_lives(&kin->at[middle]->parent, &parent->key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* From pid 1 down to the parent: the line is walked up first. */
static unsigned tell_ancestors(struct telling *telling, const struct process *process)
{
	const struct process *line[DEPTH_MAX];
	unsigned depth = 0;

	while (depth < DEPTH_MAX) {
		process = process_table_find(control_sensor(telling->call)->processes,
					     &process->parent);
		if (!process)
			break;
		line[depth++] = process;
	}
	for (unsigned i = 0; i < depth; i++)
		tell(telling, line[depth - 1 - i], i);
	return depth;
}

/* Depth first, without recursion: where the search goes on at each depth. Deeper than DEPTH_MAX
 * nobody is shown; a table whose links form a ring ends there, too. */
static void tell_descendants(struct telling *telling, const struct kin *kin, unsigned depth)
{
	struct {
		const struct process *parent;
		size_t next;
	} path[DEPTH_MAX] = { { kin->found, first_child(kin, kin->found) } };
	unsigned level = 0;

	while (telling->result == 0) {
		size_t i = path[level].next++;

		if (i < kin->count &&
		    compare_lives(&kin->at[i]->parent, &path[level].parent->key) == 0) {
			tell(telling, kin->at[i], depth + level + 1);
			if (level + 1 == DEPTH_MAX)
				continue;
			level++;
			path[level].parent = kin->at[i];
			path[level].next = first_child(kin, kin->at[i]);
		} else if (level-- == 0) {
			return;
		}
	}
}

static void tell_family(struct telling *telling, struct kin *kin)
{
	unsigned depth = tell_ancestors(telling, kin->found);

	qsort(kin->at, kin->count, sizeof(*kin->at), compare_parents);
	tell(telling, kin->found, depth);
	tell_descendants(telling, kin, depth);
}

static int cmd_tree(struct control_call *call)
{
	struct kin kin = { .pid = control_arg_u32(call, "pid", 0) };
	struct telling telling;

	if (!begin_telling(call, &telling))
		return telling.result;
	process_table_each(control_sensor(call)->processes, gather, &kin);
	if (kin.failed)
		telling.result = control_fail(call, "out of memory");
	else if (!kin.found)
		telling.result = control_fail(call, "no process %u is known", kin.pid);
	else
		tell_family(&telling, &kin);
	free(kin.at);
	return end_telling(&telling);
}

const struct control_command process_commands[] = {
	{
		.name = "processes",
		.role = CONTROL_VIEWER,
		.run = cmd_processes,
		.rows = "processes",
		.arguments = {
			{ "executable", ARG_TEXT, "path; * and ? stand for others", true },
			{ "pid", ARG_U32, "this one alone" },
			{ "uid", ARG_U32, "of this user alone" },
			{ "ended", ARG_FLAG, "those as well that have ended and are kept for their flows" },
			{ "limit", ARG_U32, "at most so many (200; up to 5000)" },
		},
		.help = "Processes as the sensor knows them, the oldest first",
	},
	{
		.name = "tree",
		.role = CONTROL_VIEWER,
		.run = cmd_tree,
		.rows = "processes",
		.arguments = {
			{ "pid", ARG_U32, "the number of a process", true, true },
			{ "limit", ARG_U32, "at most so many (200; up to 5000)" },
		},
		.help = "The ancestors of a process, itself and its descendants",
	},
	{ 0 },
};
