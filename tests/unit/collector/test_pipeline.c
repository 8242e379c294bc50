/* SPDX-License-Identifier: Apache-2.0 */
/* The whole collector in a process of its own, over loopback with real TLS. */
#include "collector/pipeline.h"

#include "collector/store.h"
#include "common/crc32c.h"
#include "common/log.h"
#include "common/uuid.h"
#include "support/pki.h"
#include "support/sensor_client.h"
#include "support/temp_dir.h"
#include "telemetry/batch_codec.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

#define SENSOR_A "00000000-0000-4000-8000-00000000000a"
#define SENSOR_B "00000000-0000-4000-8000-00000000000b"
#define URI "URI:spiffe://yagura/sensor/"

enum { LANE_A, LANE_B };

static char *pki; /* directory of all certificates */

struct fixture {
	char *directory; /* of the store and the log */
	pid_t collector;
	uint16_t port;
};

/* --- the collector's process --- */

static struct pipeline_options options_in(const char *directory, char paths[3][512])
{
	snprintf(paths[0], 512, "%s/ca.crt", pki);
	snprintf(paths[1], 512, "%s/collector.crt", pki);
	snprintf(paths[2], 512, "%s/collector.key", pki);
	return (struct pipeline_options){
		.address = "127.0.0.1",
		.tls = { paths[0], paths[1], paths[2] },
		.directory = directory,
		.connections_max = 4,
		.window_bytes = 64 << 10,
	};
}

/* Writes its port to `report` once it listens; then runs until a signal. */
static int run_collector(const char *directory, int report)
{
	char paths[3][512];
	struct pipeline_options options = options_in(directory, paths);
	char *log = temp_dir_path(directory, "log");
	char error[PIPELINE_ERROR_BYTES];
	struct pipeline *pipeline;
	uint16_t port;
	int r;

	if (!freopen(log, "a", stderr))
		return 2;
	free(log);
	log_init("collector", LOG_LEVEL_INFO);
	r = pipeline_open(&options, &pipeline, error);
	if (r < 0) {
		log_error("test", "%s", error);
		return 3;
	}
	port = (uint16_t)atoi(strrchr(pipeline_address(pipeline), ':') + 1);
	r = write(report, &port, sizeof(port)) == sizeof(port) ? pipeline_run(pipeline) : -EIO;
	pipeline_close(pipeline);
	return r < 0;
}

static void start_collector(struct fixture *f)
{
	int report[2];

	assert_int_equal(pipe(report), 0);
	f->collector = fork();
	assert_true(f->collector >= 0);
	if (f->collector == 0)
		_exit(run_collector(f->directory, report[1]));
	close(report[1]);
	assert_int_equal(read(report[0], &f->port, sizeof(f->port)), sizeof(f->port));
	close(report[0]);
}

static int end_collector(struct fixture *f, int signal_number)
{
	int status = -1;

	kill(f->collector, signal_number);
	assert_int_equal(waitpid(f->collector, &status, 0), f->collector);
	f->collector = -1;
	return status;
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->directory = temp_dir_new();
	start_collector(f);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	int status = f->collector > 0 ? end_collector(f, SIGTERM) : 0;

	temp_dir_remove(f->directory);
	free(f);
	return status;
}

/* --- what it keeps --- */

static long query(const struct fixture *f, const char *sql)
{
	char *path = temp_dir_path(f->directory, "yagura.db");
	sqlite3_stmt *statement = NULL;
	sqlite3 *reader;
	long value;

	assert_int_equal(sqlite3_open_v2(path, &reader, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	sqlite3_busy_timeout(reader, 5000);
	if (sqlite3_prepare_v2(reader, sql, -1, &statement, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(reader));
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	value = (long)sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	sqlite3_close(reader);
	free(path);
	return value;
}

static void expect_log(const struct fixture *f, const char *text)
{
	char *path = temp_dir_path(f->directory, "log");
	char found[16384];
	FILE *log = fopen(path, "re");
	size_t length;

	assert_non_null(log);
	length = fread(found, 1, sizeof(found) - 1, log);
	found[length] = '\0';
	fclose(log);
	free(path);
	if (!strstr(found, text))
		fail_msg("\"%s\" is not in the log:\n%s", text, found);
}

/* --- a sensor --- */

static bool try_connect(const struct fixture *f, struct sensor_client *client, const char *name)
{
	struct sensor_client_options options = {
		.port = f->port, .directory = pki, .ca = "ca", .certificate = name
	};

	return sensor_client_open(client, &options);
}

/* *hello holds what is said of the lanes. */
static void send_hello(struct sensor_client *client, const char *sensor, uint64_t instance,
		       Yagura__Transport__Hello *hello)
{
	Frame frame = YAGURA__TRANSPORT__FRAME__INIT;
	uint8_t id[16];
	uint8_t boot_id[16] = { 1, 2, 3 };

	assert_int_equal(uuid_parse(sensor, id), 0);
	hello->protocol = 1;
	hello->sensor = (ProtobufCBinaryData){ sizeof(id), id };
	hello->boot_id = (ProtobufCBinaryData){ sizeof(boot_id), boot_id };
	hello->generation = 5;
	hello->instance = instance;
	hello->host = (char *)"web1";
	frame.body_case = YAGURA__TRANSPORT__FRAME__BODY_HELLO;
	frame.hello = hello;
	sensor_client_send(client, &frame);
}

static void say_hello(struct sensor_client *client, const char *sensor, uint64_t instance)
{
	Yagura__Transport__Hello hello = YAGURA__TRANSPORT__HELLO__INIT;

	send_hello(client, sensor, instance, &hello);
}

static void expect_hello_ack(struct sensor_client *client, uint64_t next_a, uint64_t next_b)
{
	Frame *frame = sensor_client_receive(client);

	assert_non_null(frame);
	assert_int_equal(frame->body_case, YAGURA__TRANSPORT__FRAME__BODY_HELLO_ACK);
	assert_int_equal(frame->hello_ack->window_bytes, 64 << 10);
	assert_int_equal(frame->hello_ack->lanes[LANE_A]->next_seq, next_a);
	assert_int_equal(frame->hello_ack->lanes[LANE_B]->next_seq, next_b);
	yagura__transport__frame__free_unpacked(frame, NULL);
}

static void greet(const struct fixture *f, struct sensor_client *client, uint64_t next_a,
		  uint64_t next_b)
{
	assert_true(try_connect(f, client, "a"));
	say_hello(client, SENSOR_A, 1);
	expect_hello_ack(client, next_a, next_b);
}

static void send_payload(struct sensor_client *client, Yagura__Transport__Batch *batch)
{
	Frame frame = YAGURA__TRANSPORT__FRAME__INIT;

	frame.body_case = YAGURA__TRANSPORT__FRAME__BODY_BATCH;
	frame.batch = batch;
	sensor_client_send(client, &frame);
}

static struct record record_of(uint32_t lane, uint64_t seq)
{
	struct record record = { .class = lane == LANE_A ? RECORD_EXEC : RECORD_FLOW };

	if (lane == LANE_A) {
		record.exec.time_ns = 1795395723456000000ull;
		record.exec.process.key = (struct record_process_key){ 1000, (uint32_t)seq, 1 };
		return record;
	}
	record.flow.start_ns = 1795395723456000000ull;
	record.flow.end_ns = record.flow.start_ns;
	record.flow.cookie = seq;
	record.flow.final = true;
	record.flow.direction = DIRECTION_EGRESS;
	record.flow.state = FLOW_CLOSED;
	record.flow.protocol = 6;
	return record;
}

/* A batch of one exec whose pid is `seq` (lane A), or one flow whose cookie is (lane B). `crc_flip`
 * spoils its checksum. */
static void send_batch(struct sensor_client *client, uint32_t lane, uint64_t seq, uint32_t crc_flip)
{
	struct batch_header header = { .boot_id = { 1, 2, 3 } };
	struct batch_encoder *encoder = batch_encoder_new(&header);
	Yagura__Transport__Batch batch = YAGURA__TRANSPORT__BATCH__INIT;
	struct record record = record_of(lane, seq);
	uint8_t *payload = NULL;
	size_t size = 0;
	size_t raw_size = 0;

	assert_non_null(encoder);
	assert_int_equal(batch_encoder_add(encoder, &record), 0);
	assert_int_equal(batch_encoder_finish(encoder, &payload, &size, &raw_size), 0);
	batch.lane = lane;
	batch.seq = seq;
	batch.raw_bytes = (uint32_t)raw_size;
	batch.crc32c = crc32c(0, payload, size) ^ crc_flip;
	batch.payload = (ProtobufCBinaryData){ size, payload };
	send_payload(client, &batch);
	free(payload);
	batch_encoder_free(encoder);
}

/* Acks are cumulative: reads until the one wanted, none of another lane or beyond. */
static void expect_ack(struct sensor_client *client, uint32_t lane, uint64_t seq)
{
	uint64_t acked = 0;

	while (acked < seq) {
		Frame *frame = sensor_client_receive(client);

		assert_non_null(frame);
		assert_int_equal(frame->body_case, YAGURA__TRANSPORT__FRAME__BODY_ACK);
		assert_int_equal(frame->ack->lane, lane);
		acked = frame->ack->seq;
		yagura__transport__frame__free_unpacked(frame, NULL);
	}
	assert_int_equal(acked, seq);
}

/* Then the collector closes. */
static void expect_failure(struct sensor_client *client, uint32_t code)
{
	Frame *frame = sensor_client_receive(client);

	assert_non_null(frame);
	assert_int_equal(frame->body_case, YAGURA__TRANSPORT__FRAME__BODY_FAILURE);
	assert_int_equal(frame->failure->code, code);
	assert_true(strlen(frame->failure->text) > 0);
	yagura__transport__frame__free_unpacked(frame, NULL);
	assert_null(sensor_client_receive(client));
}

/* --- tests --- */

static void stores_then_acknowledges(void **state)
{
	struct fixture *f = *state;
	struct sensor_client client;

	greet(f, &client, 1, 1);
	send_batch(&client, LANE_A, 1, 0);
	expect_ack(&client, LANE_A, 1);
	assert_int_equal(query(f, "SELECT count(*) FROM execs WHERE process_pid = 1"), 1);
	send_batch(&client, LANE_B, 1, 0);
	send_batch(&client, LANE_B, 2, 0);
	expect_ack(&client, LANE_B, 2);
	assert_int_equal(query(f, "SELECT count(*) FROM flows"), 2);
	assert_int_equal(query(f, "SELECT count(*) FROM sensors WHERE yagura_sensor = '" SENSOR_A
				  "' AND connected = 1 AND host_name = 'web1' AND batches = 3"
				  " AND records = 3 AND tls_version = 'TLSv1.3'"
				  " AND tls_group != ''"),
			 1);
	sensor_client_close(&client);
}

static void repeats_are_dropped_and_acknowledged_again(void **state)
{
	struct fixture *f = *state;
	struct sensor_client client;

	greet(f, &client, 1, 1);
	send_batch(&client, LANE_A, 1, 0);
	send_batch(&client, LANE_A, 2, 0);
	send_batch(&client, LANE_A, 2, 0); /* perhaps in the same transaction */
	expect_ack(&client, LANE_A, 2);
	sensor_client_close(&client);

	greet(f, &client, 3, 1);
	send_batch(&client, LANE_A, 1, 0);
	expect_ack(&client, LANE_A, 2); /* cumulative */
	send_batch(&client, LANE_A, 3, 0);
	expect_ack(&client, LANE_A, 3);
	sensor_client_close(&client);
	assert_int_equal(query(f, "SELECT count(*) FROM execs"), 3);
	assert_int_equal(query(f, "SELECT count(*) FROM gaps"), 0);
}

static void hole_is_stored_once(void **state)
{
	struct fixture *f = *state;
	struct sensor_client client;

	greet(f, &client, 1, 1);
	send_batch(&client, LANE_B, 1, 0);
	send_batch(&client, LANE_B, 5, 0);
	expect_ack(&client, LANE_B, 5);
	send_batch(&client, LANE_B, 3, 0); /* too late: it was written off */
	expect_ack(&client, LANE_B, 5);
	assert_int_equal(query(f, "SELECT count(*) FROM flows"), 2);
	assert_int_equal(query(f, "SELECT count(*) FROM gaps"), 1);
	assert_int_equal(query(f, "SELECT count(*) FROM gaps WHERE yagura_reason = 'unexplained'"
				  " AND yagura_count = 3 AND yagura_lane = 1"
				  " AND yagura_first_seq = 2 AND yagura_last_seq = 4"),
			 1);
	expect_log(f, "batches 2 to 4 are missing");
	sensor_client_close(&client);
}

/* Hello of a sensor that still has `first` … `next` - 1 in both lanes. */
static void say_spool(struct sensor_client *client, uint64_t instance, uint64_t first, uint64_t next)
{
	Yagura__Transport__Hello hello = YAGURA__TRANSPORT__HELLO__INIT;
	Yagura__Transport__Lane lanes[2];
	Yagura__Transport__Lane *pointers[2] = { &lanes[0], &lanes[1] };

	for (uint32_t i = 0; i < 2; i++) {
		yagura__transport__lane__init(&lanes[i]);
		lanes[i].lane = i;
		lanes[i].first_seq = first;
		lanes[i].next_seq = next;
	}
	hello.n_lanes = 2;
	hello.lanes = pointers;
	send_hello(client, SENSOR_A, instance, &hello);
}

/* A spool restored from a snapshot gives stored numbers to new records: none may pass for known. */
static void spool_set_back_starts_over(void **state)
{
	struct fixture *f = *state;
	struct sensor_client client;

	greet(f, &client, 1, 1);
	for (uint64_t seq = 1; seq <= 5; seq++)
		send_batch(&client, LANE_A, seq, 0);
	expect_ack(&client, LANE_A, 5);
	sensor_client_close(&client);

	assert_true(try_connect(f, &client, "a"));
	say_spool(&client, 2, 3, 4);
	expect_hello_ack(&client, 3, 1);
	expect_log(f, "lane 0: its spool was set back to an older state: it makes batch 4 next, "
		      "but 5 is stored; taken anew from 3 on");
	send_batch(&client, LANE_A, 3, 0);
	send_batch(&client, LANE_A, 4, 0);
	expect_ack(&client, LANE_A, 4);
	assert_int_equal(query(f, "SELECT count(*) FROM execs"), 7);
	assert_int_equal(query(f, "SELECT count(*) FROM gaps"), 0);
	sensor_client_close(&client);
}

/* Of the same start, such a Hello has only been overtaken. */
static void late_hello_starts_nothing_over(void **state)
{
	struct fixture *f = *state;
	struct sensor_client client;

	greet(f, &client, 1, 1);
	send_batch(&client, LANE_A, 1, 0);
	send_batch(&client, LANE_A, 2, 0);
	expect_ack(&client, LANE_A, 2);
	sensor_client_close(&client);
	assert_true(try_connect(f, &client, "a"));
	say_spool(&client, 1, 1, 2);
	expect_hello_ack(&client, 3, 1);
	sensor_client_close(&client);
}

static void bad_checksum_hurts_nobody_else(void **state)
{
	struct fixture *f = *state;
	struct sensor_client good;
	struct sensor_client bad;

	greet(f, &good, 1, 1);
	assert_true(try_connect(f, &bad, "b"));
	say_hello(&bad, SENSOR_B, 1);
	expect_hello_ack(&bad, 1, 1);
	send_batch(&bad, LANE_A, 1, 1);
	send_batch(&good, LANE_A, 1, 0);
	expect_failure(&bad, 4);
	expect_ack(&good, LANE_A, 1);
	expect_log(f, "sensor " SENSOR_B);
	expect_log(f, "checksum");
	assert_int_equal(query(f, "SELECT count(*) FROM execs"), 1);
	sensor_client_close(&good);
	sensor_client_close(&bad);
}

static void malformed_payload_leaves_nothing(void **state)
{
	static uint8_t garbage[] = "these bytes were never deflated";
	Yagura__Transport__Batch batch = YAGURA__TRANSPORT__BATCH__INIT;
	struct fixture *f = *state;
	struct sensor_client client;

	greet(f, &client, 1, 1);
	send_batch(&client, LANE_A, 1, 0);
	batch.seq = 2;
	batch.raw_bytes = 100;
	batch.payload = (ProtobufCBinaryData){ sizeof(garbage), garbage };
	batch.crc32c = crc32c(0, garbage, sizeof(garbage));
	expect_ack(&client, LANE_A, 1);
	send_payload(&client, &batch);
	expect_failure(&client, 4);
	sensor_client_close(&client);
	greet(f, &client, 2, 1);
	sensor_client_close(&client);
}

static void another_identity_is_refused(void **state)
{
	struct fixture *f = *state;
	struct sensor_client client;

	assert_true(try_connect(f, &client, "a"));
	say_hello(&client, SENSOR_B, 1);
	expect_failure(&client, 2);
	sensor_client_close(&client);
	assert_int_equal(query(f, "SELECT count(*) FROM sensors"), 0);
}

static void oversized_frame_is_refused(void **state)
{
	struct fixture *f = *state;
	struct sensor_client client;

	greet(f, &client, 1, 1);
	sensor_client_write(&client, "\x00\x50\x00\x01", 4); /* 5 MiB + 1 */
	expect_failure(&client, 3);
	sensor_client_close(&client);

	assert_true(try_connect(f, &client, "a"));
	sensor_client_write(&client, "\x00\x00\x40\x01", 4); /* 16 KiB + 1, before Hello */
	expect_failure(&client, 3);
	sensor_client_close(&client);
}

static void garbage_is_refused(void **state)
{
	struct fixture *f = *state;
	struct sensor_client client;
	char byte;
	int fd;

	greet(f, &client, 1, 1);
	sensor_client_write(&client, "\x00\x00\x00\x03\xff\xff\xff", 7);
	expect_failure(&client, 4);
	sensor_client_close(&client);

	fd = sensor_client_dial(f->port);
	assert_int_equal(write(fd, "GET / HTTP/1.0\r\n\r\n", 18), 18);
	while (read(fd, &byte, 1) > 0)
		;
	close(fd);
	expect_log(f, "TLS handshake failed");
}

static struct stranger {
	const char *name;
	const char *certificate;
	int tls_version;
	const char *log;
} strangers[] = {
	{ "no certificate", NULL, 0, "TLS handshake failed" },
	{ "a certificate of another authority", "foreign", 0, "TLS handshake failed" },
	{ "a server's certificate", "collector", 0, "TLS handshake failed" },
	{ "a certificate that names no sensor", "nobody", 0, "names no sensor" },
	{ "a certificate with two names", "twofold", 0, "names no sensor" },
	{ "TLS 1.2", "a", TLS1_2_VERSION, "TLS handshake failed" },
};

static void check_stranger(void **state)
{
	const struct stranger *s = *state;
	struct sensor_client_options options = { .directory = pki,
						 .ca = "ca",
						 .certificate = s->certificate,
						 .tls_version = s->tls_version };
	struct sensor_client client;
	struct fixture *f;
	void *fixture;

	set_up(&fixture);
	f = fixture;
	options.port = f->port;
	/* In TLS 1.3 a client learns only from its first read that its certificate was refused. */
	if (sensor_client_open(&client, &options))
		assert_null(sensor_client_receive(&client));
	sensor_client_close(&client);
	expect_log(f, s->log);
	assert_int_equal(query(f, "SELECT count(*) FROM sensors"), 0);
	assert_int_equal(tear_down(&fixture), 0);
}

static void two_sensors_at_once(void **state)
{
	struct fixture *f = *state;
	struct sensor_client a;
	struct sensor_client b;

	greet(f, &a, 1, 1);
	assert_true(try_connect(f, &b, "b"));
	say_hello(&b, SENSOR_B, 1);
	expect_hello_ack(&b, 1, 1);
	for (uint64_t seq = 1; seq <= 50; seq++) {
		send_batch(&a, LANE_B, seq, 0);
		send_batch(&b, LANE_B, seq, 0);
	}
	expect_ack(&a, LANE_B, 50);
	expect_ack(&b, LANE_B, 50);
	assert_int_equal(query(f, "SELECT count(*) FROM flows"), 100);
	assert_int_equal(query(f, "SELECT count(*) FROM sensors WHERE batches = 50"), 2);
	sensor_client_close(&a);
	sensor_client_close(&b);
}

static void new_session_replaces_the_old(void **state)
{
	struct fixture *f = *state;
	struct sensor_client old;
	struct sensor_client new;

	greet(f, &old, 1, 1);
	greet(f, &new, 1, 1);
	expect_failure(&old, 5);
	send_batch(&new, LANE_A, 1, 0);
	expect_ack(&new, LANE_A, 1);
	sensor_client_close(&old);
	assert_true(try_connect(f, &old, "a"));
	say_hello(&old, SENSOR_A, 2);
	expect_hello_ack(&old, 2, 1);
	expect_failure(&new, 5);
	expect_log(f, "two hosts with one identity?");
	assert_int_equal(query(f, "SELECT connected FROM sensors"), 1);
	sensor_client_close(&old);
	sensor_client_close(&new);
}

static void too_many_connections(void **state)
{
	struct fixture *f = *state;
	struct sensor_client clients[4];
	char byte;
	int fd;

	for (size_t i = 0; i < 4; i++) /* connections_max */
		assert_true(try_connect(f, &clients[i], "a"));
	fd = sensor_client_dial(f->port);
	assert_true(read(fd, &byte, 1) <= 0);
	close(fd);
	expect_log(f, "4 connections are open");
	for (size_t i = 0; i < 4; i++)
		sensor_client_close(&clients[i]);
}

static void window_is_enforced(void **state)
{
	static uint8_t filler[40 << 10];
	Yagura__Transport__Batch batch = YAGURA__TRANSPORT__BATCH__INIT;
	struct fixture *f = *state;
	struct sensor_client client;

	greet(f, &client, 1, 1);
	send_batch(&client, LANE_A, 1, 0);
	expect_ack(&client, LANE_A, 1);
	batch.seq = 1; /* a repeat: never decoded, but under way all the same */
	batch.payload = (ProtobufCBinaryData){ sizeof(filler), filler };
	batch.crc32c = crc32c(0, filler, sizeof(filler));
	send_payload(&client, &batch);
	send_payload(&client, &batch);
	expect_failure(&client, 3);
	sensor_client_close(&client);
}

/* Kill it at different moments; whatever was not acknowledged is sent again. */
static void killed_and_resumed_exactly_once(void **state)
{
	enum { ROUNDS = 12, BATCHES = 10 };
	struct fixture *f = *state;
	struct sensor_client client;
	uint64_t next = 1;
	uint64_t acked = 0;

	for (int round = 0; round < ROUNDS; round++) {
		assert_true(try_connect(f, &client, "a"));
		say_hello(&client, SENSOR_A, 1);
		Frame *ack = sensor_client_receive(&client);
		next = ack->hello_ack->lanes[LANE_A]->next_seq;
		yagura__transport__frame__free_unpacked(ack, NULL);
		assert_true(next > acked);
		for (uint64_t seq = next; seq < next + BATCHES; seq++)
			send_batch(&client, LANE_A, seq, 0);
		usleep((useconds_t)round * 8000);
		assert_int_equal(WTERMSIG(end_collector(f, SIGKILL)), SIGKILL);
		while ((ack = sensor_client_receive(&client))) {
			acked = ack->ack->seq;
			yagura__transport__frame__free_unpacked(ack, NULL);
		}
		sensor_client_close(&client);
		start_collector(f);
	}
	assert_true(try_connect(f, &client, "a"));
	say_hello(&client, SENSOR_A, 1);
	Frame *ack = sensor_client_receive(&client);
	next = ack->hello_ack->lanes[LANE_A]->next_seq;
	yagura__transport__frame__free_unpacked(ack, NULL);
	send_batch(&client, LANE_A, next, 0);
	expect_ack(&client, LANE_A, next);
	sensor_client_close(&client);
	assert_true(next > acked && next > 1);
	assert_int_equal(query(f, "SELECT count(*) FROM execs"), next);
	assert_int_equal(query(f, "SELECT count(DISTINCT process_pid) FROM execs"), next);
	assert_int_equal(query(f, "SELECT max(process_pid) FROM execs"), next);
	assert_int_equal(query(f, "SELECT count(*) FROM gaps"), 0);
}

static void terminated_in_order(void **state)
{
	struct fixture *f = *state;
	struct sensor_client client;
	Frame *frame;
	long stored;
	int status;

	greet(f, &client, 1, 1);
	send_batch(&client, LANE_A, 1, 0);
	usleep(10000); /* received, not yet committed by age */
	status = end_collector(f, SIGTERM);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	frame = sensor_client_receive(&client);
	stored = query(f, "SELECT count(*) FROM execs");
	assert_int_equal(stored, frame ? 1 : 0); /* stored and told, or neither */
	if (frame) {
		assert_int_equal(frame->body_case, YAGURA__TRANSPORT__FRAME__BODY_ACK);
		yagura__transport__frame__free_unpacked(frame, NULL);
		assert_null(sensor_client_receive(&client));
	}
	assert_int_equal(query(f, "SELECT connected FROM sensors"), 0);
	sensor_client_close(&client);
}

static void one_collector_a_store(void **state)
{
	char error[STORE_ERROR_BYTES] = "";
	struct store *second = NULL;
	struct fixture *f = *state;

	assert_int_equal(store_open(f->directory, NULL, &second, error), -EWOULDBLOCK);
	assert_null(second);
	assert_non_null(strstr(error, "another yagura-collector"));
	assert_non_null(strstr(error, f->directory));
	end_collector(f, SIGKILL); /* which gives the lock back, too */
	assert_int_equal(store_open(f->directory, NULL, &second, error), 0);
	store_close(second);
}

static struct bad_file {
	const char *name;
	size_t which; /* 0 CA, 1 certificate, 2 key */
	const char *file;
	const char *want;
} bad_files[] = {
	{ "no CA file", 0, "missing.crt", "missing.crt: No such file" },
	{ "no certificate file", 1, "missing.crt", "missing.crt: No such file" },
	{ "no key file", 2, "missing.key", "missing.key: No such file" },
	{ "a CA that is none", 0, "text", "text: " },
	{ "a certificate that is none", 1, "text", "text: " },
	{ "another certificate's key", 2, "a.key", "a.key: key values mismatch" },
};

static void check_bad_file(void **state)
{
	const struct bad_file *c = *state;
	char *directory = temp_dir_new();
	char paths[3][512];
	struct pipeline_options options = options_in(directory, paths);
	char error[PIPELINE_ERROR_BYTES] = "";
	struct pipeline *pipeline = NULL;

	snprintf(paths[c->which], 512, "%s/%s", pki, c->file);
	assert_true(pipeline_open(&options, &pipeline, error) < 0);
	assert_null(pipeline);
	if (!strstr(error, c->want))
		fail_msg("\"%s\" is not in: %s", c->want, error);
	temp_dir_remove(directory);
}

static void address_in_use(void **state)
{
	struct fixture *f = *state;
	char *directory = temp_dir_new();
	char paths[3][512];
	struct pipeline_options options = options_in(directory, paths);
	char error[PIPELINE_ERROR_BYTES] = "";
	struct pipeline *pipeline = NULL;

	options.port = f->port;
	assert_int_equal(pipeline_open(&options, &pipeline, error), -EADDRINUSE);
	assert_non_null(strstr(error, "cannot listen on 127.0.0.1 port"));
	temp_dir_remove(directory);
}

static int make_certificates(void)
{
	static const struct pki_leaf ours[] = {
		{ "collector", "DNS:localhost,IP:127.0.0.1", "serverAuth" },
		{ "a", URI SENSOR_A, "clientAuth" },
		{ "b", URI SENSOR_B, "clientAuth" },
		{ "nobody", "DNS:web1", "clientAuth" },
		{ "twofold", URI SENSOR_A "," URI SENSOR_B, "clientAuth" },
	};
	static const struct pki_leaf foreign = { "foreign", URI SENSOR_A, "clientAuth" };
	struct pki *ca = pki_new(pki, "ca");
	struct pki *other = pki_new(pki, "other");
	int r = ca && other ? pki_issue(other, &foreign) : -1;

	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]) && r == 0; i++)
		r = pki_issue(ca, &ours[i]);
	temp_dir_write(pki, "text", "no PEM", 6);
	pki_free(ca);
	pki_free(other);
	return r;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int run_all(void)
{
	const struct CMUnitTest tests[] = {
		TEST(stores_then_acknowledges),
		TEST(repeats_are_dropped_and_acknowledged_again),
		TEST(hole_is_stored_once),
		TEST(spool_set_back_starts_over),
		TEST(late_hello_starts_nothing_over),
		TEST(bad_checksum_hurts_nobody_else),
		TEST(malformed_payload_leaves_nothing),
		TEST(another_identity_is_refused),
		TEST(oversized_frame_is_refused),
		TEST(garbage_is_refused),
		TEST(two_sensors_at_once),
		TEST(new_session_replaces_the_old),
		TEST(too_many_connections),
		TEST(window_is_enforced),
		TEST(killed_and_resumed_exactly_once),
		TEST(terminated_in_order),
		TEST(one_collector_a_store),
		TEST(address_in_use),
	};
	struct CMUnitTest rows[COUNT(strangers) + COUNT(bad_files)];
	size_t count = 0;
	int failed;

	for (size_t i = 0; i < COUNT(strangers); i++)
		rows[count++] = (struct CMUnitTest){ strangers[i].name, check_stranger, NULL, NULL,
						     &strangers[i] };
	for (size_t i = 0; i < COUNT(bad_files); i++)
		rows[count++] = (struct CMUnitTest){ bad_files[i].name, check_bad_file, NULL, NULL,
						     &bad_files[i] };
	failed = cmocka_run_group_tests_name("strangers and bad files", rows, NULL, NULL);
	return failed + cmocka_run_group_tests_name("pipeline", tests, NULL, NULL);
}

int main(void)
{
	int failed = 1;

	signal(SIGPIPE, SIG_IGN);
	log_init("test", LOG_LEVEL_ERROR);
	pki = temp_dir_new();
	if (make_certificates() == 0)
		failed = run_all();
	temp_dir_remove(pki);
	return failed;
}
