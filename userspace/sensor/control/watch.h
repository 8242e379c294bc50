/* SPDX-License-Identifier: Apache-2.0 */
/* A conversation that is shown records as they happen, and the row a record becomes. */
#ifndef YAGURA_CONTROL_WATCH_H
#define YAGURA_CONTROL_WATCH_H

#include "sensor/control/record_filter.h"

#include "telemetry/batch_codec.h"
#include "telemetry/ndjson.h"

#include <stdbool.h>
#include <stdint.h>

/* Waiting for a client that does not read: some thousand records. */
#define WATCH_BACKLOG_BYTES_MAX (1u << 20)
#define WATCH_LINE_BYTES 1024

struct evbuffer;

struct watch {
	bool is_on;
	struct record_filter filter;
	uint32_t left; /* rows still wanted; 0: no limit */
};

/* A record as all who watch are shown it. All zero is empty; done() frees what it holds. */
struct watch_row {
	struct ndjson json; /* NUL-terminated, without the newline */
	char line[WATCH_LINE_BYTES];
	bool is_made;
};

/* Shows the record if the watch takes it, making `row` of it where no other watch did. 0; 1 when
 * that was the last wanted or the client is too slow: the answer has ended, and the watch is off;
 * -ENOMEM: nothing was shown. */
int watch_show(struct watch *watch, struct watch_row *row, const struct batch_header *header,
	       const struct record *record, const uint8_t sensor[16], struct evbuffer *output);
void watch_row_done(struct watch_row *row);

#endif
