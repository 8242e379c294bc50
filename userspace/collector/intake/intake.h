/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The intake log: everything that was accepted, in one order, on disk before anybody is told so.
 * Sessions of any thread append; one thread syncs what has gathered; sinks read it, each at its own
 * pace and from its own place. It is cut behind the slowest sink. When it has reached its budget
 * nothing more is taken until a sink has moved: nothing is ever dropped to make room.
 *
 * Every segment opens with a checkpoint of all marks, so that opening the log reads one segment.
 */
#ifndef YAGURA_COLLECTOR_INTAKE_H
#define YAGURA_COLLECTOR_INTAKE_H

#include "collector/dedupe/dedupe.h"
#include "collector/intake/entry.h"
#include "collector/verify/verify.h"

#include <stdbool.h>
#include <stdint.h>

#define INTAKE_ERROR_BYTES 512
#define INTAKE_WATCHERS_MAX 64

struct intake;
struct intake_reader;

struct intake_options {
	const char *directory; /* exists; the log goes into intake/ below it */
	uint64_t bytes_max; /* the budget, of several segments */
	uint64_t segment_bytes_max; /* 0: 64 MiB, or less when the budget is small */
};

/* What an answer waits for. */
struct intake_ticket {
	uint64_t position;
	uint64_t failures;
};

enum intake_state {
	INTAKE_PENDING,
	INTAKE_DURABLE,
	INTAKE_LOST, /* it could not be written: the sensor must send it again */
};

struct intake_outcome {
	uint64_t mark; /* acknowledge up to here, once durable */
	uint64_t missing_first; /* a hole was found and written down, first … last; 0: none */
	uint64_t missing_last;
	bool is_new; /* not seen before: what is in it counts */
};

/*
 * A sensor that was started anew and would make a batch again that is stored already: its spool was
 * set back to an older state (a restored snapshot). What it makes from now on is not what is stored
 * under these numbers, so the lane starts over at the oldest batch it holds: rather some of that
 * twice than any of it dropped as known.
 */
struct intake_rewind {
	uint64_t stored; /* the mark that stood; 0: this lane goes on as it was */
	uint64_t next_seq; /* wanted now */
};

struct intake_welcome {
	struct intake_rewind rewinds[VERIFY_LANES];
	uint64_t next_seq[VERIFY_LANES]; /* wanted, of each lane */
};

struct intake_stats {
	uint64_t first; /* positions: of the oldest entry, of the next one */
	uint64_t next;
	uint64_t durable; /* everything before it is on disk */
	uint64_t bytes;
	uint64_t bytes_max;
	uint64_t sensors; /* with marks */
	uint64_t failures; /* of writing */
	uint64_t damaged; /* entries that could not be read back */
	uint64_t generation;
	int last_error; /* errno of the last failure, 0 once one has gone well since */
	bool is_full;
};

/* Opens or creates the log and takes the marks from it. 0, or -errno with one line that says which
 * file, what is wrong and what to do. */
int intake_open(const struct intake_options *options, struct intake **ret_intake,
		char ret_error[INTAKE_ERROR_BYTES]);
/* Ends the thread; what is not synced is lost. No reader may be left. Takes NULL. */
void intake_close(struct intake *intake);
/* There was no log: marks that an earlier version kept elsewhere can be given to it. */
bool intake_is_new(const struct intake *intake);
int intake_seed(struct intake *intake, const struct dedupe_key *key, uint64_t mark);
/* An eventfd that is written to whenever more is durable, or lost, or there is room again. Before
 * intake_start. 0 or -ENOSPC. */
int intake_watch(struct intake *intake, int fd);
/* Begins to sync. 0 or -errno. */
int intake_start(struct intake *intake);

/* These are called from any thread. */
/* Whether there is room for one more entry, whatever its size. If not, come again when watchers are
 * told. Asked before a batch is taken from the sensor's connection, so that it waits there; what
 * was taken is written in any case. */
bool intake_has_room(struct intake *intake);
/* 0; -EBUSY: a write has failed a moment ago; any other -errno: it could not be written. */
int intake_arrive(struct intake *intake, const uint8_t sensor[16], struct entry_arrival *arrival,
		  struct intake_welcome *ret_welcome, struct intake_ticket *ret_ticket);
int intake_batch(struct intake *intake, const struct dedupe_key *key,
		 const struct verify_batch *batch, struct intake_outcome *ret_outcome,
		 struct intake_ticket *ret_ticket);
/* Whether the batch is at or below its mark. */
bool intake_knows(struct intake *intake, const struct dedupe_key *key, uint64_t seq);
int intake_leave(struct intake *intake, const uint8_t sensor[16]);
enum intake_state intake_ask(struct intake *intake, const struct intake_ticket *ticket);
bool intake_is_refusing(struct intake *intake);
/* Returns once everything appended so far is durable or lost. */
void intake_settle(struct intake *intake);
void intake_stats(struct intake *intake, struct intake_stats *ret_stats);

/*
 * A reader begins at `position` of the log of that generation; of another one, or at 0, with the
 * oldest entry there is. One that holds keeps the log from being cut behind what it has settled;
 * another one begins with what comes next and misses what it is too slow for. 0 or -ENOMEM.
 */
struct intake_place {
	uint64_t generation;
	uint64_t position;
	bool is_holding;
};
int intake_reader_new(struct intake *intake, const struct intake_place *place,
		      struct intake_reader **ret_reader);
void intake_reader_free(struct intake_reader *reader); /* takes NULL */
/* The next durable entry, valid until the next call. 1; 0: none came within wait_ms; -ECANCELED:
 * woken by intake_reader_stop; -EBADMSG: an entry is damaged and was passed over; -errno. */
int intake_reader_next(struct intake_reader *reader, uint32_t wait_ms, struct entry *ret_entry);
/* From any thread: next does not wait any more; with `at_end` it first hands out what is there. */
void intake_reader_stop(struct intake_reader *reader, bool at_end);
/* Goes on at `position`, which it has had before: what came after was not kept. */
void intake_reader_seek(struct intake_reader *reader, uint64_t position);
/* Everything before `position` is durable elsewhere. */
void intake_reader_settle(struct intake_reader *reader, uint64_t position);
uint64_t intake_reader_position(const struct intake_reader *reader); /* of the next entry */
/* How many durable entries are before it. */
uint64_t intake_reader_lag(struct intake_reader *reader);
uint64_t intake_generation(const struct intake *intake);

#endif
