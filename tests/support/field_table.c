/* SPDX-License-Identifier: Apache-2.0 */
#include "support/field_table.h"

#include <arpa/inet.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define NAME_BYTES 256

struct check {
	const struct field *table;
	const char *const *own;
	char *wrong; /* the name found last, NAME_BYTES */
};

static bool is_own(const char *const *own, const char *name)
{
	for (; *own; own++)
		if (strncmp(name, *own, strlen(*own)) == 0)
			return true;
	return false;
}

static bool is_ip(const char *text)
{
	unsigned char bytes[16];

	return inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
}

static bool is_date(const char *text)
{
	struct tm parts = { 0 };
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &parts);

	return rest && strlen(rest) == 5 && rest[0] == '.' && rest[4] == 'Z';
}

static bool has_type(enum field_type type, const json_t *value)
{
	const char *text = json_string_value(value);
	json_int_t number = json_integer_value(value);

	switch (type) {
	case FIELD_STRING:
		return text && text[0] != '\0';
	case FIELD_NUMBER:
		return json_is_integer(value) && number >= 0;
	case FIELD_PORT:
		return json_is_integer(value) && number >= 0 && number <= 65535;
	case FIELD_BOOL:
		return json_is_boolean(value);
	case FIELD_IP:
		return text && is_ip(text);
	case FIELD_DATE:
		return text && is_date(text);
	case FIELD_HEX:
		return text && text[0] && strspn(text, "0123456789abcdef") == strlen(text);
	}
	return false;
}

static bool is_listed(const char *values, const json_t *value)
{
	char wanted[NAME_BYTES];

	if (!values)
		return true;
	if (json_is_integer(value))
		snprintf(wanted, sizeof(wanted), " %lld ", (long long)json_integer_value(value));
	else
		snprintf(wanted, sizeof(wanted), " %s ", json_string_value(value));
	return strstr(values, wanted);
}

static bool is_allowed(const struct check *check, const char *name, const json_t *value)
{
	const struct field *field = check->table;

	while (field->name && strcmp(field->name, name) != 0)
		field++;
	return is_own(check->own, name) ||
	       (field->name && has_type(field->type, value) && is_listed(field->values, value));
}

static void check_value(const struct check *check, const char *name, const json_t *value)
{
	if (!is_allowed(check, name, value))
		snprintf(check->wrong, NAME_BYTES, "%s", name);
}

/* Depth is that of what the renderers write. */
static void check_any(const struct check *check, const char *name, json_t *value)
{
	char inner[NAME_BYTES];
	const char *key;
	json_t *item;
	size_t i;

	if (json_is_array(value)) {
		json_array_foreach(value, i, item) check_any(check, name, item);
	} else if (json_is_object(value)) {
		json_object_foreach(value, key, item)
		{
			snprintf(inner, sizeof(inner), "%s%s%s", name, name[0] ? "." : "", key);
			check_any(check, inner, item);
		}
	} else {
		check_value(check, name, value);
	}
}

static json_t *parse(const char *line)
{
	json_error_t error;
	json_t *root = json_loads(line, JSON_REJECT_DUPLICATES, &error);

	if (!json_is_object(root))
		fail_msg("%s: %s", error.text, line);
	return root;
}

const char *field_table_wrong(const struct field *table, const char *const *own, const char *line)
{
	static char wrong[NAME_BYTES];
	const struct check check = { table, own, wrong };
	json_t *root = parse(line);

	wrong[0] = '\0';
	check_any(&check, "", root);
	json_decref(root);
	return wrong;
}

static json_t *find(json_t *root, const char *name)
{
	char copy[NAME_BYTES];
	char *rest = copy;
	json_t *at = root;

	snprintf(copy, sizeof(copy), "%s", name);
	for (char *part; at && (part = strsep(&rest, "."));) {
		if (json_is_array(at))
			at = json_array_get(at, 0);
		at = json_object_get(at, part);
	}
	return at;
}

const char *field_table_lacks(const char *const *names, const char *line)
{
	json_t *root = parse(line);

	while (*names && find(root, *names))
		names++;
	json_decref(root);
	return *names ? *names : "";
}
