/* SPDX-License-Identifier: Apache-2.0 */
/* Who and what a collector does not take, and what it says before it starts at all. */
#include "collector/pipeline.h"

#include "common/crc32c.h"
#include "support/collector_process.h"
#include "support/sensor_talk.h"
#include "support/temp_dir.h"
#include "telemetry/batch_codec.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void greet(const struct collector_process *f, struct sensor_client *client, uint64_t next_a,
		  uint64_t next_b)
{
	assert_true(collector_process_connect(f, client, "a"));
	sensor_talk_hello(client, SENSOR_A, 1);
	sensor_talk_expect_hello_ack(client, next_a, next_b);
}

static void another_identity_is_refused(void **state)
{
	struct collector_process *f = *state;
	struct sensor_client client;

	assert_true(collector_process_connect(f, &client, "a"));
	sensor_talk_hello(&client, SENSOR_B, 1);
	sensor_talk_expect_failure(&client, 2);
	sensor_client_close(&client);
	assert_int_equal(collector_process_query(f, "SELECT count(*) FROM sensors"), 0);
}

static void oversized_frame_is_refused(void **state)
{
	struct collector_process *f = *state;
	struct sensor_client client;

	greet(f, &client, 1, 1);
	sensor_client_write(&client, "\x00\x50\x00\x01", 4); /* 5 MiB + 1 */
	sensor_talk_expect_failure(&client, 3);
	sensor_client_close(&client);

	assert_true(collector_process_connect(f, &client, "a"));
	sensor_client_write(&client, "\x00\x00\x40\x01", 4); /* 16 KiB + 1, before Hello */
	sensor_talk_expect_failure(&client, 3);
	sensor_client_close(&client);
}

static void garbage_is_refused(void **state)
{
	struct collector_process *f = *state;
	struct sensor_client client;
	char byte;
	int fd;

	greet(f, &client, 1, 1);
	sensor_client_write(&client, "\x00\x00\x00\x03\xff\xff\xff", 7);
	sensor_talk_expect_failure(&client, 4);
	sensor_client_close(&client);

	fd = sensor_client_dial(f->port);
	assert_int_equal(write(fd, "GET / HTTP/1.0\r\n\r\n", 18), 18);
	while (read(fd, &byte, 1) > 0)
		;
	close(fd);
	collector_process_expect_log(f, "TLS handshake failed");
}

static void too_many_connections(void **state)
{
	struct collector_process *f = *state;
	struct sensor_client clients[4];
	char byte;
	int fd;

	for (size_t i = 0; i < 4; i++) /* connections_max */
		assert_true(collector_process_connect(f, &clients[i], "a"));
	fd = sensor_client_dial(f->port);
	assert_true(read(fd, &byte, 1) <= 0);
	close(fd);
	collector_process_expect_log(f, "4 connections are open");
	for (size_t i = 0; i < 4; i++)
		sensor_client_close(&clients[i]);
}

/* Whoever only opens connections takes no place from a sensor. */
static void strangers_give_way(void **state)
{
	struct collector_process *f = *state;
	struct sensor_client client;
	int strangers[COLLECTOR_PROCESS_CONNECTIONS];
	char byte;

	for (size_t i = 0; i < COLLECTOR_PROCESS_CONNECTIONS; i++)
		strangers[i] = sensor_client_dial(f->port);
	assert_true(collector_process_connect(f, &client, "a"));
	sensor_talk_hello(&client, SENSOR_A, 1);
	sensor_talk_expect_hello_ack(&client, 1, 1);
	assert_true(read(strangers[0], &byte, 1) <= 0); /* the oldest */
	for (size_t i = 0; i < COLLECTOR_PROCESS_CONNECTIONS; i++)
		close(strangers[i]);
	sensor_client_close(&client);
}

/* Never waiting for an answer: sooner or later two of them are under way. */
static void window_is_enforced(void **state)
{
	struct collector_process *f = *state;
	struct sensor_client client;
	uint32_t code = 0;
	Frame *frame;

	greet(f, &client, 1, 1);
	for (uint64_t seq = 1; seq <= 40; seq++)
		sensor_talk_large_batch(&client, seq, 40 << 10);
	while (code == 0 && (frame = sensor_client_receive(&client))) {
		if (frame->body_case == YAGURA__TRANSPORT__FRAME__BODY_FAILURE)
			code = frame->failure->code;
		yagura__transport__frame__free_unpacked(frame, NULL);
	}
	assert_int_equal(code, 3);
	sensor_client_close(&client);
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
	struct collector_process *f = *state;
	const struct stranger *s = f->row;
	struct sensor_client_options options = { .port = f->port,
						 .directory = collector_process_pki,
						 .ca = "ca",
						 .certificate = s->certificate,
						 .tls_version = s->tls_version };
	struct sensor_client client;

	/* In TLS 1.3 a client learns only from its first read that its certificate was refused. */
	if (sensor_client_open(&client, &options))
		assert_null(sensor_client_receive(&client));
	sensor_client_close(&client);
	collector_process_expect_log(f, s->log);
	assert_int_equal(collector_process_query(f, "SELECT count(*) FROM sensors"), 0);
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
	struct collector_process_setup setup;
	char *const paths[] = { setup.ca, setup.certificate, setup.key };
	char error[PIPELINE_ERROR_BYTES] = "";
	struct pipeline *pipeline = NULL;

	collector_process_set(&setup, directory);
	snprintf(paths[c->which], sizeof(setup.ca), "%s/%s", collector_process_pki, c->file);
	assert_true(pipeline_open(&setup.options, &pipeline, error) < 0);
	assert_null(pipeline);
	if (!strstr(error, c->want))
		fail_msg("\"%s\" is not in: %s", c->want, error);
	temp_dir_remove(directory);
}

static void address_in_use(void **state)
{
	struct collector_process *f = *state;
	char *directory = temp_dir_new();
	struct collector_process_setup setup;
	char error[PIPELINE_ERROR_BYTES] = "";
	struct pipeline *pipeline = NULL;

	collector_process_set(&setup, directory);
	setup.options.port = f->port;
	assert_int_equal(pipeline_open(&setup.options, &pipeline, error), -EADDRINUSE);
	assert_non_null(strstr(error, "cannot listen on 127.0.0.1 port"));
	temp_dir_remove(directory);
}

#define TEST(f)                                                                                    \
	cmocka_unit_test_setup_teardown(f, collector_process_set_up, collector_process_tear_down)
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int run_tables(void)
{
	struct CMUnitTest tests[COUNT(strangers) + COUNT(bad_files)];
	size_t count = 0;

	for (size_t i = 0; i < COUNT(strangers); i++)
		tests[count++] = (struct CMUnitTest){ strangers[i].name, check_stranger,
						      collector_process_set_up,
						      collector_process_tear_down, &strangers[i] };
	for (size_t i = 0; i < COUNT(bad_files); i++)
		tests[count++] = (struct CMUnitTest){ bad_files[i].name, check_bad_file, NULL, NULL,
						      &bad_files[i] };
	return cmocka_run_group_tests_name("strangers and bad files", tests,
					   collector_process_group_set_up,
					   collector_process_group_tear_down);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(another_identity_is_refused),
		TEST(oversized_frame_is_refused),
		TEST(garbage_is_refused),
		TEST(too_many_connections),
		TEST(strangers_give_way),
		TEST(window_is_enforced),
		TEST(address_in_use),
	};
	int failed = run_tables();

	return failed + cmocka_run_group_tests_name("refusals", tests,
						    collector_process_group_set_up,
						    collector_process_group_tear_down);
}
