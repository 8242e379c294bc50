/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The durable end of the way: decodes a batch, asks dedupe, writes to the sinks and moves the mark,
 * all in one transaction that store_commit makes durable. One process a directory.
 */
#ifndef YAGURA_COLLECTOR_STORE_H
#define YAGURA_COLLECTOR_STORE_H

#include "collector/dedupe/dedupe.h"
#include "collector/sinks/ledger.h"
#include "collector/verify/verify.h"
#include "telemetry/batch_codec.h"

#include <stdbool.h>
#include <stdio.h>

#define STORE_ERROR_BYTES 512

struct store;

struct store_outcome {
	uint64_t mark; /* acknowledge up to here, once committed: what is known already, too */
	uint64_t missing_first; /* a hole was found and written down, first … last; 0: none */
	uint64_t missing_last;
	const char *why; /* for -EBADMSG and -ESTALE */
};

struct store_batch {
	const struct verify_batch *batch;
	struct batch_epoch *epoch; /* what this session has sent in this lane */
};

/*
 * A sensor that was started anew and would make a batch again that is stored already: its spool was
 * set back to an older state (a restored snapshot). What it makes from now on is not what is stored
 * under these numbers, so the lane starts over at the oldest batch it holds: rather some of that
 * twice than any of it dropped as known.
 */
struct store_rewind {
	uint64_t stored; /* the mark that stood; 0: this lane goes on as it was */
	uint64_t next_seq; /* wanted now */
};

/* Creates the directory if need be. `lines` may be NULL. 0, or -errno with one line that says which
 * file, what is wrong and what to do. */
int store_open(const char *directory, FILE *lines, struct store **ret_store,
	       char ret_error[STORE_ERROR_BYTES]);
/* What was not committed is gone. Takes NULL. */
void store_close(struct store *store);

/* The next batch number wanted of each lane. 0 or -errno. */
int store_next_seq(struct store *store, const uint8_t sensor[16], uint64_t generation,
		   uint64_t ret_next[VERIFY_LANES]);
/* 0; -EBADMSG: the batch is malformed, -ESTALE: it builds on others that this session has not sent,
 * nothing was written; any other -errno: discard. Of a batch that is stored already only the tables
 * are taken. */
int store_batch(struct store *store, const struct dedupe_key *key, const struct store_batch *batch,
		struct store_outcome *ret_outcome);
/* Both: 0, or -errno: discard. */
int store_arrive(struct store *store, struct ledger_arrival *arrival,
		 struct store_rewind ret_rewinds[VERIFY_LANES]);
int store_leave(struct store *store, const uint8_t sensor[16]);

int store_commit(struct store *store);
void store_discard(struct store *store);
/* What the database says of its last failure. */
const char *store_error(const struct store *store);

#endif
