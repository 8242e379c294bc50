/* SPDX-License-Identifier: Apache-2.0 */
#include "telemetry/unit.h"

#include <string.h>

static bool starts_with(struct text text, const char *prefix)
{
	size_t length = strlen(prefix);

	return text.length >= length && memcmp(text.at, prefix, length) == 0;
}

/* A unit has a name before its type. */
static bool is_of_type(struct text name, const char *suffix)
{
	size_t length = strlen(suffix);

	return name.length > length && memcmp(name.at + name.length - length, suffix, length) == 0;
}

static bool is_slice(struct text name)
{
	return is_of_type(name, ".slice");
}

/* Of the types that have processes. */
static bool is_unit(struct text name)
{
	return is_of_type(name, ".service") || is_of_type(name, ".scope") ||
	       is_of_type(name, ".socket") || is_of_type(name, ".mount") ||
	       is_of_type(name, ".swap");
}

static struct text skip(struct text text, size_t length)
{
	return (struct text){ text.at + length, text.length - length };
}

/* The next name of a path; empty after the last. What would clash with a file of the group above
 * has a "_" put before it, and so has what begins with one. */
static struct text take_name(struct text *rest)
{
	struct text name;
	const char *slash;

	while (rest->length > 0 && rest->at[0] == '/')
		*rest = skip(*rest, 1);
	slash = memchr(rest->at, '/', rest->length);
	name = (struct text){ rest->at, slash ? (size_t)(slash - rest->at) : rest->length };
	*rest = skip(*rest, name.length);
	if (name.length > 0 && name.at[0] == '_')
		name = skip(name, 1);
	return name;
}

/* Past the slices; the name that follows them is the unit, or none is. */
static struct text take_unit(struct text *rest, struct text *ret_slice)
{
	struct text name = take_name(rest);

	*ret_slice = (struct text){ 0 };
	while (is_slice(name)) {
		*ret_slice = name;
		name = take_name(rest);
	}
	return is_unit(name) ? name : (struct text){ 0 };
}

/* "session-3.scope" of a user's slice: logind's, for no other unit has both names. */
static struct text session_of(const struct unit *unit)
{
	size_t around = strlen("session-") + strlen(".scope");

	if (!starts_with(unit->slice, "user-") || !starts_with(unit->name, "session-") ||
	    !is_of_type(unit->name, ".scope") || unit->name.length <= around)
		return (struct text){ 0 };
	return (struct text){ unit->name.at + strlen("session-"), unit->name.length - around };
}

bool unit_of(struct text cgroup, struct unit *ret_unit)
{
	struct text rest = cgroup, slice;
	struct unit unit = { 0 };

	if (cgroup.length == 0 || cgroup.at[0] != '/')
		return false;
	unit.name = take_unit(&rest, &unit.slice);
	if (unit.name.length == 0)
		return false;
	unit.session = session_of(&unit);
	if (starts_with(unit.name, "user@") && is_of_type(unit.name, ".service"))
		unit.user_unit = take_unit(&rest, &slice);
	*ret_unit = unit;
	return true;
}
