/* SPDX-License-Identifier: Apache-2.0 */
/* What the three files of the segment log share; nobody else includes this. */
#ifndef YAGURA_COMMON_SEGLOG_PRIVATE_H
#define YAGURA_COMMON_SEGLOG_PRIVATE_H

#include "common/seglog.h"

#define SEGLOG_SEGMENT_BYTES_MAX (64u << 20)
/* Far beyond what anybody appends, and low enough that adding to it never wraps. */
#define SEGLOG_SEQ_MAX (UINT64_MAX >> 1)

/* Where a record lies in its file; size 0: lost to damage. */
struct seglog_place {
	uint32_t offset;
	uint32_t size;
};

struct seglog_segment {
	uint64_t first_seq;
	uint64_t size; /* of the file */
	struct seglog_place *places; /* of first_seq, first_seq + 1, … */
	size_t count;
	size_t capacity;
	bool is_unread; /* `places` is not filled yet */
};

struct seglog {
	int directory_fd;
	struct segment_header header; /* of the next segment, but for first_seq and created_ms */
	uint64_t segment_bytes_max;
	struct seglog_segment *segments; /* oldest first; never empty once open */
	size_t count;
	size_t capacity;
	int tail_fd; /* of the last segment */
	bool unsynced;
	bool is_lazy;
	/* The last segment has damage inside and is left as it is: once more bytes came or went, a
	 * damaged head could end beyond the file and make all behind it look like a torn write. */
	bool is_sealed;
	bool stays; /* in the last segment */
	bool overhangs; /* a failed append could not be cut off the tail's file yet */
	int read_fd; /* of the segment that begins at read_first_seq, or -1 */
	uint64_t read_first_seq;
	uint8_t *buffer; /* the record read last */
	size_t buffer_size;
};

static inline struct seglog_segment *seglog_tail(const struct seglog *log)
{
	return &log->segments[log->count - 1];
}

/* The index, in memory. */
int seglog_index_add(struct seglog *log, uint64_t first_seq); /* an empty segment at the end */
void seglog_index_shift(struct seglog *log); /* forgets the oldest segment */
/* Makes room for places up to `seq`, so that the next note cannot fail. */
int seglog_index_reserve(struct seglog_segment *segment, uint64_t seq);
void seglog_index_note(struct seglog_segment *segment, uint64_t seq, struct seglog_place place);

/* The files. Descriptors or 0, or -errno. */
int seglog_file_list(const struct seglog *log, uint64_t **ret_first_seqs, size_t *ret_count);
int seglog_file_open(const struct seglog *log, uint64_t first_seq, int flags);
/* A new file with its header, on disk together with its name when this returns. */
int seglog_file_create(const struct seglog *log, uint64_t first_seq, uint64_t now_ms);
int seglog_file_write_header(const struct seglog *log, int fd, uint64_t first_seq, uint64_t now_ms);
int seglog_file_unlink(const struct seglog *log, uint64_t first_seq);
int seglog_file_read(int fd, uint64_t offset, uint8_t *ret_bytes, size_t size);

/* Fills an empty log from its directory; ends with at least one segment and a tail_fd. */
int seglog_recover(struct seglog *log, uint64_t now_ms, seglog_record_fn each, void *context,
		   struct seglog_recovery *ret_recovery);
/* Fills the index of a segment that opening the log has left unread. 0 or -errno. */
int seglog_recover_index(struct seglog *log, size_t index);

#endif
