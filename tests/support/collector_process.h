/* SPDX-License-Identifier: Apache-2.0 */
/* The whole collector in a process of its own, a fresh store for each test. */
#ifndef YAGURA_TESTS_SUPPORT_COLLECTOR_PROCESS_H
#define YAGURA_TESTS_SUPPORT_COLLECTOR_PROCESS_H

#include "collector/pipeline.h"
#include "support/sensor_client.h"

#include <sys/types.h>

#define SENSOR_A "00000000-0000-4000-8000-00000000000a"
#define SENSOR_B "00000000-0000-4000-8000-00000000000b"

#define COLLECTOR_PROCESS_CONNECTIONS 4
#define COLLECTOR_PROCESS_WINDOW (64 << 10)
#define COLLECTOR_PROCESS_LOG (64u << 20)
#define COLLECTOR_PROCESS_PATH_BYTES 512

struct collector_process {
	const void *row; /* of a table of cases, unless NULL */
	char *directory; /* of the store and the log */
	pid_t collector;
	uint16_t port;
};

/* Directory of all certificates: ca, collector, a and b (sensors), and those of strangers. */
extern char *collector_process_pki;

/* For cmocka: of a group of tests, then of each. */
int collector_process_group_set_up(void **state);
int collector_process_group_tear_down(void **state);
int collector_process_set_up(void **state);
int collector_process_tear_down(void **state);

/* A collector's options and what they point to. */
struct collector_process_setup {
	char ca[COLLECTOR_PROCESS_PATH_BYTES];
	char certificate[COLLECTOR_PROCESS_PATH_BYTES];
	char key[COLLECTOR_PROCESS_PATH_BYTES];
	const char *ca_files[1];
	struct tenant_options tenant;
	struct pipeline_options options;
};

/* Valid ones. */
void collector_process_set(struct collector_process_setup *setup, const char *directory);
void collector_process_start(struct collector_process *f);
/* How it ended, as waitpid() says. */
int collector_process_end(struct collector_process *f, int signal_number);

/* The first value of an answer from its database, now; -1: no row. */
long collector_process_query(const struct collector_process *f, const char *sql);
/* Waits until it is this: what was acknowledged is in the log, and comes from there. */
void collector_process_expect(const struct collector_process *f, const char *sql, long want);
/* Waits until the text stands in its log, else fails. */
void collector_process_expect_log(const struct collector_process *f, const char *text);
/* TLS with the certificate of that name. */
bool collector_process_connect(const struct collector_process *f, struct sensor_client *client,
			       const char *name);

#endif
