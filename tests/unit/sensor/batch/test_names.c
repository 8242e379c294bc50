/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/batch/names.h"

#include "support/sample_records.h"
#include "support/temp_dir.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#undef UNIT_TESTING /* cmocka's own malloc hides overreads from ASan */
#include <cmocka.h>

/* HMAC-SHA-256 with a key of 32 'k's over "example.org", as `openssl dgst -sha256 -hmac` makes it.
 */
#define EXAMPLE_ORG "hmac:605c2ea475686f12048f52809a4b5495"

static const struct mark marks[] = {
	{ MARK_JA4, TEXT("t13d") },
	{ MARK_SERVER_NAME, TEXT("example.org") },
	{ MARK_DNS_NAME, TEXT("") },
	{ MARK_DNS_NAME, TEXT("EXAMPLE.org.") },
	{ MARK_DNS_TYPE, TEXT("A") },
	{ MARK_DNS_ANSWER_NAME, TEXT("example.org") },
	{ MARK_DNS_ANSWER_DATA, TEXT("a.b") },
	{ MARK_DNS_RESOLVED_IP, TEXT("192.0.2.1") },
};
#define MARK_COUNT (sizeof(marks) / sizeof(marks[0]))

static struct record flow(void)
{
	struct record record = sample_flow();

	record.flow.marks = marks;
	record.flow.mark_count = MARK_COUNT;
	record.flow.destination_name = TEXT("example.org");
	return record;
}

static struct names *names_of(enum batch_names mode)
{
	char *directory = temp_dir_new(), *path = temp_dir_path(directory, "key");
	char error[NAMES_ERROR_BYTES] = "";
	struct names *names = NULL;

	temp_dir_write(directory, "key", "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk", 32);
	assert_int_equal(names_new(mode, path, &names, error), 0);
	free(path);
	temp_dir_remove(directory);
	return names;
}

static void assert_value(const struct mark *mark, const char *want)
{
	assert_int_equal(mark->value.length, strlen(want));
	assert_memory_equal(mark->value.at, want, strlen(want));
}

static void plain_ones_stay(void **state)
{
	struct names *names = names_of(BATCH_NAMES_PLAIN);
	const struct record record = flow();

	(void)state;
	assert_ptr_equal(names_hide(names, &record), &record);
	assert_ptr_equal(names_hide(NULL, &record), &record);
	names_free(names);
}

static void hashed_ones_are_equal_where_names_are(void **state)
{
	struct names *names = names_of(BATCH_NAMES_HASHED);
	const struct record record = flow();
	const struct record *hidden = names_hide(names, &record);

	(void)state;
	assert_int_equal(hidden->flow.mark_count, MARK_COUNT);
	assert_value(&hidden->flow.marks[0], "t13d");
	assert_value(&hidden->flow.marks[1], EXAMPLE_ORG);
	assert_value(&hidden->flow.marks[2], "");
	assert_value(&hidden->flow.marks[3], EXAMPLE_ORG);
	assert_value(&hidden->flow.marks[4], "A");
	assert_value(&hidden->flow.marks[5], EXAMPLE_ORG);
	assert_memory_not_equal(hidden->flow.marks[6].value.at, EXAMPLE_ORG, 37);
	assert_value(&hidden->flow.marks[7], "192.0.2.1");
	assert_int_equal(hidden->flow.destination_name.length, 37);
	assert_memory_equal(hidden->flow.destination_name.at, EXAMPLE_ORG, 37);
	assert_int_equal(record.flow.marks[1].value.length, 11); /* the record itself stays */
	names_free(names);
}

static void absent_ones_leave_their_place_in_lists(void **state)
{
	struct names *names = names_of(BATCH_NAMES_ABSENT);
	const struct record record = flow();
	const struct record *hidden = names_hide(names, &record);

	(void)state;
	assert_int_equal(hidden->flow.mark_count, MARK_COUNT - 1);
	for (size_t i = 0; i < hidden->flow.mark_count; i++) {
		assert_int_not_equal(hidden->flow.marks[i].kind, MARK_SERVER_NAME);
		if (hidden->flow.marks[i].kind == MARK_DNS_NAME)
			assert_int_equal(hidden->flow.marks[i].value.length, 0);
	}
	assert_int_equal(hidden->flow.destination_name.length, 0);
	names_free(names);
}

static void what_is_no_key_is_said(void **state)
{
	char *directory = temp_dir_new(), *path = temp_dir_path(directory, "key");
	char error[NAMES_ERROR_BYTES] = "";
	struct names *names = NULL;

	(void)state;
	assert_int_equal(names_new(BATCH_NAMES_HASHED, path, &names, error), -ENOENT);
	assert_non_null(strstr(error, path));
	temp_dir_write(directory, "key", "short", 5);
	assert_int_equal(names_new(BATCH_NAMES_HASHED, path, &names, error), -EINVAL);
	assert_non_null(strstr(error, "fewer than 32 bytes"));
	free(path);
	temp_dir_remove(directory);
}

static void modes(void **state)
{
	enum batch_names mode = BATCH_NAMES_PLAIN;

	(void)state;
	assert_int_equal(names_mode_parse("absent", &mode), 0);
	assert_int_equal(mode, BATCH_NAMES_ABSENT);
	assert_int_equal(names_mode_parse("hashed", &mode), 0);
	assert_int_equal(mode, BATCH_NAMES_HASHED);
	assert_int_equal(names_mode_parse("Plain", &mode), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_ones_stay),
		cmocka_unit_test(hashed_ones_are_equal_where_names_are),
		cmocka_unit_test(absent_ones_leave_their_place_in_lists),
		cmocka_unit_test(what_is_no_key_is_said),
		cmocka_unit_test(modes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
