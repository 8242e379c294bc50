/* SPDX-License-Identifier: Apache-2.0 */
/* What first bytes say, in the columns of a flow. */
#include "collector/sinks/schema_marks.h"

#include "support/full_records.h"
#include "support/sink_store.h"
#include "telemetry/render.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct record part_of_flow(uint32_t part, const struct mark *marks, size_t count)
{
	return (struct record){
		.class = RECORD_FLOW,
		.flow = { .start_ns = NOW,
			  .end_ns = NOW,
			  .cookie = 1,
			  .part = part,
			  .protocol = 6,
			  .count = 1,
			  .marks = marks,
			  .mark_count = count },
	};
}

static void keep(struct sink_store *f, struct record record)
{
	sink_store_write(f, &record);
	assert_int_equal(sink_store_flush(f), 0);
}

static void names_are_keys_with_underscores(void **state)
{
	char column[SCHEMA_MARK_COLUMN_BYTES];

	(void)state;
	schema_mark_column(column, MARK_JA4);
	assert_string_equal(column, "tls_client_ja4");
	schema_mark_column(column, MARK_JA4_R);
	assert_string_equal(column, "yagura_ja4_r");
	for (enum mark_kind kind = MARK_NONE + 1; kind < MARK_KIND_COUNT; kind++) {
		schema_mark_column(column, kind);
		assert_int_equal(strlen(column), strlen(mark_kind_row(kind)->key));
		assert_null(strchr(column, '.'));
	}
}

/* In its own column, as its form says. */
static void every_kind_has_its_column(void **state)
{
	struct sink_store *f = *state;

	for (enum mark_kind kind = MARK_NONE + 1; kind < MARK_KIND_COUNT; kind++) {
		bool is_number = mark_kind_row(kind)->form != MARK_FORM_TEXT;
		const struct mark mark = { kind, { is_number ? "1" : "value", is_number ? 1 : 5 } };
		struct record record = part_of_flow(0, &mark, 1);
		char column[SCHEMA_MARK_COLUMN_BYTES];
		char sql[256];

		record.flow.cookie = 100u + kind;
		keep(f, record);
		schema_mark_column(column, kind);
		snprintf(sql, sizeof(sql),
			 "SELECT %s, typeof(%s) FROM flows WHERE yagura_flow_id = 'deadbeef-%x-0'",
			 column, column, 100u + kind);
		sink_store_expect(f, sql, is_number ? "1|integer" : "value|text");
		snprintf(sql, sizeof(sql), "SELECT count(%s) FROM flows", column);
		sink_store_expect(f, sql, "1");
	}
}

static void several_values_are_a_json_array(void **state)
{
	static const struct mark marks[] = {
		{ MARK_ALPN, TEXT("h2") },
		{ MARK_DNS_ANSWER_TTL, TEXT("300") },
		{ MARK_ALPN, TEXT("\"\xff") },
		{ MARK_DNS_ANSWER_TTL, TEXT("0") },
		{ MARK_SERVER_NAME, TEXT("a'; DROP TABLE flows; --\xff") },
		{ MARK_DNS_NAME, TEXT("") },
		{ MARK_KIND_COUNT, TEXT("later") },
		{ MARK_NONE, TEXT("none") },
	};
	struct sink_store *f = *state;

	keep(f, part_of_flow(0, marks, COUNT(marks)));
	sink_store_expect(f,
			  "SELECT yagura_alpn, dns_answers_ttl, dns_answers_ttl ->> 1,"
			  " tls_client_server_name, dns_question_name FROM flows",
			  "[\"h2\",\"\\\"\xef\xbf\xbd\"]|[300,0]|0|"
			  "a'; DROP TABLE flows; --\xef\xbf\xbd|-");
}

/* A name may be learned late, and first bytes are told once. */
static void a_later_part_keeps_what_it_does_not_say(void **state)
{
	static const struct mark first[] = { { MARK_JA4, TEXT("t13d") },
					     { MARK_SERVER_NAME, TEXT("a.example") } };
	static const struct mark second[] = { { MARK_JA4, TEXT("t13i") } };
	struct record part = part_of_flow(0, first, 2);
	struct sink_store *f = *state;

	part.flow.splt = (struct record_splt){ 1, { 517 }, { 0 } };
	part.flow.destination_name = (struct text)TEXT("b.example");
	keep(f, part);
	keep(f, part_of_flow(1, NULL, 0));
	sink_store_expect(f,
			  "SELECT yagura_part, tls_client_ja4, tls_client_server_name, yagura_splt,"
			  " destination_domain FROM flows",
			  "1|t13d|a.example|517:0|b.example");
	part = part_of_flow(2, second, 1);
	part.flow.splt = (struct record_splt){ 2, { 517, -80 }, { 0, 11 } };
	keep(f, part);
	sink_store_expect(f,
			  "SELECT yagura_part, tls_client_ja4, tls_client_server_name, yagura_splt,"
			  " destination_domain FROM flows",
			  "2|t13i|a.example|517:0,-80:11|b.example");
	keep(f, part_of_flow(1, first, 2)); /* late */
	sink_store_expect(f, "SELECT yagura_part, tls_client_ja4 FROM flows", "2|t13i");
}

static struct index_case {
	const char *name;
	const char *sql;
} indexes[] = {
	{ "flows_tls_client_ja4", "tls_client_ja4 = 't13d'" },
	{ "flows_tls_client_server_name", "tls_client_server_name IN ('a', 'b')" },
	{ "flows_dns_question_name", "dns_question_name = 'a.example'" },
};

static void a_hunt_uses_the_index(void **state)
{
	struct sink_store *f = *state;
	const struct index_case *c = f->row;
	sqlite3_stmt *statement;
	sqlite3 *reader;
	char sql[128];

	snprintf(sql, sizeof(sql), "EXPLAIN QUERY PLAN SELECT * FROM flows WHERE %s", c->sql);
	assert_int_equal(sqlite3_open_v2(f->path, &reader, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(reader, sql, -1, &statement, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	assert_non_null(strstr((const char *)sqlite3_column_text(statement, 3), c->name));
	sqlite3_finalize(statement);
	sqlite3_close(reader);
}

static void the_fullest_flow_goes_in(void **state)
{
	struct record record = full_record(RECORD_FLOW, FULL_MOST);
	struct sink_store *f = *state;
	char splt[RENDER_SPLT_BYTES];
	size_t ja4 = 0;
	char want[64];

	for (size_t i = 0; i < record.flow.mark_count; i++)
		ja4 += record.flow.marks[i].kind == MARK_JA4;
	render_splt(splt, &record.flow.splt);
	snprintf(want, sizeof(want), "%zu|%zu", ja4, strlen(splt));
	assert_true(ja4 > 1);
	keep(f, record);
	sink_store_expect(
		f, "SELECT json_array_length(tls_client_ja4), length(yagura_splt) FROM flows",
		want);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, sink_store_set_up, sink_store_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(names_are_keys_with_underscores),
		TEST(every_kind_has_its_column),
		TEST(several_values_are_a_json_array),
		TEST(a_later_part_keeps_what_it_does_not_say),
		TEST(the_fullest_flow_goes_in),
	};
	struct CMUnitTest rows[COUNT(indexes)];

	for (size_t i = 0; i < COUNT(rows); i++)
		rows[i] =
			(struct CMUnitTest){ indexes[i].name, a_hunt_uses_the_index,
					     sink_store_set_up, sink_store_tear_down, &indexes[i] };
	return cmocka_run_group_tests_name("indexes", rows, NULL, NULL) |
	       cmocka_run_group_tests(tests, NULL, NULL);
}
