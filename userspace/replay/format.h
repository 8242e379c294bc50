/* SPDX-License-Identifier: Apache-2.0 */
/* How the flows of captures are written. A format is one `const struct` in a file of its own and
 * one line in format_table.c. */
#ifndef YAGURA_REPLAY_FORMAT_H
#define YAGURA_REPLAY_FORMAT_H

#include "replay/track.h"
#include "replay/unwrap.h"
#include "sensor/flow/flow_table.h"
#include "telemetry/batch_codec.h"

#include <stdio.h>

/* What was read, of all files. */
struct replay_totals {
	uint64_t files;
	uint64_t unreadable; /* of them: not at all, or not to the end */
	uint64_t bytes; /* captured */
	struct unwrap_stats unwrap;
	struct track_stats track;
	struct flow_table_stats flows;
};

struct format {
	const char *name;
	const char *help;
	/* The format's state, NULL without memory. It writes to `out`, whose errors the caller asks
	 * for. */
	void *(*open)(FILE *out);
	/* 0 or -ENOMEM. */
	int (*flow)(void *state, const struct batch_header *header, const struct record *record);
	/* All files are read. 0 or -ENOMEM. */
	int (*finish)(void *state, const struct replay_totals *totals);
	void (*close)(void *state); /* takes NULL */
};

/* Ends with NULL. */
extern const struct format *const format_table[];
/* NULL when there is none of this name. */
const struct format *format_find(const char *name);

extern const struct format format_ndjson;
extern const struct format format_summary;
extern const struct format format_batch;

#endif
