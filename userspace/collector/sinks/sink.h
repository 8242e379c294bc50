/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sink keeps or shows records. Each is one `const struct sink` at the top of its own file and one
 * line in sink_table.c. What is written counts only once `flush` has returned 0; until then it can
 * be discarded.
 */
#ifndef YAGURA_COLLECTOR_SINK_H
#define YAGURA_COLLECTOR_SINK_H

#include "telemetry/batch_codec.h"
#include "telemetry/record.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct database;

struct sink_options {
	struct database *database;
	FILE *lines; /* where readable lines go, NULL: nowhere */
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
};

struct sink {
	const char *name;
	/* 0, -ECANCELED when the options do not ask for this sink, or -errno. */
	int (*open)(const struct sink_options *options, void **ret_state);
	int (*write)(void *state, const struct sink_item *item);
	int (*flush)(void *state);
	void (*discard)(void *state); /* what was written since the last flush */
	void (*close)(void *state);
};

#define SINK_COUNT_MAX 4

/* In this order they are flushed: the first decides whether a batch is kept. Ends with NULL. */
extern const struct sink *const sink_table[];

struct sinks {
	struct {
		const struct sink *sink;
		void *state;
	} open[SINK_COUNT_MAX];
	size_t count;
};

/* Opens what the options ask for. 0 or -errno with the failed sink's name in *ret_name. */
int sinks_open(const struct sink_options *options, struct sinks *ret_sinks, const char **ret_name);
void sinks_close(struct sinks *sinks);
/* 0 or the first failure's -errno: then discard. */
int sinks_write(struct sinks *sinks, const struct sink_item *item);
int sinks_flush(struct sinks *sinks);
void sinks_discard(struct sinks *sinks);

#endif
