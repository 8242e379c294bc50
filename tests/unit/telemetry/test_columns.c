/* SPDX-License-Identifier: Apache-2.0 */
#include "telemetry/columns.h"

#include "proto/telemetry.pb-c.h"
#include "telemetry/batch_rows.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct schema_case {
	const char *name;
	const ProtobufCMessageDescriptor *descriptor;
	const char *const *columns;
	size_t count;
} schema_cases[] = {
#define COLUMN_NAME(TABLE, NAME, name) #name,
	{ "rows of Processes follow the schema", &yagura__telemetry__processes__descriptor,
	  (const char *const[]){ PROCESS_COLUMNS(COLUMN_NAME) }, PROCESS_ROW_COUNT },
	{ "rows of Contexts follow the schema", &yagura__telemetry__contexts__descriptor,
	  (const char *const[]){ CONTEXT_COLUMNS(COLUMN_NAME) }, CONTEXT_ROW_COUNT },
	{ "rows of Files follow the schema", &yagura__telemetry__files__descriptor,
	  (const char *const[]){ FILE_COLUMNS(COLUMN_NAME) }, FILE_ROW_COUNT },
	{ "rows of Sockets follow the schema", &yagura__telemetry__sockets__descriptor,
	  (const char *const[]){ SOCKET_COLUMNS(COLUMN_NAME) }, SOCKET_ROW_COUNT },
	{ "rows of Execs follow the schema", &yagura__telemetry__execs__descriptor,
	  (const char *const[]){ EXEC_COLUMNS(COLUMN_NAME) }, EXEC_ROW_COUNT },
	{ "rows of Exits follow the schema", &yagura__telemetry__exits__descriptor,
	  (const char *const[]){ EXIT_COLUMNS(COLUMN_NAME) }, EXIT_ROW_COUNT },
	{ "rows of Flows follow the schema", &yagura__telemetry__flows__descriptor,
	  (const char *const[]){ FLOW_COLUMNS(COLUMN_NAME) }, FLOW_ROW_COUNT },
#undef COLUMN_NAME
};

static void check_schema(void **state)
{
	const struct schema_case *c = *state;

	assert_int_equal(c->descriptor->n_fields, c->count);
	for (size_t i = 0; i < c->count; i++) {
		assert_string_equal(c->descriptor->fields[i].name, c->columns[i]);
		assert_int_equal(c->descriptor->fields[i].label, PROTOBUF_C_LABEL_REPEATED);
	}
}

/* Exits: time_ms is sint64 (delta), process uint32, status int32, run_us uint64. */
static const uint64_t rows[][EXIT_ROW_COUNT] = {
	{ 0, 0, 0, 0 },
	{ UINT64_MAX, UINT32_MAX, (uint64_t)INT64_C(-1), UINT64_MAX },
	{ 1, 1, INT32_MAX, 1 },
	{ 1ull << 63, 128, (uint64_t)(int64_t)INT32_MIN, 1ull << 63 },
	{ (1ull << 63) - 1, 127, 0x7f, 127 },
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

static void test_values_survive(void **state)
{
	Yagura__Telemetry__Exits message = YAGURA__TELEMETRY__EXITS__INIT;
	struct columns columns;
	struct columns_reader reader;
	uint64_t row[COLUMNS_MAX];
	size_t bytes = 0;

	(void)state;
	columns_init(&columns, &yagura__telemetry__exits__descriptor);
	for (size_t i = 0; i < 1000 * ROWS; i++) {
		assert_int_equal(columns_reserve(&columns), 0);
		bytes += columns_push(&columns, rows[i % ROWS]);
	}
	columns_lend(&columns, &message.base);
	assert_int_equal(message.n_time_ms, 1000 * ROWS);
	/* What push said, plus tags and lengths: 10,000 bytes of `process` take one of two bytes,
	 * the other columns are longer and take three. */
	assert_int_equal(yagura__telemetry__exits__get_packed_size(&message),
			 bytes + 4 + 3 + 2 + 3 + 3);

	assert_int_equal(columns_open(&reader, &message.base), 0);
	for (size_t i = 0; i < 1000 * ROWS; i++) {
		assert_true(columns_next(&reader, row));
		assert_memory_equal(row, rows[i % ROWS], sizeof(rows[0]));
	}
	assert_false(columns_next(&reader, row));
	columns_done(&columns);
}

/* Not the first, which counts the rows; and only until a value is not 0. */
static void test_columns_of_zeros_are_left_out(void **state)
{
	Yagura__Telemetry__Exits message = YAGURA__TELEMETRY__EXITS__INIT;
	const uint64_t zeros[EXIT_ROW_COUNT] = { 0 };
	const uint64_t late[EXIT_ROW_COUNT] = { [EXIT_ROW_STATUS] = 9 };
	struct columns_reader reader;
	uint64_t row[COLUMNS_MAX];
	struct columns columns;

	(void)state;
	columns_init(&columns, &yagura__telemetry__exits__descriptor);
	assert_int_equal(columns_reserve(&columns), 0);
	columns_push(&columns, zeros);
	columns_lend(&columns, &message.base);
	assert_int_equal(message.n_time_ms, 1);
	assert_int_equal(message.n_status, 0);
	columns_push(&columns, late);
	columns_lend(&columns, &message.base);
	assert_int_equal(message.n_status, 2);
	assert_int_equal(message.n_process, 0);
	assert_int_equal(columns_open(&reader, &message.base), 0);
	assert_true(columns_next(&reader, row));
	assert_memory_equal(row, zeros, sizeof(zeros));
	assert_true(columns_next(&reader, row));
	assert_memory_equal(row, late, sizeof(late));
	assert_false(columns_next(&reader, row));
	columns_clear(&columns);
	assert_int_equal(columns_reserve(&columns), 0);
	columns_push(&columns, zeros);
	yagura__telemetry__exits__init(&message);
	columns_lend(&columns, &message.base);
	assert_int_equal(message.n_status, 0);
	columns_done(&columns);
}

static void test_deltas_start_over_after_clear(void **state)
{
	Yagura__Telemetry__Exits message = YAGURA__TELEMETRY__EXITS__INIT;
	const uint64_t row[EXIT_ROW_COUNT] = { 77, 1, 2 };
	struct columns columns;

	(void)state;
	columns_init(&columns, &yagura__telemetry__exits__descriptor);
	for (int i = 0; i < 2; i++) {
		columns_clear(&columns);
		assert_int_equal(columns_reserve(&columns), 0);
		columns_push(&columns, row);
	}
	columns_lend(&columns, &message.base);
	assert_int_equal(message.n_time_ms, 1);
	assert_int_equal(message.time_ms[0], 77);
	columns_done(&columns);
}

static void test_unequal_lengths_are_refused(void **state)
{
	Yagura__Telemetry__Exits message = YAGURA__TELEMETRY__EXITS__INIT;
	struct columns_reader reader;

	(void)state;
	message.n_time_ms = 2;
	message.n_process = 2;
	assert_int_equal(columns_open(&reader, &message.base), 0);
	message.n_status = 1;
	assert_int_equal(columns_open(&reader, &message.base), -EBADMSG);
	message.n_status = 3;
	assert_int_equal(columns_open(&reader, &message.base), -EBADMSG);
	message.n_status = 2;
	assert_int_equal(columns_open(&reader, &message.base), 0);
	message.n_time_ms = 0;
	assert_int_equal(columns_open(&reader, &message.base), -EBADMSG);
}

static void test_no_table_is_no_rows(void **state)
{
	struct columns_reader reader;
	uint64_t row[COLUMNS_MAX];

	(void)state;
	assert_int_equal(columns_open(&reader, NULL), 0);
	assert_int_equal(reader.count, 0);
	assert_false(columns_next(&reader, row));
}

int main(void)
{
	struct CMUnitTest schema[sizeof(schema_cases) / sizeof(schema_cases[0])];
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values_survive),
		cmocka_unit_test(test_columns_of_zeros_are_left_out),
		cmocka_unit_test(test_deltas_start_over_after_clear),
		cmocka_unit_test(test_unequal_lengths_are_refused),
		cmocka_unit_test(test_no_table_is_no_rows),
	};
	int failed;

	for (size_t i = 0; i < sizeof(schema) / sizeof(schema[0]); i++)
		schema[i] = (struct CMUnitTest){ schema_cases[i].name, check_schema, NULL, NULL,
						 &schema_cases[i] };
	failed = cmocka_run_group_tests(schema, NULL, NULL);
	return failed + cmocka_run_group_tests(tests, NULL, NULL);
}
