/* SPDX-License-Identifier: Apache-2.0 */
#include "support/sink_store.h"

#include "support/temp_dir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

const uint8_t sink_store_sensor[16] = { 0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
					0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff };
const struct batch_header sink_store_header = { .boot_id = { 0xde, 0xad, 0xbe, 0xef, 5, 6, 7, 8, 9,
							     10, 11, 12, 13, 14, 15, 16 } };

const struct record_process sink_store_curl = {
	.key = { .start_ns = 0x1234, .pid = 4711, .exec_count = 2 },
	.uid = 0,
	.gid = 1000,
	.executable = TEXT("/usr/bin/curl"),
	.args = TEXT("curl\0-s\0\0http://x\0"),
};

void sink_store_open(struct sink_store *f)
{
	struct sink_options options = { .directory = f->directory };
	char error[SINK_ERROR_BYTES] = "";

	assert_int_equal(sqlite_sink.open(&options, &f->sink, error), 0);
	f->database = sqlite_database(f->sink);
	f->ledger = sqlite_ledger(f->sink);
}

void sink_store_close(struct sink_store *f)
{
	sqlite_sink.close(f->sink);
}

int sink_store_put(struct sink_store *f, const struct sink_item *item)
{
	return sqlite_sink.write(f->sink, item);
}

int sink_store_flush(struct sink_store *f)
{
	f->place.generation = 7;
	f->place.position++;
	return sqlite_sink.flush(f->sink, &f->place);
}

void sink_store_discard(struct sink_store *f)
{
	sqlite_sink.discard(f->sink);
}

int sink_store_set_up(void **state)
{
	struct sink_store *f = calloc(1, sizeof(*f));

	f->row = *state;
	f->directory = temp_dir_new();
	f->path = temp_dir_path(f->directory, "yagura.db");
	sink_store_open(f);
	*state = f;
	return 0;
}

int sink_store_tear_down(void **state)
{
	struct sink_store *f = *state;

	sink_store_close(f);
	temp_dir_remove(f->directory);
	free(f->path);
	free(f);
	return 0;
}

void sink_store_write(struct sink_store *f, const struct record *record)
{
	struct sink_item item = { .sensor = sink_store_sensor,
				  .header = &sink_store_header,
				  .record = record };

	assert_int_equal(sink_store_put(f, &item), 0);
}

void sink_store_expect(const struct sink_store *f, const char *sql, const char *want)
{
	char found[4096] = "";
	size_t length = 0;
	sqlite3 *reader;
	sqlite3_stmt *statement;

	assert_int_equal(sqlite3_open_v2(f->path, &reader, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	if (sqlite3_prepare_v2(reader, sql, -1, &statement, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(reader));
	while (sqlite3_step(statement) == SQLITE_ROW) {
		for (int i = 0; i < sqlite3_column_count(statement); i++) {
			const unsigned char *value = sqlite3_column_text(statement, i);

			length += (size_t)snprintf(found + length, sizeof(found) - length, "%s%s",
						   length > 0 ? "|" : "",
						   value ? (const char *)value : "-");
			assert_true(length < sizeof(found));
		}
	}
	sqlite3_finalize(statement);
	sqlite3_close(reader);
	assert_string_equal(found, want);
}

void sink_store_write_exit(struct sink_store *f, int32_t status)
{
	struct record record = {
		.class = RECORD_EXIT,
		.exit = { .time_ns = NOW, .process = sink_store_curl, .status = status }
	};

	sink_store_write(f, &record);
}
