/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf/stage/ndjson_compare.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN_MAX 5
#define VALUES_MAX 64

/* The line at *text, which is moved behind it; NULL at the end. */
static json_t *next_line(const char **text)
{
	size_t length = strcspn(*text, "\n");
	json_t *line;

	if (length == 0)
		return NULL;
	line = json_loadb(*text, length, JSON_DISABLE_EOF_CHECK, NULL);
	*text += length + ((*text)[length] == '\n');
	return line ?: json_null(); /* no JSON: like nothing else */
}

static int by_text(const void *a, const void *b)
{
	return strcmp(json_string_value(*(json_t *const *)a),
		      json_string_value(*(json_t *const *)b));
}

/* The record's SYN is told of with the flow, its bytes before: the order of first sight of these is
 * another. */
static void sort_npf(json_t *line)
{
	json_t *npf = json_object_get(json_object_get(line, "yagura"), "npf");
	json_t *values[VALUES_MAX];
	size_t count = json_array_size(npf);

	if (count > VALUES_MAX)
		return;
	for (size_t i = 0; i < count; i++)
		values[i] = json_incref(json_array_get(npf, i));
	qsort(values, count, sizeof(values[0]), by_text);
	for (size_t i = 0; i < count; i++)
		json_array_set_new(npf, i, values[i]);
}

static void show_key(const char *object, const char *key, json_t *one, json_t *other)
{
	char *a = one ? json_dumps(one, JSON_ENCODE_ANY) : NULL;
	char *b = other ? json_dumps(other, JSON_ENCODE_ANY) : NULL;

	if (!one != !other || (one && !json_equal(one, other)))
		fprintf(stderr, "    %s.%s: %.200s | %.200s\n", object, key, a ?: "-", b ?: "-");
	free(a);
	free(b);
}

static void show_object(const char *object, json_t *one, json_t *other)
{
	const char *key;
	json_t *value;

	json_object_foreach(one, key, value)
		show_key(object, key, value, json_object_get(other, key));
	json_object_foreach(other, key, value) if (!json_object_get(one, key))
		show_key(object, key, NULL, value);
}

static void show(const char *title, size_t number, json_t *one, json_t *other)
{
	json_t *yagura = json_object_get(one ?: other, "yagura");
	const char *key;
	json_t *value;

	fprintf(stderr, "  %s, flow %zu (%s): replay | the kernel's programs\n", title, number,
		json_string_value(json_object_get(yagura, "flow_id")));
	json_object_foreach(one, key, value) show_object(key, value, json_object_get(other, key));
	json_object_foreach(other, key, value) if (!json_object_get(one, key))
		show_object(key, NULL, value);
}

size_t ndjson_compare(const char *title, const char *one, const char *other)
{
	size_t different = 0;

	for (size_t number = 0;; number++) {
		json_t *a = next_line(&one);
		json_t *b = next_line(&other);

		if (!a && !b)
			return different;
		sort_npf(a);
		sort_npf(b);
		if (!a || !b || !json_is_object(a) || !json_equal(a, b)) {
			if (title && different < SHOWN_MAX)
				show(title, number, a, b);
			different++;
		}
		json_decref(a);
		json_decref(b);
	}
}
