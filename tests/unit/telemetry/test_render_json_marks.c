/* SPDX-License-Identifier: Apache-2.0 */
/* What a flow's first bytes say as NDJSON, and that hostile bytes stay JSON. */
#include "telemetry/render_json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#undef UNIT_TESTING /* cmocka's own malloc hides overreads from ASan */
#include <cmocka.h>

#include "support/full_records.h"
#include "support/json_case.h"

/* Each kind stands under its key, as its form says, and breaks no object in two. */
static void every_kind_has_its_key(void **state)
{
	struct record record = full_record(RECORD_FLOW, FULL_DISTINCT);
	json_t *root = render(&from_sensor, &record);
	size_t seen[MARK_KIND_COUNT] = { 0 };

	(void)state;
	for (size_t i = 0; i < record.flow.mark_count; i++) {
		const struct mark *mark = &record.flow.marks[i];
		const struct mark_kind_row *row = mark_kind_row(mark->kind);
		json_t *value = find(root, row->key);

		assert_non_null(value);
		if (row->repeats == MARK_REPEATS_LIST)
			value = json_array_get(value, seen[mark->kind]++);
		if (row->form == MARK_FORM_FLAG)
			assert_true(json_is_true(value));
		else if (row->form == MARK_FORM_NUMBER)
			assert_int_equal(json_integer_value(value), atoi(mark->value.at));
		else
			assert_string_equal(json_string_value(value), mark->value.at);
	}
	json_decref(root);
}

static void several_values_are_an_array(void **state)
{
	static const struct mark marks[] = {
		{ MARK_ALPN, TEXT("h2") },
		{ MARK_DNS_ANSWER_TTL, TEXT("300") },
		{ MARK_NPF, TEXT("tls/1/x") },
		{ MARK_ALPN, TEXT("http/1.1") },
		{ MARK_DNS_ANSWER_TTL, TEXT("0") },
		{ MARK_DNS_NAME, TEXT("a.example") },
		{ MARK_ECH, TEXT("1") },
		{ MARK_TRUNCATED, TEXT("too_many") },
	};
	static const struct value_case values[] = {
		{ "yagura.alpn", "[\"h2\",\"http/1.1\"]" },
		{ "yagura.npf", "\"tls/1/x\"" },
		{ "yagura.ech", "true" },
		{ "yagura.truncated", "\"too_many\"" },
		{ "dns.answers.ttl", "[300,0]" },
		{ "dns.question.name", "\"a.example\"" },
		{ NULL, NULL },
	};
	struct record record = sample_flow();

	(void)state;
	record.flow.marks = marks;
	record.flow.mark_count = sizeof(marks) / sizeof(marks[0]);
	expect_values(&record, values);
}

static struct form_case {
	const char *name;
	struct mark mark;
	const char *want;
} forms[] = {
	{ "number", { MARK_HELLO_OFFSET, TEXT("120") }, "120" },
	{ "zero", { MARK_HELLO_OFFSET, TEXT("0") }, "0" },
	{ "18 digits", { MARK_HELLO_OFFSET, TEXT("999999999999999999") }, "999999999999999999" },
	{ "19 digits",
	  { MARK_HELLO_OFFSET, TEXT("9999999999999999999") },
	  "\"9999999999999999999\"" },
	{ "leading zero", { MARK_HELLO_OFFSET, TEXT("012") }, "\"012\"" },
	{ "no digit", { MARK_HELLO_OFFSET, TEXT("1}") }, "\"1}\"" },
	{ "empty number", { MARK_HELLO_OFFSET, TEXT("") }, "\"\"" },
	{ "flag", { MARK_ECH, TEXT("1") }, "true" },
	{ "no flag", { MARK_ECH, TEXT("0") }, "\"0\"" },
	{ "empty text", { MARK_DNS_NAME, TEXT("") }, "\"\"" },
	{ "hostile text", { MARK_SERVER_NAME, TEXT("\"\n\xff") }, "\"\\\"\\n\xef\xbf\xbd\"" },
};

static void a_value_that_is_not_of_its_form_is_text(void **state)
{
	const struct form_case *c = *state;
	struct record record = sample_flow();
	json_t *root;

	record.flow.marks = &c->mark;
	record.flow.mark_count = 1;
	root = render(&from_sensor, &record);
	expect_key(root, mark_kind_row(c->mark.kind)->key, c->want);
	json_decref(root);
}

static void kinds_outside_the_enum_are_left_out(void **state)
{
	static const struct mark marks[] = { { MARK_NONE, TEXT("x") },
					     { MARK_KIND_COUNT, TEXT("x") },
					     { 0x7fffffff, TEXT("x") } };
	struct record plain = sample_flow();
	struct record record = sample_flow();
	json_t *got, *want;

	(void)state;
	record.flow.marks = marks;
	record.flow.mark_count = 3;
	got = render(&from_sensor, &record);
	want = render(&from_sensor, &plain);
	assert_true(json_equal(got, want));
	json_decref(got);
	json_decref(want);
}

#define FORMS (sizeof(forms) / sizeof(forms[0]))

int main(void)
{
	struct CMUnitTest rows[FORMS];
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_has_its_key),
		cmocka_unit_test(several_values_are_an_array),
		cmocka_unit_test(kinds_outside_the_enum_are_left_out),
	};

	for (size_t i = 0; i < FORMS; i++)
		rows[i] =
			(struct CMUnitTest){ forms[i].name, a_value_that_is_not_of_its_form_is_text,
					     NULL, NULL, &forms[i] };
	return cmocka_run_group_tests_name("forms", rows, NULL, NULL) |
	       cmocka_run_group_tests(tests, NULL, NULL);
}
