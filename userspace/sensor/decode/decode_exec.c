/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/decode/decode.h"

#include <errno.h>
#include <string.h>

#define EXEC_FLAGS_ALL                                                                             \
	(EXEC_PATH_TRUNCATED | EXEC_PATH_UNREADABLE | EXEC_ARGS_TRUNCATED | EXEC_ARGS_UNREADABLE | \
	 EXEC_DELETED)

/* A path as the kernel sends it: the file's own name first. */
struct names {
	struct cursor name[EVENT_PATH_COMPONENTS_MAX];
	size_t count;
};

/* What "unreadable" promises holds, and no length is over its limit. */
static bool fixed_is_consistent(const struct event_exec *fixed)
{
	if (fixed->process.pid == 0 || (fixed->flags & ~(__u32)EXEC_FLAGS_ALL) != 0)
		return false;
	if (fixed->path_bytes > EVENT_PATH_BYTES_MAX || fixed->args_bytes > EVENT_ARGS_BYTES_MAX)
		return false;
	return !((fixed->flags & EXEC_PATH_UNREADABLE) && fixed->path_bytes > 0) &&
	       !((fixed->flags & EXEC_ARGS_UNREADABLE) && fixed->args_bytes > 0);
}

/* The bytes up to the next NUL, which is skipped. Fails without one. */
static struct cursor take_name(struct cursor *path)
{
	const uint8_t *end = path->left > 0 ? memchr(path->at, '\0', path->left) : NULL;
	struct cursor name = cursor_take(path, end ? (size_t)(end - path->at) : path->left + 1);

	cursor_take(path, 1);
	return name;
}

static int split_path(struct cursor path, struct names *ret_names)
{
	ret_names->count = 0;
	while (path.left > 0) {
		struct cursor name;

		if (ret_names->count == EVENT_PATH_COMPONENTS_MAX)
			return -EBADMSG;
		name = take_name(&path);
		if (!cursor_ok(&path) || name.left == 0)
			return -EBADMSG;
		ret_names->name[ret_names->count++] = name;
	}
	return 0;
}

/* In a directory no name can hold a slash. A file that hangs in none may: a memfd is called what
 * its maker liked (container runtimes execute one called "runc_cloned:/proc/self/exe"), so to
 * refuse it would be a way to hide. */
static bool slashes_are_possible(const struct names *names)
{
	for (size_t i = 0; names->count > 1 && i < names->count; i++)
		if (memchr(names->name[i].at, '/', names->name[i].left))
			return false;
	return true;
}

/* There is room: a slash takes the place of each name's NUL. */
static void join_path(const struct names *names, struct decoded_exec *exec)
{
	bool is_cut = exec->fixed.flags & EXEC_PATH_TRUNCATED;
	char *to = exec->path;

	for (size_t i = names->count; i-- > 0;) {
		struct cursor name = names->name[i];
		size_t length = name.left;

		if (to > exec->path || !is_cut)
			*to++ = '/';
		cursor_copy(&name, to, length);
		to += length;
	}
	*to = '\0';
	exec->path_length = (size_t)(to - exec->path);
}

int decode_exec(struct cursor record, struct decoded_event *ret_event)
{
	struct decoded_exec *exec = &ret_event->exec;
	struct event_exec fixed;
	struct cursor path, args;
	struct names names;

	if (!cursor_copy(&record, &fixed, sizeof(fixed)) || !fixed_is_consistent(&fixed))
		return -EBADMSG;
	path = cursor_take(&record, fixed.path_bytes);
	args = cursor_take(&record, fixed.args_bytes);
	if (!cursor_done(&record))
		return -EBADMSG;
	if (split_path(path, &names) < 0 || !slashes_are_possible(&names))
		return -EBADMSG;

	fixed.comm[EVENT_COMM_BYTES - 1] = '\0'; /* whoever prints it may rely on that */
	exec->fixed = fixed;
	exec->args = (struct text){ .at = (const char *)args.at, .length = args.left };
	join_path(&names, exec);
	return 0;
}
