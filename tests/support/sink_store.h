/* SPDX-License-Identifier: Apache-2.0 */
/* A store of its own for each test of the sinks, and what other processes read in it. */
#ifndef YAGURA_TESTS_SUPPORT_SINK_STORE_H
#define YAGURA_TESTS_SUPPORT_SINK_STORE_H

#include "collector/sinks/database.h"
#include "collector/sinks/ledger.h"
#include "collector/sinks/sink.h"
#include "collector/sinks/sqlite.h"

/* 2026-11-23T01:02:03.456Z */
#define NOW 1795395723456000000ull
#define NOW_TEXT "2026-11-23T01:02:03.456Z"
#define LATER_TEXT "2026-11-23T01:02:05.456Z"
#define SENSOR_TEXT "00112233-4455-6677-8899-aabbccddeeff"
#define TEXT(s)                                                                                    \
	{                                                                                          \
		s, sizeof(s) - 1                                                                   \
	}

extern const uint8_t sink_store_sensor[16]; /* SENSOR_TEXT */
extern const struct batch_header sink_store_header;
extern const struct record_process sink_store_curl;

struct sink_store {
	const void *row; /* of a table of cases, unless NULL */
	char *directory;
	char *path;
	void *sink; /* the state of sqlite_sink */
	struct database *database; /* what it is made of */
	struct ledger *ledger;
	struct sink_place place; /* what it is told next */
};

/* For cmocka. */
int sink_store_set_up(void **state);
int sink_store_tear_down(void **state);

void sink_store_open(struct sink_store *f);
void sink_store_close(struct sink_store *f);
/* sqlite_sink's answers. */
int sink_store_put(struct sink_store *f, const struct sink_item *item);
int sink_store_flush(struct sink_store *f);
void sink_store_discard(struct sink_store *f);
/* Not flushed. */
void sink_store_write(struct sink_store *f, const struct record *record);
void sink_store_write_exit(struct sink_store *f, int32_t status);
/* What another process reads: the answer's columns with '|' between and NULL as "-". */
void sink_store_expect(const struct sink_store *f, const char *sql, const char *want);

#endif
