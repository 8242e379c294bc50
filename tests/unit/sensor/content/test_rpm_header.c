/* SPDX-License-Identifier: Apache-2.0 */
/* Headers of packages, made up. */
#include "sensor/content/rpm_header.h"

#include "common/put.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <limits.h>
#include <stdio.h>

#define VALUES(text) text, sizeof(text)

static struct field {
	uint32_t tag;
	uint32_t type;
	uint32_t count;
	const char *values;
	size_t size;
} fields[] = {
	{ 1117, 8, 3, VALUES("one\0two\0conf") },	{ 1118, 8, 2, VALUES("/usr/bin/\0/etc/") },
	{ 1116, 4, 3, "\0\0\0\0\0\0\0\0\0\0\0\1", 12 }, { 1035, 8, 3, VALUES("aa\0bb\0cc") },
	{ 1037, 4, 3, "\0\0\0\0\0\0\0\0\0\0\0\1", 12 }, { 1029, 1, 3, "\0\0\0", 3 },
};
#define FIELDS (sizeof(fields) / sizeof(*fields))

struct told {
	size_t count;
	char text[512];
};

static void tell(void *context, struct text path, struct text digest)
{
	struct told *told = context;
	size_t used = strlen(told->text);

	told->count++;
	snprintf(told->text + used, sizeof(told->text) - used, "%.*s=%.*s ", (int)path.length,
		 path.at, (int)digest.length, digest.length ? digest.at : "");
}

/* An exact-size copy: a byte over shows. */
static uint8_t *header_of(const struct field *of, size_t count, size_t *ret_size)
{
	size_t store = 0, at = 8 + 16 * count, offset = 0;
	uint8_t *bytes;

	for (size_t i = 0; i < count; i++)
		store += of[i].size;
	bytes = malloc(at + store);
	put_be(bytes, count, 4);
	put_be(bytes + 4, store, 4);
	for (size_t i = 0; i < count; i++) {
		uint8_t *entry = bytes + 8 + 16 * i;

		put_be(entry, of[i].tag, 4);
		put_be(entry + 4, of[i].type, 4);
		put_be(entry + 8, offset, 4);
		put_be(entry + 12, of[i].count, 4);
		memcpy(bytes + at + offset, of[i].values, of[i].size);
		offset += of[i].size;
	}
	*ret_size = at + store;
	return bytes;
}

static bool read_with(size_t changed, const struct field *to, struct told *ret_told)
{
	struct field copy[FIELDS];
	uint8_t *bytes;
	size_t size;
	bool is_whole;

	memcpy(copy, fields, sizeof(copy));
	if (to)
		copy[changed] = *to;
	bytes = header_of(copy, FIELDS, &size);
	*ret_told = (struct told){ 0 };
	is_whole = rpm_header_files(bytes, size, tell, ret_told);
	free(bytes);
	return is_whole;
}

static void each_file_is_told(void **state)
{
	struct told told;

	(void)state;
	assert_true(read_with(0, NULL, &told));
	assert_string_equal(told.text, "/usr/bin/one=aa /usr/bin/two=bb /etc/conf= ");
}

static void only_what_is_there_is_told(void **state)
{
	const struct field replaced = { 1029, 1, 3, "\0\1\2", 3 };
	const struct field other = { 1030, 1, 3, "\1\1\1", 3 };
	struct told told;

	(void)state;
	assert_true(read_with(5, &replaced, &told));
	assert_string_equal(told.text, "/usr/bin/one=aa ");
	assert_true(read_with(5, &other, &told)); /* no states: all are */
	assert_int_equal(told.count, 3);
}

static void what_makes_no_sense_is_said(void **state)
{
	static const struct bad {
		size_t of;
		struct field is;
	} bad[] = {
		{ 0, { 1117, 8, 4, VALUES("one\0two\0conf") } }, /* more than there are */
		{ 1, { 1118, 8, UINT32_MAX, VALUES("/usr/bin/\0/etc/") } },
		{ 1, { 1118, 4, 2, VALUES("/usr/bin/\0/etc/") } }, /* of another type */
		{ 2, { 1116, 4, 3, "\0\0\0\0\0\0\0\0\0\0\0\2", 12 } }, /* no such directory */
		{ 2, { 1116, 4, 2, "\0\0\0\0\0\0\0\0", 8 } },
		{ 3, { 1099, 8, 3, VALUES("aa\0bb\0cc") } }, /* missing */
	};
	struct told told;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(read_with(bad[i].of, &bad[i].is, &told));
}

static void a_path_too_long_is_said(void **state)
{
	static char names[PATH_MAX + 3];
	const struct field longest = { 1118, 8, 2, names, sizeof(names) };
	struct told told;

	(void)state;
	memset(names, 'x', PATH_MAX);
	memcpy(names + PATH_MAX, "\0y", 3);
	assert_false(read_with(1, &longest, &told));
}

static void no_part_passes_for_the_whole(void **state)
{
	struct told told = { 0 };
	size_t size;
	uint8_t *bytes = header_of(fields, FIELDS, &size);

	(void)state;
	for (size_t cut = 0; cut < size; cut++) {
		uint8_t *part = malloc(cut + 1);

		memcpy(part, bytes, cut);
		assert_false(rpm_header_files(part, cut, tell, &told));
		free(part);
	}
	assert_int_equal(told.count, 0);
	free(bytes);
}

static void one_without_files_has_none(void **state)
{
	static const uint8_t empty[8];
	struct told told = { 0 };

	(void)state;
	assert_true(rpm_header_files(empty, sizeof(empty), tell, &told));
	assert_int_equal(told.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_file_is_told),
		cmocka_unit_test(only_what_is_there_is_told),
		cmocka_unit_test(what_makes_no_sense_is_said),
		cmocka_unit_test(a_path_too_long_is_said),
		cmocka_unit_test(no_part_passes_for_the_whole),
		cmocka_unit_test(one_without_files_has_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
