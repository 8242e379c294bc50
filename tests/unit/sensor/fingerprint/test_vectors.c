/* SPDX-License-Identifier: Apache-2.0 */
/* Every file of tests/vectors/: what was captured says what is expected, and no part of its first
 * message does. */
#include "sensor/fingerprint/fingerprint.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/hello_talk.h"
#include "support/hex.h"

#define DIRECTORY "tests/vectors"
#define MESSAGES_MAX 16
#define EXPECTATIONS_MAX 16
#define FILES_MAX 256
#define LINE_BYTES_MAX 8192

struct vector {
	char *expectations[EXPECTATIONS_MAX]; /* "kind value" */
	size_t expectation_count;
	struct fingerprint_message messages[MESSAGES_MAX];
	char *hex[MESSAGES_MAX];
	size_t message_count;
};

static enum fingerprint_protocol protocol_of(const char *name)
{
#define PROTOCOL_NAME(NAME, protocol) #protocol,
	static const char *const names[] = { "", FINGERPRINT_PROTOCOLS(PROTOCOL_NAME) };

	for (int i = 1; i < FINGERPRINT_PROTOCOL_COUNT; i++)
		if (strcmp(names[i], name) == 0)
			return (enum fingerprint_protocol)i;
	fail_msg("no protocol %s", name);
	return FINGERPRINT_NONE;
}

static enum mark_kind kind_of(const char *name)
{
	for (int i = 1; i < MARK_KIND_COUNT; i++)
		if (strcmp(mark_kind_row((enum mark_kind)i)->name, name) == 0)
			return (enum mark_kind)i;
	fail_msg("no mark %s", name);
	return MARK_NONE;
}

static void begin_message(struct vector *vector, const char *words)
{
	struct fingerprint_message *message = &vector->messages[vector->message_count];
	char protocol[16], side[16];

	assert_true(vector->message_count < MESSAGES_MAX);
	assert_int_equal(sscanf(words, "%15s %15s", protocol, side), 2);
	message->protocol = protocol_of(protocol);
	message->side = strcmp(side, "source") == 0 ? SIDE_SOURCE : SIDE_DESTINATION;
	vector->hex[vector->message_count++] = strdup("");
}

static void add_hex(struct vector *vector, const char *line)
{
	char *longer = NULL;
	char **hex;

	assert_true(vector->message_count > 0);
	hex = &vector->hex[vector->message_count - 1];
	assert_true(asprintf(&longer, "%s%s", *hex, line) >= 0);
	free(*hex);
	*hex = longer;
}

static void read_line(struct vector *vector, char *line)
{
	line[strcspn(line, "\n")] = '\0';
	if (strncmp(line, "expect: ", 8) == 0) {
		assert_true(vector->expectation_count < EXPECTATIONS_MAX);
		vector->expectations[vector->expectation_count++] = strdup(line + 8);
	} else if (strncmp(line, "message: ", 9) == 0) {
		begin_message(vector, line + 9);
	} else if (line[0] != '#' && !strchr(line, ':')) {
		add_hex(vector, line);
	}
}

static void read_vector(const char *name, struct vector *ret_vector)
{
	static char line[LINE_BYTES_MAX];
	char *path = NULL;
	FILE *file;

	*ret_vector = (struct vector){ 0 };
	assert_true(asprintf(&path, "%s/%s", DIRECTORY, name) >= 0);
	file = fopen(path, "r");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		read_line(ret_vector, line);
	fclose(file);
	free(path);
	assert_true(ret_vector->expectation_count > 0 && ret_vector->message_count > 0);
}

static void free_vector(struct vector *vector)
{
	for (size_t i = 0; i < vector->expectation_count; i++)
		free(vector->expectations[i]);
	for (size_t i = 0; i < vector->message_count; i++)
		free(vector->hex[i]);
}

static void check_expectations(const struct vector *vector, const struct talk *talk)
{
	for (size_t i = 0; i < vector->expectation_count; i++) {
		char *value = strchr(vector->expectations[i], ' ');
		char kind[32] = "";

		assert_non_null(value);
		snprintf(kind, sizeof(kind), "%.*s", (int)(value - vector->expectations[i]),
			 vector->expectations[i]);
		talk_expect_any(talk, kind_of(kind), value + 1);
	}
	talk_expect(talk, MARK_TRUNCATED, NULL);
}

static void check_prefixes(const struct fingerprint_message *message, const uint8_t *bytes,
			   size_t size)
{
	for (size_t cut = 0; cut < size; cut++) {
		struct talk talk;

		talk_begin(&talk);
		talk_say(&talk, message->protocol, message->side, bytes, cut);
		if (cut < size - 1 && message->protocol == FINGERPRINT_TLS)
			assert_int_equal(talk.marks.count, 0);
		assert_null(marks_find(&talk.marks, MARK_TRUNCATED));
		talk_end(&talk);
	}
}

static void check_vector(void **state)
{
	struct vector vector;
	struct talk talk;

	read_vector(*state, &vector);
	talk_begin(&talk);
	for (size_t i = 0; i < vector.message_count; i++) {
		const struct fingerprint_message *message = &vector.messages[i];
		uint8_t *bytes = NULL;
		size_t size = hex_decode(vector.hex[i], &bytes);

		assert_int_not_equal(talk_say(&talk, message->protocol, message->side, bytes, size),
				     PARSE_NEED_MORE);
		check_prefixes(message, bytes, size);
		free(bytes);
	}
	check_expectations(&vector, &talk);
	talk_end(&talk);
	free_vector(&vector);
}

static int is_vector(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && !strchr(entry->d_name, '.');
}

int main(void)
{
	static struct CMUnitTest tests[FILES_MAX];
	struct dirent **entries = NULL;
	int count = scandir(DIRECTORY, &entries, is_vector, alphasort);
	int failures;

	if (count < 1 || count > FILES_MAX)
		return 1;
	for (int i = 0; i < count; i++)
		tests[i] = (struct CMUnitTest){ entries[i]->d_name, check_vector, NULL, NULL,
						entries[i]->d_name };
	failures = _cmocka_run_group_tests("vectors", tests, (size_t)count, NULL, NULL);
	while (count > 0)
		free(entries[--count]);
	free(entries);
	return failures;
}
