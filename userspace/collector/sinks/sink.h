/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sink keeps or shows records. Each is one `const struct sink` at the top of its own file and one
 * line in sink_table.c. It is fed from the intake log by a thread of its own (collector/feed.h) and
 * says itself how far it has come: what it writes and that place become durable together, in
 * `flush`, so that a kill at any moment leaves nothing twice and nothing out.
 */
#ifndef YAGURA_COLLECTOR_SINK_H
#define YAGURA_COLLECTOR_SINK_H

#include "collector/intake/entry.h"
#include "telemetry/batch_codec.h"
#include "telemetry/record.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define SINK_ERROR_BYTES 512

struct sink_ndjson_options {
	bool is_enabled;
	bool is_ocsf; /* else ECS */
	uint64_t rotate_bytes; /* a file that long is followed by another, */
	uint32_t rotate_s; /* and one that old */
	uint32_t files_max; /* older ones are removed; 0: none */
};

/* What a store gives up again; 0: nothing for that. */
struct sink_retention {
	uint64_t age_s;
	uint64_t bytes;
};

struct sink_options {
	const char *directory; /* of the tenant's store; exists */
	FILE *lines; /* where readable lines go, NULL: nowhere */
	struct sink_retention retention;
	struct sink_ndjson_options ndjson;
	const char *syslog; /* where messages go (syslog.h); NULL or "": nowhere */
};

/* Batches nobody accounted for, noticed by the collector. */
struct sink_hole {
	uint32_t lane;
	uint64_t first_seq;
	uint64_t last_seq;
};

/* One record and where it comes from. */
struct sink_item {
	const uint8_t *sensor; /* 16 bytes */
	const struct batch_header *header; /* NULL for a hole */
	const struct record *record;
	const struct sink_hole *hole; /* NULL unless the record is a gap that tells of one */
	const struct entry *entry; /* what it came in; `index` is its number in there */
	uint64_t index;
};

/* How far a sink has come in the intake log: `position` is the next entry it wants, in the log of
 * that generation. All zero: nowhere yet. */
struct sink_place {
	uint64_t generation;
	uint64_t position;
};

struct sink {
	const char *name;
	bool is_live; /* shows what comes and keeps nothing: it may miss what it is too slow for */
	/* 0, -ECANCELED when the options do not ask for this sink, or -errno with one line in
	 * ret_error that says which file, what is wrong and what to do. */
	int (*open)(const struct sink_options *options, void **ret_state,
		    char ret_error[SINK_ERROR_BYTES]);
	/* What the last flush was told. NULL in one that is live. 0 or -errno. */
	int (*place)(void *state, struct sink_place *ret_place);
	int (*write)(void *state, const struct sink_item *item);
	/* An entry of the log, behind its records, of which there were so many. May be NULL. */
	int (*entry)(void *state, const struct entry *entry, uint64_t records);
	/* Makes durable what was written, and that everything before `place` was. */
	int (*flush)(void *state, const struct sink_place *place);
	void (*discard)(void *state); /* what was written since the last flush */
	/* Between flushes, at least each second: what needs doing now and then. 1: there is more of
	 * it; 0; -errno. May be NULL. */
	int (*tend)(void *state, uint64_t now_ns);
	void (*close)(void *state);
	/* What the state says of its last failure; NULL: -errno says it all. May be NULL. */
	const char *(*error)(void *state);
};

#define SINK_COUNT_MAX 4

/* Ends with NULL. */
extern const struct sink *const sink_table[];

#endif
