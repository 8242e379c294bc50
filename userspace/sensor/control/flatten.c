/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/control/flatten.h"

#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define DEPTH_MAX 8

/* Objects with one object a key, and what the key is. */
static const struct {
	const char *name, *label;
} by_key[] = {
	{ "conservation", "class" },
	{ "lanes", "lane" },
	{ "rings", "ring" },
};

struct flattening {
	int (*take)(void *context, const struct flat_value *value);
	void *context;
	struct flat_value at;
	unsigned depth;
};

static bool append(char text[FLATTEN_TEXT_BYTES], const char *more)
{
	size_t used = strlen(text), length = strlen(more);

	if (used + length >= FLATTEN_TEXT_BYTES)
		return false;
	memcpy(text + used, more, length + 1);
	return true;
}

static bool append_escaped(char text[FLATTEN_TEXT_BYTES], const char *value)
{
	bool fits = true;

	for (; *value && fits; value++) {
		char plain[2] = { *value, '\0' };

		fits = append(text, *value == '\\'   ? "\\\\"
				    : *value == '"'  ? "\\\""
				    : *value == '\n' ? "\\n"
						     : plain);
	}
	return fits;
}

static bool append_label(char labels[FLATTEN_TEXT_BYTES], const char *name, const char *value)
{
	return append(labels, labels[0] ? "," : "") && append(labels, name) &&
	       append(labels, "=\"") && append_escaped(labels, value) && append(labels, "\"");
}

static const char *label_of_keys(const char *key)
{
	for (size_t i = 0; i < sizeof(by_key) / sizeof(*by_key); i++)
		if (strcmp(by_key[i].name, key) == 0)
			return by_key[i].label;
	return NULL;
}

static int flatten_value(struct flattening *f, const char *key, json_t *value);

static int flatten_members(struct flattening *f, json_t *object)
{
	const char *key;
	json_t *value;
	int r = 0;

	json_object_foreach(object, key, value)
	{
		if (r == 0)
			r = flatten_value(f, key, value);
	}
	return r;
}

/* Each member is the same thing of another `label`. */
static int flatten_by_key(struct flattening *f, json_t *object, const char *label)
{
	size_t labels = strlen(f->at.labels);
	const char *key;
	json_t *value;
	int r = 0;

	json_object_foreach(object, key, value)
	{
		if (r < 0)
			continue;
		if (!json_is_object(value))
			r = flatten_value(f, key, value);
		else if (append_label(f->at.labels, label, key))
			r = flatten_members(f, value);
		else
			r = -E2BIG;
		f->at.labels[labels] = '\0';
	}
	return r;
}

/* Elements without a name would be told apart by nothing. */
static int flatten_array(struct flattening *f, json_t *array)
{
	size_t labels = strlen(f->at.labels);
	json_t *element;
	size_t i;
	int r = 0;

	json_array_foreach(array, i, element)
	{
		const char *name = json_string_value(json_object_get(element, "name"));

		if (!name || r < 0)
			continue;
		r = append_label(f->at.labels, "name", name) ? flatten_members(f, element) : -E2BIG;
		f->at.labels[labels] = '\0';
	}
	return r;
}

static int flatten_inside(struct flattening *f, const char *key, json_t *value)
{
	const char *label = label_of_keys(key);

	if (json_is_array(value))
		return flatten_array(f, value);
	if (json_is_object(value))
		return label ? flatten_by_key(f, value, label) : flatten_members(f, value);
	if (json_is_null(value) || (strcmp(key, "name") == 0 && f->at.labels[0] != '\0'))
		return 0;
	f->at.value = value;
	return f->take(f->context, &f->at);
}

static int flatten_value(struct flattening *f, const char *key, json_t *value)
{
	size_t path = strlen(f->at.path);
	int r = -E2BIG;

	if (f->depth < DEPTH_MAX && append(f->at.path, path > 0 ? "." : "") &&
	    append(f->at.path, key)) {
		f->depth++;
		r = flatten_inside(f, key, value);
		f->depth--;
	}
	f->at.path[path] = '\0';
	return r;
}

int flatten(const json_t *object, int (*take)(void *context, const struct flat_value *value),
	    void *context)
{
	struct flattening f = { .take = take, .context = context };

	return flatten_members(&f, (json_t *)(uintptr_t)object); /* its macros want it so */
}

/* --- Prometheus --- */

static void write_name(char name[FLATTEN_TEXT_BYTES], const char *path)
{
	size_t i = 0;

	for (; path[i] != '\0'; i++)
		name[i] = isalnum((unsigned char)path[i]) ? path[i] : '_';
	name[i] = '\0';
}

int flatten_prometheus(const struct flat_value *value, char *ret_line, size_t size)
{
	char name[FLATTEN_TEXT_BYTES], labels[FLATTEN_TEXT_BYTES], number[32] = "1";
	int length;

	write_name(name, value->path);
	strcpy(labels, value->labels);
	if (json_is_integer(value->value))
		snprintf(number, sizeof(number), "%lld",
			 (long long)json_integer_value(value->value));
	else if (json_is_real(value->value))
		snprintf(number, sizeof(number), "%.17g", json_real_value(value->value));
	else if (json_is_boolean(value->value))
		snprintf(number, sizeof(number), "%d", json_is_true(value->value));
	else if (!append_label(labels, "value", json_string_value(value->value)))
		return -E2BIG;
	length = snprintf(ret_line, size, "yagura_%s%s%s%s %s", name, labels[0] ? "{" : "", labels,
			  labels[0] ? "}" : "", number);
	return length < 0 || (size_t)length >= size ? -E2BIG : 0;
}
