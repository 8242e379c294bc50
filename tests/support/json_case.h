/* SPDX-License-Identifier: Apache-2.0 */
/* Records as NDJSON, read again by jansson. Include it from one file of a program, after cmocka. */
#ifndef YAGURA_TESTS_SUPPORT_JSON_CASE_H
#define YAGURA_TESTS_SUPPORT_JSON_CASE_H

#include "support/sample_records.h"
#include "telemetry/render_json.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t sensor[16] = { 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef,
				    0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef };
static const struct render_source from_sensor = { &sample_header, sensor };
static const struct render_source from_replay = { &sample_header, NULL };

/* One object on one line, no name in it twice. */
static inline json_t *render(const struct render_source *source, const struct record *record)
{
	struct ndjson json = { 0 };
	json_t *root;

	assert_int_equal(render_json(&json, source, record), 0);
	assert_ptr_equal(memchr(json.at, '\n', json.length), json.at + json.length - 1);
	root = json_loadb(json.at, json.length, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(root);
	ndjson_done(&json);
	return root;
}

static inline json_t *find(json_t *root, const char *dotted)
{
	char names[128];
	char *rest = names;
	char *name;

	snprintf(names, sizeof(names), "%s", dotted);
	while ((name = strsep(&rest, ".")))
		root = json_object_get(root, name);
	return root;
}

/* `want` is JSON, or NULL: not there. */
static inline void expect_key(json_t *root, const char *key, const char *want)
{
	json_t *value = find(root, key);
	char *got = value ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;

	if (!got != !want || (want && strcmp(got, want) != 0))
		fail_msg("%s: %s, not %s", key, got ? got : "(left out)",
			 want ? want : "(left out)");
	free(got);
}

struct value_case {
	const char *key;
	const char *want;
};

static inline void expect_values(const struct record *record, const struct value_case *values)
{
	json_t *root = render(&from_sensor, record);

	for (; values->key; values++)
		expect_key(root, values->key, values->want);
	json_decref(root);
}

#endif
