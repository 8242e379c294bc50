/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A lane as a directory of segment files: append, sync, read in order, drop from the front. Files
 * are named LANE-FIRSTSEQ.seg ("a-0000000000000001.seg"), so their order is their names' order.
 * Creating, truncating and unlinking are followed by an fsync of the directory.
 *
 * The last segment is never unlinked while the log is open: it carries generation and next sequence
 * number over a restart even when everything was dropped.
 */
#ifndef YAGURA_COMMON_SEGLOG_H
#define YAGURA_COMMON_SEGLOG_H

#include "common/segment.h"

#include <stdbool.h>

struct seglog;

struct seglog_options {
	const char *directory; /* exists, writable */
	uint8_t lane;
	uint8_t sensor[16];
	uint64_t generation; /* for a new log; an existing one keeps its own */
	uint64_t segment_bytes_max; /* a segment is closed when the next record would pass this */
	uint64_t now_ms;
	/* Only the last segment is looked at when the log is opened, so that a long log opens as
	 * fast as a short one; the others when something of them is read. Then seglog_recovery
	 * and `each` tell of the last segment alone. */
	bool is_lazy;
};

/* What opening had to mend. */
struct seglog_recovery {
	uint64_t records; /* found whole */
	uint64_t torn_bytes; /* cut off the end of the last segment */
	uint64_t corrupt_stretches; /* skipped inside segments */
	uint64_t missing_seqs; /* sequence numbers nobody holds any more, inside first … next */
};

/* Called once a record found at opening, oldest first. */
typedef void (*seglog_record_fn)(void *context, const struct segment_record *record);

/* Opens or creates a log and recovers it. A bad stretch that good records follow is skipped; in the
 * last segment too, which is then left as it is and not appended to any more. (Cutting it there
 * would give the numbers of the records behind away again, though the other end may have them.)
 * Otherwise the last segment is cut at its first bad record, and gets a new header if its own is
 * torn. Segments of another sensor, lane or generation than the newest one's are an error. 0 or
 * -errno; -EUCLEAN: the directory holds such segments; -EINVAL: a lane beyond 25 or
 * segment_bytes_max beyond 64 MiB. */
int seglog_open(const struct seglog_options *options, seglog_record_fn each, void *context,
		struct seglog **ret_log, struct seglog_recovery *ret_recovery);
/* Closes without syncing. Takes NULL. */
void seglog_close(struct seglog *log);

uint64_t seglog_generation(const struct seglog *log);
uint64_t seglog_first_seq(const struct seglog *log); /* == next when empty */
uint64_t seglog_next_seq(const struct seglog *log);
uint64_t seglog_bytes(const struct seglog *log); /* of all segment files */

/* Appends one record in one write and gives it the next sequence number. 0 or -errno (-ENOSPC,
 * -EIO, …): then nothing was appended, what had been written of it was cut off again. -EMSGSIZE
 * when aux or payload are larger than the format allows. A record that does not fit into the last
 * segment syncs it and begins the next, whose header and name are on disk before the record is
 * written. */
int seglog_append(struct seglog *log, uint8_t type, const void *aux, uint16_t aux_size,
		  const void *payload, uint32_t payload_size, uint64_t now_ms, uint64_t *ret_seq);
/* While it stays, no segment begins: what is appended goes to that of the record before, beyond
 * segment_bytes_max up to the 64 MiB that a segment can have. */
void seglog_stay(struct seglog *log, bool stays);
/* Makes sure that a record of so many bytes (aux and payload) goes into the last segment. 1 when
 * that has no record yet: the place for what is to open each segment. 0, or -errno. */
int seglog_make_room(struct seglog *log, size_t bytes, uint64_t now_ms);
/* fdatasync of what was appended since the last call. 0 or -errno. */
int seglog_sync(struct seglog *log);
/* A descriptor of the last segment's file, the caller's to close: fdatasync of it makes durable
 * what was appended so far, while others append (segments before the last are on disk). Or -errno.
 */
int seglog_tail_dup(const struct seglog *log);
/* Cuts off the last segment what was appended as `seq` and later: a sync that failed leaves nobody
 * knowing what is on disk. 0 or -errno. */
int seglog_cut(struct seglog *log, uint64_t seq);

size_t seglog_segment_count(const struct seglog *log);
/* The number of the first record of a segment, oldest first. */
uint64_t seglog_segment_first(const struct seglog *log, size_t index);

/* Reads the record `seq`. *ret_record points into a buffer of the log's own, valid until the next
 * call on it. 0, -ENOENT (before the first, after the last, or lost to damage), -EBADMSG, -errno.
 */
int seglog_read(struct seglog *log, uint64_t seq, struct segment_record *ret_record);

/* Unlinks every segment whose records all come before `seq`, the last segment excepted. */
int seglog_drop_before(struct seglog *log, uint64_t seq);
/* The last number in the segment that seglog_drop_oldest would unlink. -ENOENT when only one is
 * left. */
int seglog_oldest(const struct seglog *log, uint64_t *ret_last);
/* Unlinks the oldest segment, for want of room; *ret_first … *ret_last are the numbers that went.
 * `each` (may be NULL) sees its records first. -ENOENT when only the last one is left. */
int seglog_drop_oldest(struct seglog *log, seglog_record_fn each, void *context,
		       uint64_t *ret_first, uint64_t *ret_last);

#endif
