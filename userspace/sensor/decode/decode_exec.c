/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/decode/decode.h"
#include "sensor/decode/names.h"

#include <errno.h>
#include <string.h>

/* Every bit up to the last. */
#define EXEC_FLAGS_ALL (EXEC_ANCESTORS_CUT | (EXEC_ANCESTORS_CUT - 1))

/* What "unreadable" promises holds, and no length is over its limit. */
static bool fixed_is_consistent(const struct event_exec *fixed)
{
	if (fixed->process.pid == 0 || (fixed->flags & ~(__u32)EXEC_FLAGS_ALL) != 0)
		return false;
	if (fixed->path_bytes > EVENT_PATH_BYTES_MAX || fixed->args_bytes > EVENT_ARGS_BYTES_MAX ||
	    fixed->cwd_bytes > EVENT_PATH_BYTES_MAX ||
	    fixed->script_bytes > EVENT_SCRIPT_BYTES_MAX ||
	    fixed->ancestor_count > EVENT_ANCESTORS_MAX)
		return false;
	return !((fixed->flags & EXEC_PATH_UNREADABLE) && fixed->path_bytes > 0) &&
	       !((fixed->flags & EXEC_CWD_UNREADABLE) && fixed->cwd_bytes > 0) &&
	       !((fixed->flags & EXEC_ARGS_UNREADABLE) && fixed->args_bytes > 0);
}

static bool is_any(const struct event_exec *fixed, __u32 flag)
{
	return (fixed->flags & flag) != 0;
}

int decode_exec(struct cursor record, struct decoded_event *ret_event)
{
	struct decoded_exec *exec = &ret_event->exec;
	struct cursor path, cwd, script, args;
	struct event_exec fixed;
	int path_length, cwd_length;

	if (!cursor_copy(&record, &fixed, sizeof(fixed)) || !fixed_is_consistent(&fixed))
		return -EBADMSG;
	path = cursor_take(&record, fixed.path_bytes);
	cwd = cursor_take(&record, fixed.cwd_bytes);
	script = cursor_take(&record, fixed.script_bytes);
	args = cursor_take(&record, fixed.args_bytes);
	cursor_copy(&record, exec->ancestors, fixed.ancestor_count * sizeof(exec->ancestors[0]));
	if (!cursor_done(&record))
		return -EBADMSG;
	path_length = names_join(path, is_any(&fixed, EXEC_PATH_TRUNCATED), exec->path);
	cwd_length = names_join(cwd, is_any(&fixed, EXEC_CWD_TRUNCATED), exec->cwd);
	if (path_length < 0 || cwd_length < 0)
		return -EBADMSG;

	/* The root has no name. */
	if (fixed.cwd_bytes == 0 && !is_any(&fixed, EXEC_CWD_UNREADABLE | EXEC_CWD_TRUNCATED)) {
		memcpy(exec->cwd, "/", 2);
		cwd_length = 1;
	}
	fixed.comm[EVENT_COMM_BYTES - 1] = '\0'; /* whoever prints it may rely on that */
	exec->fixed = fixed;
	exec->path_length = (size_t)path_length;
	exec->cwd_length = (size_t)cwd_length;
	exec->script = (struct text){ .at = (const char *)script.at, .length = script.left };
	exec->args = (struct text){ .at = (const char *)args.at, .length = args.left };
	return 0;
}
