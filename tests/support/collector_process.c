/* SPDX-License-Identifier: Apache-2.0 */
#include "support/collector_process.h"

#include "common/log.h"
#include "support/pki.h"
#include "support/temp_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define URI "URI:spiffe://yagura/sensor/"

char *collector_process_pki;

static int make_certificates(const char *pki)
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

int collector_process_group_set_up(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	log_init("test", LOG_LEVEL_ERROR);
	collector_process_pki = temp_dir_new();
	return make_certificates(collector_process_pki);
}

int collector_process_group_tear_down(void **state)
{
	(void)state;
	temp_dir_remove(collector_process_pki);
	return 0;
}

void collector_process_set(struct collector_process_setup *setup, const char *directory)
{
	snprintf(setup->ca, sizeof(setup->ca), "%s/ca.crt", collector_process_pki);
	snprintf(setup->certificate, sizeof(setup->certificate), "%s/collector.crt",
		 collector_process_pki);
	snprintf(setup->key, sizeof(setup->key), "%s/collector.key", collector_process_pki);
	setup->ca_files[0] = setup->ca;
	setup->tenant = (struct tenant_options){ .name = "",
						 .sinks = { .directory = directory,
							    .ndjson = { .is_enabled = true,
									.rotate_bytes = 4096,
									.rotate_s = 3600 } },
						 .log_bytes_max = COLLECTOR_PROCESS_LOG };
	setup->options = (struct pipeline_options){
		.address = "127.0.0.1",
		.tls = { .ca_files = setup->ca_files,
			 .ca_count = 1,
			 .certificate_file = setup->certificate,
			 .key_file = setup->key },
		.tenants = &setup->tenant,
		.threads = 2,
		.connections_max = COLLECTOR_PROCESS_CONNECTIONS,
		.window_bytes = COLLECTOR_PROCESS_WINDOW,
	};
}

/* Writes its port to `report` once it listens; then runs until a signal. */
static int run_collector(const char *directory, int report)
{
	struct collector_process_setup setup;
	char *log = temp_dir_path(directory, "log");
	char error[PIPELINE_ERROR_BYTES];
	struct pipeline *pipeline;
	uint16_t port;
	int r;

	if (!freopen(log, "a", stderr))
		return 2;
	free(log);
	log_init("collector", LOG_LEVEL_INFO);
	collector_process_set(&setup, directory);
	r = pipeline_open(&setup.options, &pipeline, error);
	if (r < 0) {
		log_error("test", "%s", error);
		return 3;
	}
	port = (uint16_t)atoi(strrchr(pipeline_address(pipeline), ':') + 1);
	r = write(report, &port, sizeof(port)) == sizeof(port) ? pipeline_run(pipeline) : -EIO;
	pipeline_close(pipeline);
	return r < 0;
}

void collector_process_start(struct collector_process *f)
{
	int report[2];

	assert_int_equal(pipe(report), 0);
	f->collector = fork();
	assert_true(f->collector >= 0);
	if (f->collector == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that crashes leaves nothing behind */
		_exit(run_collector(f->directory, report[1]));
	}
	close(report[1]);
	assert_int_equal(read(report[0], &f->port, sizeof(f->port)), sizeof(f->port));
	close(report[0]);
}

int collector_process_end(struct collector_process *f, int signal_number)
{
	int status = -1;

	kill(f->collector, signal_number);
	assert_int_equal(waitpid(f->collector, &status, 0), f->collector);
	f->collector = -1;
	return status;
}

int collector_process_set_up(void **state)
{
	struct collector_process *f = calloc(1, sizeof(*f));

	f->row = *state;
	f->directory = temp_dir_new();
	collector_process_start(f);
	*state = f;
	return 0;
}

int collector_process_tear_down(void **state)
{
	struct collector_process *f = *state;
	int status = f->collector > 0 ? collector_process_end(f, SIGTERM) : 0;

	temp_dir_remove(f->directory);
	free(f);
	return status;
}

long collector_process_query(const struct collector_process *f, const char *sql)
{
	char *path = temp_dir_path(f->directory, "yagura.db");
	sqlite3_stmt *statement = NULL;
	sqlite3 *reader;
	long value;
	int code;

	assert_int_equal(sqlite3_open_v2(path, &reader, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	sqlite3_busy_timeout(reader, 5000);
	if (sqlite3_prepare_v2(reader, sql, -1, &statement, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(reader));
	code = sqlite3_step(statement);
	assert_true(code == SQLITE_ROW || code == SQLITE_DONE);
	value = code == SQLITE_ROW ? (long)sqlite3_column_int64(statement, 0) : -1;
	sqlite3_finalize(statement);
	sqlite3_close(reader);
	free(path);
	return value;
}

void collector_process_expect(const struct collector_process *f, const char *sql, long want)
{
	long found = -1;

	for (int attempt = 0; attempt < 1000; attempt++) {
		found = collector_process_query(f, sql);
		if (found == want)
			return;
		usleep(10000);
	}
	fail_msg("%s: %ld, not %ld", sql, found, want);
}

static bool is_logged(const struct collector_process *f, const char *text)
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
	return strstr(found, text);
}

/* The other end of a connection may see it close before the line is written. */
void collector_process_expect_log(const struct collector_process *f, const char *text)
{
	for (int attempt = 0; attempt < 500; attempt++) {
		if (is_logged(f, text))
			return;
		usleep(10000);
	}
	fail_msg("\"%s\" is not in the log", text);
}

bool collector_process_connect(const struct collector_process *f, struct sensor_client *client,
			       const char *name)
{
	struct sensor_client_options options = {
		.port = f->port, .directory = collector_process_pki, .ca = "ca", .certificate = name
	};

	return sensor_client_open(client, &options);
}
