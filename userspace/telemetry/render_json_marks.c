/* SPDX-License-Identifier: Apache-2.0 */
#include "telemetry/render_json_flow.h"

#include <string.h>

/* Sorted by key, so that those of one object follow each other whatever their order in MARK_KINDS:
 * a new kind is appended there. */
struct present {
	enum mark_kind kinds[MARK_KIND_COUNT];
	size_t values[MARK_KIND_COUNT]; /* how many, by kind */
	size_t count;
};

static void insert(struct present *present, enum mark_kind kind)
{
	const char *key = mark_kind_row(kind)->key;
	size_t at = present->count++;

	for (; at > 0 && strcmp(mark_kind_row(present->kinds[at - 1])->key, key) > 0; at--)
		present->kinds[at] = present->kinds[at - 1];
	present->kinds[at] = kind;
}

static bool is_known(enum mark_kind kind)
{
	return kind > MARK_NONE && kind < MARK_KIND_COUNT;
}

static void look(const struct record_flow *flow, struct present *ret_present)
{
	for (size_t i = 0; i < flow->mark_count; i++) {
		enum mark_kind kind = flow->marks[i].kind;

		if (is_known(kind) && ret_present->values[kind]++ == 0)
			insert(ret_present, kind);
	}
}

/* RFC 8259 6 allows no leading zero; 18 digits fit 64 bits of any reader. */
static bool is_number(struct text value)
{
	bool is_digits = value.length > 0 && value.length <= 18;

	for (size_t i = 0; i < value.length && is_digits; i++)
		is_digits = value.at[i] >= '0' && value.at[i] <= '9';
	return is_digits && (value.at[0] != '0' || value.length == 1);
}

static void put_value(struct ndjson *json, enum mark_form form, struct text value)
{
	if (form == MARK_FORM_NUMBER && is_number(value))
		ndjson_put_plain(json, value);
	else if (form == MARK_FORM_FLAG && value.length == 1 && value.at[0] == '1')
		ndjson_put_bool(json, true);
	else
		ndjson_put_text(json, value);
}

static void put_values(struct ndjson *json, const struct record_flow *flow, enum mark_kind kind,
		       size_t count)
{
	if (count > 1)
		ndjson_open_array(json);
	for (size_t i = 0; i < flow->mark_count; i++)
		if (flow->marks[i].kind == kind)
			put_value(json, mark_kind_row(kind)->form, flow->marks[i].value);
	if (count > 1)
		ndjson_close_array(json);
}

int render_mark_values(struct ndjson *json, const struct record_flow *flow, enum mark_kind kind)
{
	size_t count = 0;

	for (size_t i = 0; i < flow->mark_count; i++)
		count += flow->marks[i].kind == kind;
	ndjson_begin_value(json);
	put_values(json, flow, kind, count);
	return ndjson_end_value(json);
}

static void open_key(struct ndjson *json, const char *key)
{
	const char *dot = strrchr(key, '.');
	const char *name = dot ? dot + 1 : key;

	ndjson_within_text(json, (struct text){ key, dot ? (size_t)(dot - key) : 0 });
	ndjson_key(json, (struct text){ name, strlen(name) });
}

void render_json_marks(struct ndjson *json, const struct record_flow *flow)
{
	struct present present = { 0 };

	look(flow, &present);
	for (size_t i = 0; i < present.count; i++) {
		enum mark_kind kind = present.kinds[i];

		open_key(json, mark_kind_row(kind)->key);
		put_values(json, flow, kind, present.values[kind]);
	}
}
