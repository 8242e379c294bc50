/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/decode/names.h"

#include "bpf/abi/event.h"

#include <errno.h>
#include <string.h>

struct names {
	struct cursor name[EVENT_PATH_COMPONENTS_MAX];
	size_t count;
};

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

int names_join(struct cursor chain, bool is_cut, char *path)
{
	struct names names;
	char *to = path;

	if (split_path(chain, &names) < 0 || !slashes_are_possible(&names))
		return -EBADMSG;
	/* There is room: a slash takes the place of each name's NUL. */
	for (size_t i = names.count; i-- > 0;) {
		struct cursor name = names.name[i];
		size_t length = name.left;

		if (to > path || !is_cut)
			*to++ = '/';
		cursor_copy(&name, to, length);
		to += length;
	}
	*to = '\0';
	return (int)(to - path);
}
