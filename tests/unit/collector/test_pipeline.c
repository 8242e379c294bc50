/* SPDX-License-Identifier: Apache-2.0 */
/* What a good collector keeps: everything once, whatever happens to it. */
#include "collector/pipeline.h"

#include "collector/tenant.h"
#include "common/crc32c.h"
#include "support/collector_process.h"
#include "support/sensor_talk.h"
#include "support/temp_dir.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void greet(const struct collector_process *f, struct sensor_client *client, uint64_t next_a,
		  uint64_t next_b)
{
	assert_true(collector_process_connect(f, client, "a"));
	sensor_talk_hello(client, SENSOR_A, 1);
	sensor_talk_expect_hello_ack(client, next_a, next_b);
}

static void stores_then_acknowledges(void **state)
{
	struct collector_process *f = *state;
	struct sensor_client client;

	greet(f, &client, 1, 1);
	sensor_talk_batch(&client, LANE_A, 1, 0);
	sensor_talk_expect_ack(&client, LANE_A, 1);
	collector_process_expect(f, "SELECT count(*) FROM execs WHERE process_pid = 1", (long)1);
	sensor_talk_batch(&client, LANE_B, 1, 0);
	sensor_talk_batch(&client, LANE_B, 2, 0);
	sensor_talk_expect_ack(&client, LANE_B, 2);
	collector_process_expect(f, "SELECT count(*) FROM flows", (long)2);
	collector_process_expect(f,
				 "SELECT count(*) FROM sensors WHERE yagura_sensor = '" SENSOR_A
				 "' AND connected = 1 AND host_name = 'web1' AND batches = 3"
				 " AND records = 3 AND tls_version = 'TLSv1.3'"
				 " AND tls_group != ''",
				 (long)1);
	sensor_client_close(&client);
}

static void repeats_are_dropped_and_acknowledged_again(void **state)
{
	struct collector_process *f = *state;
	struct sensor_client client;

	greet(f, &client, 1, 1);
	sensor_talk_batch(&client, LANE_A, 1, 0);
	sensor_talk_batch(&client, LANE_A, 2, 0);
	sensor_talk_batch(&client, LANE_A, 2, 0); /* perhaps in the same transaction */
	sensor_talk_expect_ack(&client, LANE_A, 2);
	sensor_client_close(&client);

	greet(f, &client, 3, 1);
	sensor_talk_batch(&client, LANE_A, 1, 0);
	sensor_talk_expect_ack(&client, LANE_A, 1); /* no more than was sent again */
	sensor_talk_batch(&client, LANE_A, 3, 0);
	sensor_talk_expect_ack(&client, LANE_A, 3);
	sensor_client_close(&client);
	collector_process_expect(f, "SELECT count(*) FROM execs", (long)3);
	collector_process_expect(f, "SELECT count(*) FROM gaps", (long)0);
}

static void hole_is_stored_once(void **state)
{
	struct collector_process *f = *state;
	struct sensor_client client;

	greet(f, &client, 1, 1);
	sensor_talk_batch(&client, LANE_B, 1, 0);
	sensor_talk_batch(&client, LANE_B, 5, 0);
	sensor_talk_expect_ack(&client, LANE_B, 5);
	sensor_talk_batch(&client, LANE_B, 3, 0); /* too late: it was written off */
	sensor_talk_expect_ack(&client, LANE_B, 3);
	collector_process_expect(f, "SELECT count(*) FROM flows", (long)2);
	collector_process_expect(f, "SELECT count(*) FROM gaps", (long)1);
	collector_process_expect(f,
				 "SELECT count(*) FROM gaps WHERE yagura_reason = 'unexplained'"
				 " AND yagura_count = 3 AND yagura_lane = 1"
				 " AND yagura_first_seq = 2 AND yagura_last_seq = 4",
				 (long)1);
	collector_process_expect_log(f, "batches 2 to 4 are missing");
	sensor_client_close(&client);
}

/* A spool restored from a snapshot gives stored numbers to new records: none may pass for known. */
static void spool_set_back_starts_over(void **state)
{
	struct collector_process *f = *state;
	struct sensor_client client;

	greet(f, &client, 1, 1);
	for (uint64_t seq = 1; seq <= 5; seq++)
		sensor_talk_batch(&client, LANE_A, seq, 0);
	sensor_talk_expect_ack(&client, LANE_A, 5);
	sensor_client_close(&client);

	assert_true(collector_process_connect(f, &client, "a"));
	sensor_talk_spool(&client, SENSOR_A, 2, 3, 4);
	sensor_talk_expect_hello_ack(&client, 3, 1);
	collector_process_expect_log(f,
				     "lane 0: its spool was set back to an older state: it makes "
				     "batch 4 next, but 5 is stored; taken anew from 3 on");
	sensor_talk_batch(&client, LANE_A, 3, 0);
	sensor_talk_batch(&client, LANE_A, 4, 0);
	sensor_talk_expect_ack(&client, LANE_A, 4);
	collector_process_expect(f, "SELECT count(*) FROM execs", (long)7);
	collector_process_expect(f, "SELECT count(*) FROM gaps", (long)0);
	sensor_client_close(&client);
}

/* Of the same start, such a Hello has only been overtaken. */
static void late_hello_starts_nothing_over(void **state)
{
	struct collector_process *f = *state;
	struct sensor_client client;

	greet(f, &client, 1, 1);
	sensor_talk_batch(&client, LANE_A, 1, 0);
	sensor_talk_batch(&client, LANE_A, 2, 0);
	sensor_talk_expect_ack(&client, LANE_A, 2);
	sensor_client_close(&client);
	assert_true(collector_process_connect(f, &client, "a"));
	sensor_talk_spool(&client, SENSOR_A, 1, 1, 2);
	sensor_talk_expect_hello_ack(&client, 3, 1);
	sensor_client_close(&client);
}

static void bad_checksum_hurts_nobody_else(void **state)
{
	struct collector_process *f = *state;
	struct sensor_client good;
	struct sensor_client bad;

	greet(f, &good, 1, 1);
	assert_true(collector_process_connect(f, &bad, "b"));
	sensor_talk_hello(&bad, SENSOR_B, 1);
	sensor_talk_expect_hello_ack(&bad, 1, 1);
	sensor_talk_batch(&bad, LANE_A, 1, 1);
	sensor_talk_batch(&good, LANE_A, 1, 0);
	sensor_talk_expect_failure(&bad, 4);
	sensor_talk_expect_ack(&good, LANE_A, 1);
	collector_process_expect_log(f, "sensor " SENSOR_B);
	collector_process_expect_log(f, "checksum");
	collector_process_expect(f, "SELECT count(*) FROM execs", (long)1);
	sensor_client_close(&good);
	sensor_client_close(&bad);
}

static void malformed_payload_leaves_nothing(void **state)
{
	static uint8_t garbage[] = "these bytes were never deflated";
	Yagura__Transport__Batch batch = YAGURA__TRANSPORT__BATCH__INIT;
	struct collector_process *f = *state;
	struct sensor_client client;

	greet(f, &client, 1, 1);
	sensor_talk_batch(&client, LANE_A, 1, 0);
	batch.seq = 2;
	batch.raw_bytes = 100;
	batch.payload = (ProtobufCBinaryData){ sizeof(garbage), garbage };
	batch.crc32c = crc32c(0, garbage, sizeof(garbage));
	sensor_talk_expect_ack(&client, LANE_A, 1);
	sensor_talk_payload(&client, &batch);
	sensor_talk_expect_failure(&client, 4);
	sensor_client_close(&client);
	greet(f, &client, 2, 1);
	sensor_client_close(&client);
}

static void two_sensors_at_once(void **state)
{
	struct collector_process *f = *state;
	struct sensor_client a;
	struct sensor_client b;

	greet(f, &a, 1, 1);
	assert_true(collector_process_connect(f, &b, "b"));
	sensor_talk_hello(&b, SENSOR_B, 1);
	sensor_talk_expect_hello_ack(&b, 1, 1);
	for (uint64_t seq = 1; seq <= 50; seq++) {
		sensor_talk_batch(&a, LANE_B, seq, 0);
		sensor_talk_batch(&b, LANE_B, seq, 0);
	}
	sensor_talk_expect_ack(&a, LANE_B, 50);
	sensor_talk_expect_ack(&b, LANE_B, 50);
	collector_process_expect(f, "SELECT count(*) FROM flows", (long)100);
	collector_process_expect(f, "SELECT count(*) FROM sensors WHERE batches = 50", (long)2);
	sensor_client_close(&a);
	sensor_client_close(&b);
}

static void new_session_replaces_the_old(void **state)
{
	struct collector_process *f = *state;
	struct sensor_client old;
	struct sensor_client new;

	greet(f, &old, 1, 1);
	greet(f, &new, 1, 1);
	sensor_talk_expect_failure(&old, 5);
	sensor_talk_batch(&new, LANE_A, 1, 0);
	sensor_talk_expect_ack(&new, LANE_A, 1);
	sensor_client_close(&old);
	assert_true(collector_process_connect(f, &old, "a"));
	sensor_talk_hello(&old, SENSOR_A, 2);
	sensor_talk_expect_hello_ack(&old, 2, 1);
	sensor_talk_expect_failure(&new, 5);
	collector_process_expect_log(f, "two hosts with one identity?");
	collector_process_expect(f, "SELECT connected FROM sensors", (long)1);
	sensor_client_close(&old);
	sensor_client_close(&new);
}

/* How many lines in the NDJSON files tell of an exec, and of which pids, each a bit. */
static size_t count_lines(const struct collector_process *f, uint64_t ret_pids[4])
{
	char *command = NULL;
	char line[4096];
	size_t count = 0;
	FILE *lines;

	memset(ret_pids, 0, 4 * sizeof(*ret_pids));
	assert_true(asprintf(&command, "cat %s/ndjson/yagura-*.ndjson", f->directory) > 0);
	lines = popen(command, "re");
	assert_non_null(lines);
	while (fgets(line, sizeof(line), lines)) {
		const char *pid = strstr(line, "\"pid\":");
		unsigned long number = pid ? strtoul(pid + 6, NULL, 10) : 0;

		assert_true(line[strlen(line) - 1] == '\n' && number > 0 && number < 256);
		ret_pids[number / 64] |= 1ull << number % 64;
		count++;
	}
	pclose(lines);
	free(command);
	return count;
}

static void expect_lines(const struct collector_process *f, size_t want)
{
	uint64_t pids[4];
	size_t found = 0;

	for (int attempt = 0; attempt < 1000 && found != want; attempt++) {
		found = count_lines(f, pids);
		usleep(10000);
	}
	assert_int_equal(found, want);
	for (size_t pid = 1; pid <= want; pid++)
		assert_true(pids[pid / 64] >> pid % 64 & 1);
}

/* Kill it at different moments; whatever was not acknowledged is sent again. */
static void killed_and_resumed_exactly_once(void **state)
{
	enum { ROUNDS = 12, BATCHES = 10 };
	struct collector_process *f = *state;
	struct sensor_client client;
	uint64_t next = 1;
	uint64_t acked = 0;

	for (int round = 0; round < ROUNDS; round++) {
		assert_true(collector_process_connect(f, &client, "a"));
		sensor_talk_hello(&client, SENSOR_A, 1);
		Frame *ack = sensor_client_receive(&client);
		next = ack->hello_ack->lanes[LANE_A]->next_seq;
		yagura__transport__frame__free_unpacked(ack, NULL);
		assert_true(next > acked);
		for (uint64_t seq = next; seq < next + BATCHES; seq++)
			sensor_talk_batch(&client, LANE_A, seq, 0);
		usleep((useconds_t)round * 8000);
		assert_int_equal(WTERMSIG(collector_process_end(f, SIGKILL)), SIGKILL);
		while ((ack = sensor_client_receive(&client))) {
			acked = ack->ack->seq;
			yagura__transport__frame__free_unpacked(ack, NULL);
		}
		sensor_client_close(&client);
		collector_process_start(f);
	}
	assert_true(collector_process_connect(f, &client, "a"));
	sensor_talk_hello(&client, SENSOR_A, 1);
	Frame *ack = sensor_client_receive(&client);
	next = ack->hello_ack->lanes[LANE_A]->next_seq;
	yagura__transport__frame__free_unpacked(ack, NULL);
	sensor_talk_batch(&client, LANE_A, next, 0);
	sensor_talk_expect_ack(&client, LANE_A, next);
	sensor_client_close(&client);
	assert_true(next > acked && next > 1);
	collector_process_expect(f, "SELECT count(*) FROM execs", (long)next);
	collector_process_expect(f, "SELECT count(DISTINCT process_pid) FROM execs", (long)next);
	collector_process_expect(f, "SELECT max(process_pid) FROM execs", (long)next);
	collector_process_expect(f, "SELECT count(*) FROM gaps", (long)0);
	expect_lines(f, next);
}

static void terminated_in_order(void **state)
{
	struct collector_process *f = *state;
	struct sensor_client client;
	Frame *frame;
	long stored;
	int status;

	greet(f, &client, 1, 1);
	sensor_talk_batch(&client, LANE_A, 1, 0);
	usleep(10000); /* received, not yet committed by age */
	status = collector_process_end(f, SIGTERM);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	frame = sensor_client_receive(&client);
	stored = collector_process_query(f, "SELECT count(*) FROM execs");
	assert_int_equal(stored, frame ? 1 : 0); /* stored and told, or neither */
	if (frame) {
		assert_int_equal(frame->body_case, YAGURA__TRANSPORT__FRAME__BODY_ACK);
		yagura__transport__frame__free_unpacked(frame, NULL);
		assert_null(sensor_client_receive(&client));
	}
	collector_process_expect(f, "SELECT connected FROM sensors", (long)0);
	sensor_client_close(&client);
}

static void one_collector_a_store(void **state)
{
	struct collector_process *f = *state;
	struct collector_process_setup setup;
	char error[TENANT_ERROR_BYTES] = "";
	struct tenant *second = NULL;

	collector_process_set(&setup, f->directory);
	assert_int_equal(tenant_open(&setup.tenant, &second, error), -EWOULDBLOCK);
	assert_null(second);
	assert_non_null(strstr(error, "another yagura-collector"));
	assert_non_null(strstr(error, f->directory));
	collector_process_end(f, SIGKILL); /* which gives the lock back, too */
	assert_int_equal(tenant_open(&setup.tenant, &second, error), 0);
	tenant_close(second);
}

#define TEST(f)                                                                                    \
	cmocka_unit_test_setup_teardown(f, collector_process_set_up, collector_process_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(stores_then_acknowledges),
		TEST(repeats_are_dropped_and_acknowledged_again),
		TEST(hole_is_stored_once),
		TEST(spool_set_back_starts_over),
		TEST(late_hello_starts_nothing_over),
		TEST(bad_checksum_hurts_nobody_else),
		TEST(malformed_payload_leaves_nothing),
		TEST(two_sensors_at_once),
		TEST(new_session_replaces_the_old),
		TEST(killed_and_resumed_exactly_once),
		TEST(terminated_in_order),
		TEST(one_collector_a_store),
	};

	return cmocka_run_group_tests_name("pipeline", tests, collector_process_group_set_up,
					   collector_process_group_tear_down);
}
