/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/content/rpm_header.h"

#include "common/cleanup.h"
#include "common/cursor.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/*
 * Header Structure of the package file format (Linux Standard Base, 25.2.3), without its magic, all
 * numbers big-endian:
 *
 *   u32 entries; u32 store_bytes; { u32 tag; u32 type; u32 offset; u32 count; }[entries]; store
 */
#define ENTRY_BYTES 16
#define ENTRIES_MAX 0xffff

enum tag {
	TAG_FILESTATES = 1029,
	TAG_FILEDIGESTS = 1035,
	TAG_FILEFLAGS = 1037,
	TAG_DIRINDEXES = 1116,
	TAG_BASENAMES = 1117,
	TAG_DIRNAMES = 1118,
};

enum type { TYPE_CHAR = 1, TYPE_INT32 = 4, TYPE_STRING_ARRAY = 8 };

#define FLAG_CONFIG (1u << 0)
#define FLAG_GHOST (1u << 6) /* not brought, only claimed */
#define STATE_NORMAL 0 /* others: replaced by another package's, or not installed */

struct header {
	struct cursor entries;
	struct cursor store;
};

/* In parallel: the i-th of each is of the i-th file. */
struct files {
	uint32_t count;
	struct text *directories;
	uint32_t directory_count;
	struct cursor basenames;
	struct cursor indexes;
	struct cursor digests;
	struct cursor flags;
	struct cursor states; /* absent where the package was never installed */
	bool has_states;
};

/* Where the values of a tag begin; false when there are none of that type. */
static bool find(const struct header *header, enum tag tag, enum type type,
		 struct cursor *ret_values, uint32_t *ret_count)
{
	struct cursor entries = header->entries;

	while (cursor_ok(&entries) && !cursor_done(&entries)) {
		uint32_t of = cursor_u32(&entries), is = cursor_u32(&entries);
		uint32_t offset = cursor_u32(&entries), count = cursor_u32(&entries);

		if (of != (uint32_t)tag)
			continue;
		*ret_values = header->store;
		cursor_take(ret_values, offset);
		*ret_count = count;
		return is == (uint32_t)type && cursor_ok(ret_values);
	}
	return false;
}

/* As many as there are files. */
static bool find_each(const struct header *header, enum tag tag, enum type type,
		      const struct files *files, struct cursor *ret_values)
{
	uint32_t count;

	return find(header, tag, type, ret_values, &count) && count == files->count;
}

static struct text next_string(struct cursor *strings)
{
	struct cursor string = cursor_until(strings, 0);

	return (struct text){ (const char *)string.at, string.left };
}

/* Files name them in any order: kept apart, so that each is found at once. */
static bool read_directories(const struct header *header, struct files *files)
{
	struct cursor names;

	if (!find(header, TAG_DIRNAMES, TYPE_STRING_ARRAY, &names, &files->directory_count) ||
	    files->directory_count > names.left) /* each has its NUL */
		return false;
	files->directories = calloc(files->directory_count + 1u, sizeof(*files->directories));
	if (!files->directories)
		return false;
	for (uint32_t i = 0; i < files->directory_count; i++)
		files->directories[i] = next_string(&names);
	return cursor_ok(&names);
}

static bool read_file(struct files *files, rpm_file_fn each, void *context)
{
	struct text basename = next_string(&files->basenames);
	struct text digest = next_string(&files->digests);
	uint32_t directory = cursor_u32(&files->indexes), flags = cursor_u32(&files->flags);
	uint8_t state = files->has_states ? cursor_u8(&files->states) : STATE_NORMAL;
	char path[PATH_MAX];
	struct text start;

	if (!cursor_ok(&files->basenames) || !cursor_ok(&files->digests) ||
	    !cursor_ok(&files->indexes) || !cursor_ok(&files->flags) ||
	    !cursor_ok(&files->states) || directory >= files->directory_count)
		return false;
	start = files->directories[directory];
	if (start.length + basename.length > sizeof(path))
		return false;
	if (state != STATE_NORMAL)
		return true;
	if (start.length > 0)
		memcpy(path, start.at, start.length);
	if (basename.length > 0)
		memcpy(path + start.length, basename.at, basename.length);
	if (flags & (FLAG_CONFIG | FLAG_GHOST))
		digest.length = 0;
	each(context, (struct text){ path, start.length + basename.length }, digest);
	return true;
}

static bool read_files(const struct header *header, struct files *files)
{
	if (!find_each(header, TAG_DIRINDEXES, TYPE_INT32, files, &files->indexes) ||
	    !find_each(header, TAG_FILEDIGESTS, TYPE_STRING_ARRAY, files, &files->digests) ||
	    !find_each(header, TAG_FILEFLAGS, TYPE_INT32, files, &files->flags) ||
	    !read_directories(header, files))
		return false;
	files->has_states = find_each(header, TAG_FILESTATES, TYPE_CHAR, files, &files->states);
	if (!files->has_states)
		files->states = (struct cursor){ 0 };
	return true;
}

bool rpm_header_files(const uint8_t *bytes, size_t size, rpm_file_fn each, void *context)
{
	struct cursor all = cursor_of(bytes, size);
	uint32_t entries = cursor_u32(&all), store_bytes = cursor_u32(&all);
	struct files files = { 0 };
	struct header header;
	bool is_whole = true;

	if (entries > ENTRIES_MAX)
		return false;
	header.entries = cursor_take(&all, (size_t)entries * ENTRY_BYTES);
	header.store = cursor_take(&all, store_bytes);
	if (!cursor_done(&all))
		return false;
	if (!find(&header, TAG_BASENAMES, TYPE_STRING_ARRAY, &files.basenames, &files.count))
		return true; /* a package without files */
	is_whole = read_files(&header, &files);
	for (uint32_t i = 0; is_whole && i < files.count; i++)
		is_whole = read_file(&files, each, context);
	free(files.directories);
	return is_whole;
}
