/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/sinks/database.h"
#include "collector/sinks/ledger.h"
#include "collector/sinks/sink.h"
#include "support/temp_dir.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

/* 2026-11-23T01:02:03.456Z */
#define NOW 1795395723456000000ull
#define NOW_TEXT "2026-11-23T01:02:03.456Z"
#define LATER_TEXT "2026-11-23T01:02:05.456Z"
#define SENSOR_TEXT "00112233-4455-6677-8899-aabbccddeeff"
#define TEXT(s)                                                                                    \
	{                                                                                          \
		s, sizeof(s) - 1                                                                   \
	}

static const uint8_t sensor[16] = { 0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
				    0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff };
static const struct batch_header header = { .boot_id = { 0xde, 0xad, 0xbe, 0xef, 5, 6, 7, 8, 9, 10,
							 11, 12, 13, 14, 15, 16 } };

struct fixture {
	const void *row; /* of a table of cases, unless NULL */
	char *directory;
	char *path;
	struct database *database;
	struct ledger *ledger;
	struct sinks sinks;
};

static void open_store(struct fixture *f)
{
	char error[DATABASE_ERROR_BYTES] = "";
	struct sink_options options = { 0 };
	const char *name = "";

	assert_int_equal(database_open(f->path, &f->database, error), 0);
	options.database = f->database;
	assert_int_equal(ledger_new(f->database, &f->ledger), 0);
	assert_int_equal(sinks_open(&options, &f->sinks, &name), 0);
	assert_int_equal(f->sinks.count, 1); /* no lines were asked for */
}

static void close_store(struct fixture *f)
{
	sinks_close(&f->sinks);
	ledger_free(f->ledger);
	database_close(f->database);
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->row = *state;
	f->directory = temp_dir_new();
	f->path = temp_dir_path(f->directory, "yagura.db");
	open_store(f);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	close_store(f);
	temp_dir_remove(f->directory);
	free(f->path);
	free(f);
	return 0;
}

static void write_one(struct fixture *f, const struct record *record)
{
	struct sink_item item = { .sensor = sensor, .header = &header, .record = record };

	assert_int_equal(sinks_write(&f->sinks, &item), 0);
}

/* What another process reads: the answer's columns with '|' between and NULL as "-". */
static void expect(const struct fixture *f, const char *sql, const char *want)
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

static const struct record_process curl = {
	.key = { .start_ns = 0x1234, .pid = 4711, .exec_count = 2 },
	.uid = 0,
	.gid = 1000,
	.executable = TEXT("/usr/bin/curl"),
	.args = TEXT("curl\0-s\0\0http://x\0"),
};

static void exec_row(void **state)
{
	struct record record = { .class = RECORD_EXEC };
	struct fixture *f = *state;

	record.exec = (struct record_exec){
		.time_ns = NOW,
		.process = curl,
		.parent = { .key = { .start_ns = 0x99, .pid = 4700, .exec_count = 1 },
			    .uid = UINT32_MAX,
			    .gid = UINT32_MAX,
			    .executable = TEXT("/usr/bin/bash"),
			    .args = TEXT("bash\0") },
		.euid = 33,
		.egid = UINT32_MAX,
		.cgroup_id = 4321,
		.deleted = true,
	};
	record.exec.process.args_truncated = true;
	write_one(f, &record);
	assert_int_equal(sinks_flush(&f->sinks), 0);
	expect(f, "SELECT * FROM execs",
	       SENSOR_TEXT "|" NOW_TEXT "|exec|4711|deadbeef-4711-1234-2|/usr/bin/curl|"
			   "[\"curl\",\"-s\",\"\",\"http://x\"]|1|0|1000|33|-|4700|"
			   "deadbeef-4700-99-1|/usr/bin/bash|[\"bash\"]|4321|1");
}

/* A process the sensor knows nothing of: NULL everywhere, never 0 or "". */
static void unknown_is_null(void **state)
{
	struct record record = { .class = RECORD_EXEC };
	struct fixture *f = *state;

	record.exec = (struct record_exec){ .time_ns = NOW,
					    .process = { .uid = UINT32_MAX, .gid = UINT32_MAX },
					    .parent = { .uid = UINT32_MAX, .gid = UINT32_MAX },
					    .euid = UINT32_MAX,
					    .egid = UINT32_MAX };
	write_one(f, &record);
	assert_int_equal(sinks_flush(&f->sinks), 0);
	expect(f, "SELECT * FROM execs",
	       SENSOR_TEXT "|" NOW_TEXT "|exec|-|-|-|-|0|-|-|-|-|-|-|-|-|-|0");
}

static void hostile_text_is_bound(void **state)
{
	struct record record = { .class = RECORD_EXEC };
	struct fixture *f = *state;

	record.exec = (struct record_exec){ .time_ns = NOW, .process = curl };
	record.exec.process.executable = (struct text)TEXT("/tmp/'); DROP TABLE execs; --\xff\0x");
	write_one(f, &record);
	assert_int_equal(sinks_flush(&f->sinks), 0);
	expect(f, "SELECT process_executable FROM execs",
	       "/tmp/'); DROP TABLE execs; --\xef\xbf\xbd\xef\xbf\xbdx");
}

static void write_exit(struct fixture *f, int32_t status)
{
	struct record record = { .class = RECORD_EXIT,
				 .exit = { .time_ns = NOW, .process = curl, .status = status } };

	write_one(f, &record);
}

static void exit_rows(void **state)
{
	struct fixture *f = *state;

	write_exit(f, 0);
	write_exit(f, W_EXITCODE(3, 0));
	write_exit(f, SIGKILL);
	write_exit(f, SIGSEGV | 0x80);
	assert_int_equal(sinks_flush(&f->sinks), 0);
	expect(f, "SELECT * FROM exits LIMIT 1",
	       SENSOR_TEXT "|" NOW_TEXT "|exit|4711|deadbeef-4711-1234-2|/usr/bin/curl|"
			   "[\"curl\",\"-s\",\"\",\"http://x\"]|0|0|-");
	expect(f, "SELECT process_exit_code, yagura_exit_signal FROM exits", "0|-|3|-|-|9|-|11");
}

static struct record example_flow(void)
{
	return (struct record){
		.class = RECORD_FLOW,
		.flow = {
			.start_ns = NOW,
			.end_ns = NOW + 2000000000,
			.cookie = UINT64_MAX,
			.index = 1,
			.part = 3,
			.final = true,
			.direction = DIRECTION_EGRESS,
			.state = FLOW_CLOSED,
			.protocol = 6,
			.source = { .addr = { [10] = 0xff, 0xff, 10, 0, 0, 1 },
				    .port = 40000,
				    .bytes = 78,
				    .packets = 6 },
			.destination = { .addr = { [10] = 0xff, 0xff, 10, 0, 0, 2 },
					 .port = 80,
					 .bytes = 0,
					 .packets = 5 },
			.retransmits = 0,
			.srtt_us = 150,
			.handshake_us = 99,
			.owner_quality = QUALITY_CALLER,
			.process = curl,
		},
	};
}

static void flow_row(void **state)
{
	struct record record = example_flow();
	struct fixture *f = *state;

	write_one(f, &record);
	assert_int_equal(sinks_flush(&f->sinks), 0);
	expect(f, "SELECT * FROM flows",
	       SENSOR_TEXT "|" LATER_TEXT "|flow|deadbeef-ffffffffffffffff-1|3|1|closed|-|" NOW_TEXT
			   "|" LATER_TEXT "|tcp|ipv4|egress|10.0.0.1|40000|78|6|10.0.0.2|80|0|5|"
			   "4711|deadbeef-4711-1234-2|/usr/bin/curl|"
			   "[\"curl\",\"-s\",\"\",\"http://x\"]|0|caller|-|-|-|0|150|99");
}

static void accepted_flow_row(void **state)
{
	struct record record = example_flow();
	struct fixture *f = *state;

	record.flow.direction = DIRECTION_INGRESS;
	record.flow.handshake_us = 0;
	record.flow.source.addr[0] = 0xfd;
	record.flow.destination.addr[0] = 0xfd;
	record.flow.listener = curl;
	record.flow.listener.key.pid = 1;
	write_one(f, &record);
	assert_int_equal(sinks_flush(&f->sinks), 0);
	expect(f,
	       "SELECT network_type, network_direction, destination_ip, yagura_handshake_us,"
	       " yagura_listener_pid, yagura_listener_entity_id, yagura_listener_executable"
	       " FROM flows",
	       "ipv6|ingress|fd00::ffff:a00:2|-|1|deadbeef-1-1234-2|/usr/bin/curl");
}

static void failed_flow_row(void **state)
{
	struct record record = example_flow();
	struct fixture *f = *state;

	record.flow.state = FLOW_FAILED;
	record.flow.error = ECONNREFUSED;
	record.flow.counters_reset = true;
	memset(record.flow.source.addr, 0, 16);
	record.flow.source.port = 0;
	write_one(f, &record);
	record.flow.cookie = 5;
	record.flow.error = 99999;
	write_one(f, &record);
	assert_int_equal(sinks_flush(&f->sinks), 0);
	expect(f,
	       "SELECT yagura_state, yagura_error, source_ip, source_port, source_bytes,"
	       " destination_packets, yagura_srtt_us, yagura_retransmits FROM flows ORDER BY rowid",
	       "failed|ECONNREFUSED|-|-|-|-|-|-|failed|99999|-|-|-|-|-|-");
}

static void write_part(struct fixture *f, uint32_t part, bool final, uint64_t bytes)
{
	struct record record = example_flow();

	record.flow.part = part;
	record.flow.final = final;
	record.flow.source.bytes = bytes;
	write_one(f, &record);
}

static struct upsert_case {
	const char *name;
	struct {
		uint32_t part;
		bool final;
	} parts[3]; /* with 100, 200, 300 bytes */
	const char *want; /* part, final, bytes */
} upserts[] = {
	{ "parts in order", { { 0, false }, { 1, false }, { 2, true } }, "2|1|300" },
	{ "a lower part comes late", { { 1, false }, { 2, false }, { 0, false } }, "2|0|200" },
	{ "the same part again", { { 1, false }, { 1, false }, { 1, false } }, "1|0|100" },
	{ "nothing replaces the final part",
	  { { 2, true }, { 3, false }, { 4, true } },
	  "2|1|100" },
	{ "the final part replaces a higher one",
	  { { 4, false }, { 5, false }, { 1, true } },
	  "1|1|300" },
};

static void check_upsert(void **state)
{
	struct fixture *f = *state;
	const struct upsert_case *c = f->row;

	for (uint64_t i = 0; i < 3; i++)
		write_part(f, c->parts[i].part, c->parts[i].final, (i + 1) * 100);
	assert_int_equal(sinks_flush(&f->sinks), 0);
	expect(f, "SELECT yagura_part, yagura_final, source_bytes FROM flows", c->want);
}

static void gap_rows(void **state)
{
	struct record record = { .class = RECORD_GAP,
				 .gap = { .time_ns = NOW,
					  .class = RECORD_FLOW,
					  .reason = GAP_RING_FULL,
					  .count = 12 } };
	struct sink_hole hole = { .lane = 1, .first_seq = 8, .last_seq = 9 };
	struct sink_item item = { .sensor = sensor, .record = &record, .hole = &hole };
	struct fixture *f = *state;

	write_one(f, &record);
	record.gap.class = RECORD_CLASS_COUNT;
	record.gap.reason = GAP_UNEXPLAINED;
	record.gap.count = 2;
	assert_int_equal(sinks_write(&f->sinks, &item), 0);
	assert_int_equal(sinks_flush(&f->sinks), 0);
	expect(f, "SELECT * FROM gaps",
	       SENSOR_TEXT "|" NOW_TEXT "|gap|flow|ring_full|12|-|-|-|" SENSOR_TEXT "|" NOW_TEXT
			   "|gap|-|unexplained|2|1|8|9");
}

static uint64_t mark_of(struct fixture *f, uint64_t generation, uint32_t lane)
{
	struct dedupe_key key = { .sensor = sensor, .generation = generation, .lane = lane };
	uint64_t mark = 999;

	assert_int_equal(ledger_mark_get(f->ledger, &key, &mark), 0);
	return mark;
}

static void set_mark(struct fixture *f, uint64_t generation, uint32_t lane, uint64_t mark)
{
	struct dedupe_key key = { .sensor = sensor, .generation = generation, .lane = lane };

	assert_int_equal(ledger_mark_set(f->ledger, &key, mark), 0);
}

static void marks_last_with_their_rows(void **state)
{
	struct fixture *f = *state;

	write_exit(f, 0);
	set_mark(f, UINT64_MAX, 1, 7);
	set_mark(f, UINT64_MAX, 1, INT64_MAX);
	set_mark(f, 1, 0, 3);
	assert_int_equal(sinks_flush(&f->sinks), 0);
	write_exit(f, W_EXITCODE(1, 0)); /* never flushed: gone, like after kill -9 */
	set_mark(f, 1, 0, 4);
	assert_int_equal(mark_of(f, 1, 0), 4);
	close_store(f);
	open_store(f);
	assert_int_equal(mark_of(f, UINT64_MAX, 1), INT64_MAX);
	assert_int_equal(mark_of(f, 1, 0), 3);
	assert_int_equal(mark_of(f, 1, 1), 0);
	assert_int_equal(mark_of(f, 2, 0), 0);
	expect(f, "SELECT count(*) FROM exits", "1");
}

static void discarded_is_gone(void **state)
{
	struct fixture *f = *state;

	write_exit(f, 0);
	set_mark(f, 1, 0, 3);
	sinks_discard(&f->sinks);
	assert_int_equal(mark_of(f, 1, 0), 0);
	write_exit(f, W_EXITCODE(1, 0));
	assert_int_equal(sinks_flush(&f->sinks), 0);
	expect(f, "SELECT process_exit_code FROM exits", "1");
	expect(f, "SELECT count(*) FROM marks", "0");
}

/* A full disk, as SQLite sees it: a page limit. Nothing that was not flushed may count. */
static void full_disk(void **state)
{
	struct fixture *f = *state;
	struct record record = example_flow();
	struct sink_item item = { .sensor = sensor, .header = &header, .record = &record };
	sqlite3_stmt *limit;
	int r = 0;

	assert_int_equal(database_prepare(f->database, "PRAGMA max_page_count = 1", &limit), 0);
	assert_int_equal(sqlite3_step(limit), SQLITE_ROW);
	sqlite3_finalize(limit);
	for (uint64_t i = 0; i < 10000 && r == 0; i++) {
		record.flow.cookie = i;
		r = sinks_write(&f->sinks, &item);
	}
	assert_int_equal(r, -ENOSPC);
	assert_true(strlen(database_error(f->database)) > 0);
	sinks_discard(&f->sinks);
	assert_int_equal(sinks_flush(&f->sinks), 0);
	expect(f, "SELECT count(*) FROM flows", "0");
}

/* SQLite may end a transaction by itself; what is left of the group must not pass for durable. */
static void lost_transaction_is_noticed(void **state)
{
	struct fixture *f = *state;
	sqlite3_stmt *rollback;

	write_exit(f, 0);
	assert_int_equal(database_prepare(f->database, "ROLLBACK", &rollback), 0);
	assert_int_equal(sqlite3_step(rollback), SQLITE_DONE);
	sqlite3_finalize(rollback);
	assert_int_equal(database_begin(f->database), -EIO);
	assert_int_equal(sinks_flush(&f->sinks), -EIO);
	sinks_discard(&f->sinks);
	write_exit(f, W_EXITCODE(1, 0));
	assert_int_equal(sinks_flush(&f->sinks), 0);
	expect(f, "SELECT process_exit_code FROM exits", "1");
}

static struct verify_hello example_hello(void)
{
	struct verify_hello hello = { .generation = UINT64_MAX,
				      .instance = 0xabc,
				      .version = "0.1.0",
				      .kernel = "6.1.0",
				      .host = "web1" };

	memcpy(hello.boot_id, header.boot_id, sizeof(hello.boot_id));
	return hello;
}

static void sensor_row(void **state)
{
	struct verify_hello hello = example_hello();
	struct ledger_arrival arrival = { .sensor = sensor,
					  .hello = &hello,
					  .tls_version = "TLSv1.3",
					  .tls_group = "x25519",
					  .time_ns = NOW };
	struct fixture *f = *state;

	assert_int_equal(ledger_arrive(f->ledger, &arrival), 0);
	assert_int_equal(ledger_count(f->ledger, sensor, 10, NOW), 0);
	assert_int_equal(ledger_count(f->ledger, sensor, 5, NOW + 2000000000), 0);
	assert_int_equal(database_commit(f->database), 0);
	expect(f, "SELECT * FROM sensors",
	       SENSOR_TEXT "|web1|0.1.0|6.1.0|ffffffffffffffff|"
			   "deadbeef-0506-0708-090a-0b0c0d0e0f10|0000000000000abc|" NOW_TEXT
			   "|" LATER_TEXT "|TLSv1.3|x25519|1|2|15");

	snprintf(hello.host, sizeof(hello.host), "web2");
	arrival.time_ns = NOW + 2000000000;
	assert_int_equal(ledger_arrive(f->ledger, &arrival), 0);
	assert_int_equal(ledger_leave(f->ledger, sensor, NOW + 2000000000), 0);
	assert_int_equal(database_commit(f->database), 0);
	expect(f,
	       "SELECT host_name, first_seen, last_seen, connected, batches, records FROM sensors",
	       "web2|" NOW_TEXT "|" LATER_TEXT "|0|2|15");
}

static void nobody_is_connected_after_a_start(void **state)
{
	struct verify_hello hello = example_hello();
	struct ledger_arrival arrival = {
		.sensor = sensor, .hello = &hello, .tls_version = "", .tls_group = ""
	};
	struct fixture *f = *state;

	assert_int_equal(ledger_arrive(f->ledger, &arrival), 0);
	assert_int_equal(database_commit(f->database), 0);
	close_store(f);
	open_store(f);
	expect(f, "SELECT connected FROM sensors", "0");
}

static void newer_schema_is_refused(void **state)
{
	char error[DATABASE_ERROR_BYTES] = "";
	struct database *refused = NULL;
	struct fixture *f = *state;
	sqlite3 *other;

	close_store(f);
	assert_int_equal(sqlite3_open(f->path, &other), SQLITE_OK);
	assert_int_equal(sqlite3_exec(other, "PRAGMA user_version = 2", NULL, NULL, NULL), 0);
	assert_int_equal(database_open(f->path, &refused, error), -EPROTO);
	assert_null(refused);
	assert_non_null(strstr(error, f->path));
	assert_non_null(strstr(error, "schema 2"));
	assert_int_equal(sqlite3_exec(other, "PRAGMA user_version = 1", NULL, NULL, NULL), 0);
	sqlite3_close(other);
	open_store(f);
}

static void not_a_database_is_refused(void **state)
{
	char error[DATABASE_ERROR_BYTES] = "";
	struct database *refused = NULL;
	struct fixture *f = *state;
	char *path = temp_dir_path(f->directory, "text.db");

	temp_dir_write(f->directory, "text.db", "this is no database, but it is long enough", 42);
	assert_int_equal(database_open(path, &refused, error), -EUCLEAN);
	assert_non_null(strstr(error, "text.db"));
	assert_null(refused);
	free(path);
}

static void commits_are_synced(void **state)
{
	struct fixture *f = *state;
	sqlite3_stmt *statement;

	expect(f, "PRAGMA journal_mode", "wal");
	assert_int_equal(database_prepare(f->database, "PRAGMA synchronous", &statement), 0);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	assert_int_equal(sqlite3_column_int(statement, 0), 2); /* FULL */
	sqlite3_finalize(statement);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
#define UPSERTS (sizeof(upserts) / sizeof(upserts[0]))

int main(void)
{
	const struct CMUnitTest others[] = {
		TEST(exec_row),
		TEST(unknown_is_null),
		TEST(hostile_text_is_bound),
		TEST(exit_rows),
		TEST(flow_row),
		TEST(accepted_flow_row),
		TEST(failed_flow_row),
		TEST(gap_rows),
		TEST(marks_last_with_their_rows),
		TEST(discarded_is_gone),
		TEST(full_disk),
		TEST(lost_transaction_is_noticed),
		TEST(sensor_row),
		TEST(nobody_is_connected_after_a_start),
		TEST(newer_schema_is_refused),
		TEST(not_a_database_is_refused),
		TEST(commits_are_synced),
	};
	struct CMUnitTest tests[UPSERTS];
	int failed;

	for (size_t i = 0; i < UPSERTS; i++)
		tests[i] = (struct CMUnitTest){ upserts[i].name, check_upsert, set_up, tear_down,
						&upserts[i] };
	failed = cmocka_run_group_tests_name("parts of a flow", tests, NULL, NULL);
	return failed + cmocka_run_group_tests_name("sqlite", others, NULL, NULL);
}
