/* SPDX-License-Identifier: Apache-2.0 */
#include "telemetry/columns.h"

#include "proto/telemetry.pb-c.h"
#include "telemetry/batch_rows.h"
#include "telemetry/batch_tables.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#undef UNIT_TESTING /* cmocka's own malloc hides overreads from ASan */
#include <cmocka.h>

static struct schema_case {
	const char *name;
	enum batch_table table;
	const char *const *columns;
	size_t count;
} schema_cases[] = {
#define COLUMN_NAME(TABLE, NAME, name) #name,
#define TABLE_CASE(TABLE, NAME, name)                                                              \
	{ #name, TABLE_##NAME, (const char *const[]){ TABLE##_COLUMNS(COLUMN_NAME) },              \
	  TABLE##_ROW_COUNT },
	BATCH_SHARED_TABLES(TABLE_CASE) BATCH_RECORD_TABLES(TABLE_CASE)
#undef TABLE_CASE
#undef COLUMN_NAME
};
#define SCHEMA_CASES (sizeof(schema_cases) / sizeof(schema_cases[0]))

/* Every table is a field of Batch of its name, with its number; its columns are numbered from 1. */
static void check_schema(void **state)
{
	const struct schema_case *c = *state;
	const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field_by_name(
		&yagura__telemetry__batch__descriptor, c->name);
	const ProtobufCMessageDescriptor *descriptor = batch_table_descriptor(c->table);

	assert_non_null(field);
	assert_int_equal(field->id, BATCH_FIELD_TABLES + c->table);
	assert_ptr_equal(field->descriptor, descriptor);
	assert_int_equal(descriptor->n_fields, c->count);
	for (size_t i = 0; i < c->count; i++) {
		assert_string_equal(descriptor->fields[i].name, c->columns[i]);
		assert_int_equal(descriptor->fields[i].label, PROTOBUF_C_LABEL_REPEATED);
		assert_int_equal(descriptor->fields[i].id, i + 1);
	}
}

static void test_the_batch_follows_the_schema(void **state)
{
	static const struct {
		const char *name;
		uint32_t field;
	} fields[] = {
		{ "schema", BATCH_FIELD_SCHEMA },   { "epoch_index", BATCH_FIELD_EPOCH_INDEX },
		{ "boot_id", BATCH_FIELD_BOOT_ID }, { "base_ms", BATCH_FIELD_BASE_MS },
		{ "boot_ms", BATCH_FIELD_BOOT_MS }, { "names", BATCH_FIELD_NAMES },
		{ "texts", BATCH_FIELD_TEXTS },	    { "blobs", BATCH_FIELD_BLOBS },
	};
	const size_t count = sizeof(fields) / sizeof(fields[0]);

	(void)state;
	for (size_t i = 0; i < count; i++) {
		const ProtobufCFieldDescriptor *field =
			protobuf_c_message_descriptor_get_field_by_name(
				&yagura__telemetry__batch__descriptor, fields[i].name);

		assert_non_null(field);
		assert_int_equal(field->id, fields[i].field);
	}
	assert_int_equal(yagura__telemetry__batch__descriptor.n_fields, count + TABLE_COUNT);
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

struct written {
	uint8_t *bytes;
	size_t size;
};

static struct written write_rows(const uint64_t (*values)[EXIT_ROW_COUNT], size_t count,
				 size_t first)
{
	struct columns columns;
	struct written written;

	columns_init(&columns, &yagura__telemetry__exits__descriptor);
	assert_int_equal(columns_reserve(&columns, count), 0);
	for (size_t i = 0; i < count; i++)
		columns_push(&columns, values[i % ROWS]);
	written.bytes = malloc(columns_message_bytes_max(&columns, first));
	assert_non_null(written.bytes);
	written.size = (size_t)(columns_write(&columns, first, written.bytes) - written.bytes);
	assert_in_range(written.size, 0, columns_message_bytes_max(&columns, first));
	columns_done(&columns);
	return written;
}

static Yagura__Telemetry__Exits *unpack(struct written written)
{
	Yagura__Telemetry__Exits *exits =
		yagura__telemetry__exits__unpack(NULL, written.size, written.bytes);

	assert_non_null(exits);
	free(written.bytes);
	return exits;
}

static void test_values_survive(void **state)
{
	uint64_t many[1000 * ROWS][EXIT_ROW_COUNT];
	struct columns columns;
	struct written written;
	int r = 0;

	(void)state;
	for (size_t i = 0; i < 1000 * ROWS; i++)
		memcpy(many[i], rows[i % ROWS], sizeof(rows[0]));
	written = write_rows((const uint64_t(*)[EXIT_ROW_COUNT])many, 1000 * ROWS, 0);
	columns_init(&columns, &yagura__telemetry__exits__descriptor);
	for (size_t round = 0; round < 2; round++) /* the second behind the first */
		assert_null(columns_read(&columns, cursor_of(written.bytes, written.size),
					 2000 * ROWS, &r));
	assert_int_equal(columns.count, 2000 * ROWS);
	for (size_t i = 0; i < 2000 * ROWS; i++)
		assert_memory_equal(columns_row(&columns, i), rows[i % ROWS], sizeof(rows[0]));
	free(written.bytes);
	columns_done(&columns);
}

/* Not the first, which counts the rows. */
static void test_columns_of_zeros_are_left_out(void **state)
{
	const uint64_t values[][EXIT_ROW_COUNT] = { { 0 }, { [EXIT_ROW_STATUS] = 9 } };
	Yagura__Telemetry__Exits *exits = unpack(write_rows(values, 1, 0));

	(void)state;
	assert_int_equal(exits->n_time_ms, 1);
	assert_int_equal(exits->n_status, 0);
	yagura__telemetry__exits__free_unpacked(exits, NULL);
	exits = unpack(write_rows(values, 2, 0));
	assert_int_equal(exits->n_time_ms, 2);
	assert_int_equal(exits->n_status, 2);
	assert_int_equal(exits->status[1], 9);
	assert_int_equal(exits->n_process, 0);
	yagura__telemetry__exits__free_unpacked(exits, NULL);
}

/* Rows that were told before are left out, and deltas begin anew. */
static void test_later_rows_alone(void **state)
{
	const uint64_t values[][EXIT_ROW_COUNT] = { { 70, 1, 2 }, { 77, 3, 4 }, { 76, 5, 6 } };
	Yagura__Telemetry__Exits *exits = unpack(write_rows(values, 3, 1));

	(void)state;
	assert_int_equal(exits->n_time_ms, 2);
	assert_int_equal(exits->time_ms[0], 77);
	assert_int_equal(exits->time_ms[1], -1);
	assert_int_equal(exits->process[0], 3);
	yagura__telemetry__exits__free_unpacked(exits, NULL);
}

#define BYTES(literal) (const uint8_t *)(literal), sizeof(literal) - 1

/* Messages of Exits. */
static struct read_case {
	const char *name;
	const uint8_t *bytes;
	size_t size;
	const char *why;
	size_t count;
} read_cases[] = {
	{ "nothing", BYTES(""), NULL, 0 },
	{ "two rows", BYTES("\x0a\x02\x00\x00\x12\x02\x01\x02"), NULL, 2 },
	{ "a column of two bytes each", BYTES("\x0a\x02\x80\x01"), NULL, 1 },
	{ "the first column missing", BYTES("\x12\x01\x01"), "columns of different lengths", 0 },
	{ "another shorter", BYTES("\x0a\x02\x00\x00\x12\x01\x01"), "columns of different lengths",
	  0 },
	{ "another longer", BYTES("\x0a\x01\x00\x12\x02\x01\x01"), "columns of different lengths",
	  0 },
	{ "another ends inside a value", BYTES("\x0a\x02\x00\x00\x12\x02\x01\x80"),
	  "columns of different lengths", 0 },
	{ "the first ends inside a value", BYTES("\x0a\x02\x00\x80"),
	  "columns of different lengths", 0 },
	{ "a value of eleven bytes", BYTES("\x0a\x0b\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
	  "columns of different lengths", 0 },
	{ "a column empty that should not be", BYTES("\x0a\x01\x00\x12\x00"),
	  "columns of different lengths", 0 },
	{ "33 bits in 32", BYTES("\x0a\x01\x00\x12\x05\x80\x80\x80\x80\x10"),
	  "a value out of range", 0 },
	{ "a column comes twice", BYTES("\x0a\x01\x00\x0a\x01\x00"), "a column comes twice", 0 },
	{ "a column that is not packed", BYTES("\x08\x01"), "a column that is not packed", 0 },
	{ "unknown columns", BYTES("\x0a\x01\x00\x2a\x02xy\x28\x05\x2d____\x29________\x02\x00"),
	  NULL, 1 },
	{ "length over the end", BYTES("\x0a\x02\x00"), "not a protobuf message", 0 },
	{ "a group", BYTES("\x2b\x2c"), "not a protobuf message", 0 },
	{ "too many rows", BYTES("\x0a\x05\x00\x00\x00\x00\x00"), "too many rows", 0 },
};
#define READ_CASES (sizeof(read_cases) / sizeof(read_cases[0]))

static void check_read(void **state)
{
	const struct read_case *c = *state;
	uint8_t *exact = malloc(c->size ? c->size : 1);
	struct columns columns;
	const char *why;
	int r = 0;

	assert_non_null(exact);
	memcpy(exact, c->bytes, c->size);
	columns_init(&columns, &yagura__telemetry__exits__descriptor);
	why = columns_read(&columns, cursor_of(exact, c->size), 4, &r);
	assert_string_equal(why ?: "", c->why ?: "");
	assert_int_equal(columns.count, c->count);
	if (why)
		assert_int_equal(r, -EBADMSG);
	columns_done(&columns);
	free(exact);
}

int main(void)
{
	struct CMUnitTest schema[SCHEMA_CASES], reads[READ_CASES];
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_batch_follows_the_schema),
		cmocka_unit_test(test_values_survive),
		cmocka_unit_test(test_columns_of_zeros_are_left_out),
		cmocka_unit_test(test_later_rows_alone),
	};
	int failed;

	for (size_t i = 0; i < SCHEMA_CASES; i++)
		schema[i] = (struct CMUnitTest){ schema_cases[i].name, check_schema, NULL, NULL,
						 &schema_cases[i] };
	for (size_t i = 0; i < READ_CASES; i++)
		reads[i] = (struct CMUnitTest){ read_cases[i].name, check_read, NULL, NULL,
						&read_cases[i] };
	failed = cmocka_run_group_tests(schema, NULL, NULL);
	failed += cmocka_run_group_tests(reads, NULL, NULL);
	return failed + cmocka_run_group_tests(tests, NULL, NULL);
}
