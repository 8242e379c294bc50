/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What outlives a worker, in a memfd the keeper holds: the totals of the conservation equation, and
 * the latest process events as the ring gave them, arguments but what is left of them after
 * redaction (pipeline_journal.c). A new worker replays them through the same decoder, and so knows
 * the processes whose flows are still to end.
 *
 * The memory is written by a process that may be killed between any two instructions: totals have
 * two slots and a flip, an entry counts only once the head has moved past it, and each entry
 * carries its length and a CRC-32C, so that a torn or overwritten one ends or starts the replay.
 */
#ifndef YAGURA_PROCESS_JOURNAL_H
#define YAGURA_PROCESS_JOURNAL_H

#include "telemetry/record.h"

#include <stddef.h>
#include <stdint.h>

/* Counted since the keeper started (`instance`); only batches of this instance count. */
struct journal_totals {
	uint64_t acked_seq[2]; /* per lane: everything up to here is at the collector; 0 none */
	uint64_t acked[RECORD_CLASS_COUNT]; /* records the collector acknowledged */
	uint64_t gaps[GAP_REASON_COUNT][RECORD_CLASS_COUNT]; /* accounted for by Gap records */
	/* Gap records on their way into the spool with batch `telling_seq` of lane A, 0 none: they
	 * count if that batch is found there. */
	uint64_t telling_seq;
	uint64_t telling[GAP_REASON_COUNT][RECORD_CLASS_COUNT];
	/* Updates of execs: promised by records in the spool, and kept (in the spool, or told as
	 * lost); the last two go with batch `telling_seq`. */
	uint64_t updates_due;
	uint64_t updates_kept;
	uint64_t telling_due;
	uint64_t telling_kept;
	uint64_t dropped_seq[2]; /* per lane: everything up to here was given up or acknowledged */
	uint64_t dropped[RECORD_CLASS_COUNT]; /* given up for want of room */
	uint64_t shipped_bytes; /* payload bytes sent, resent ones counted again */
	uint64_t acked_bytes; /* payload bytes of acknowledged batches */
};

struct journal;

/* Called once an event, oldest first. */
typedef void (*journal_event_fn)(void *context, const uint8_t *bytes, size_t size);

/* Takes `size` bytes of shared memory at `memory` (stays the caller's; zeroed when new). One that
 * is not a journal of `instance` is started afresh. 0, -EINVAL (too small), -ENOMEM. */
int journal_open(void *memory, size_t size, uint64_t instance, struct journal **ret_journal);
void journal_close(struct journal *journal);

/* Appends one event, overwriting the oldest as need be. 0; -E2BIG: events over a quarter of the
 * room are left out. */
int journal_append(struct journal *journal, const uint8_t *bytes, size_t size);
/* Replays what is whole; returns how many. */
uint64_t journal_replay(const struct journal *journal, journal_event_fn each, void *context);

struct journal_totals journal_totals(const struct journal *journal);
void journal_set_totals(struct journal *journal, const struct journal_totals *totals);

#endif
