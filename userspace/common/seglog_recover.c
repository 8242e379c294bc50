/* SPDX-License-Identifier: Apache-2.0 */
#include "common/cleanup.h"
#include "common/seglog_private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* The last record of a segment may pass segment_bytes_max when it stands alone. */
#define FILE_BYTES_MAX                                                                             \
	((uint64_t)SEGLOG_SEGMENT_BYTES_MAX + SEGMENT_HEADER_BYTES + SEGMENT_RECORD_BYTES +        \
	 SEGMENT_AUX_BYTES_MAX + SEGMENT_PAYLOAD_BYTES_MAX)

struct recovering {
	struct seglog *log;
	uint64_t now_ms;
	seglog_record_fn each;
	void *context;
	struct seglog_recovery found;
	uint64_t *first_seqs; /* of the files found, ascending */
	size_t count;
};

/* One segment being scanned, its whole file in memory. */
struct scan {
	struct seglog_segment *segment;
	uint8_t *bytes;
	size_t size;
	size_t at;
	size_t good_end; /* behind the last good record, or header, before `at` */
	uint64_t seq_end; /* where the next segment begins */
	bool has_header;
	bool is_damaged; /* a good record follows a bad stretch */
	bool is_last;
};

static int read_whole(int fd, uint8_t **ret_bytes, size_t *ret_size)
{
	_cleanup_free_ uint8_t *bytes = NULL;
	struct stat status;
	int r;

	if (fstat(fd, &status) < 0)
		return -errno;
	if (!S_ISREG(status.st_mode) || (uint64_t)status.st_size > FILE_BYTES_MAX)
		return -EFBIG;
	bytes = malloc((size_t)status.st_size + 1);
	if (!bytes)
		return -ENOMEM;
	r = seglog_file_read(fd, 0, bytes, (size_t)status.st_size);
	if (r < 0)
		return r;
	*ret_bytes = bytes;
	*ret_size = (size_t)status.st_size;
	bytes = NULL;
	return 0;
}

/* The generation is the newest readable header's; without any, the one for a new log. */
static int adopt_generation(struct recovering *recovering)
{
	struct segment_header header;
	uint8_t bytes[SEGMENT_HEADER_BYTES];

	for (size_t i = recovering->count; i > 0; i--) {
		uint64_t first_seq = recovering->first_seqs[i - 1];
		_cleanup_close_ int fd = seglog_file_open(recovering->log, first_seq, O_RDONLY);
		int r = fd < 0 ? fd : seglog_file_read(fd, 0, bytes, sizeof(bytes));

		if (r == 0)
			r = segment_header_read(bytes, sizeof(bytes), &header);
		if (r == 0)
			recovering->log->header.generation = header.generation;
		if (r != -EBADMSG)
			return r;
	}
	return 0;
}

/* -EBADMSG when the header is damaged, -EUCLEAN when it is sound but not this log's. */
static int check_header(const struct seglog *log, const struct scan *scan)
{
	struct segment_header header;
	int r = segment_header_read(scan->bytes, scan->size, &header);

	if (r < 0)
		return r;
	if (memcmp(header.sensor, log->header.sensor, sizeof(header.sensor)) != 0 ||
	    header.generation != log->header.generation || header.lane != log->header.lane ||
	    header.first_seq != scan->segment->first_seq)
		return -EUCLEAN;
	return 0;
}

/* Records follow each other without a gap, except behind damage: then at most as many numbers are
 * missing as records fit into it. This keeps payload bytes that look like a record from being taken
 * for one after damage, and numbers from leaping. */
static bool is_plausible(const struct scan *scan, const struct segment_record *record)
{
	uint64_t expected = scan->segment->first_seq + scan->segment->count;
	size_t lost_from =
		scan->good_end > SEGMENT_HEADER_BYTES ? scan->good_end : SEGMENT_HEADER_BYTES;
	uint64_t lost_max = (scan->at - lost_from) / SEGMENT_RECORD_BYTES;

	return record->seq >= expected && record->seq - expected <= lost_max &&
	       record->seq < scan->seq_end;
}

static int take_record(struct recovering *recovering, struct scan *scan,
		       const struct segment_record *record, size_t size)
{
	struct seglog_place place = { .offset = (uint32_t)scan->at, .size = (uint32_t)size };
	int r = seglog_index_reserve(scan->segment, record->seq);

	if (r < 0)
		return r;
	seglog_index_note(scan->segment, record->seq, place);
	if (scan->at > scan->good_end) {
		scan->is_damaged = true;
		recovering->found.corrupt_stretches++;
	}
	recovering->found.records++;
	scan->at += size;
	scan->good_end = scan->at;
	if (recovering->each)
		recovering->each(recovering->context, record);
	return 0;
}

/* Leaves scan->good_end behind the last good record. */
static int scan_records(struct recovering *recovering, struct scan *scan)
{
	struct segment_record record;
	int r = 0;

	while (scan->at < scan->size && r == 0) {
		const uint8_t *bytes = scan->bytes + scan->at;
		size_t left = scan->size - scan->at;
		long size = segment_record_read(bytes, left, &record);

		if (size > 0 && is_plausible(scan, &record))
			r = take_record(recovering, scan, &record, (size_t)size);
		else if (size == -EAGAIN && scan->is_last)
			break; /* a torn write: nothing was ever written behind it */
		else
			scan->at += segment_resync(bytes, left);
	}
	return r;
}

/* What nothing good follows is cut off the last segment; without a header it gets a new one. Then
 * records can be appended to it. */
static int mend_tail(struct recovering *recovering, struct scan *scan, int fd)
{
	struct seglog *log = recovering->log;

	if (scan->good_end < scan->size) {
		recovering->found.torn_bytes += scan->size - scan->good_end;
		if (ftruncate(fd, (off_t)scan->good_end) < 0 || fsync(fd) < 0 ||
		    fsync(log->directory_fd) < 0)
			return -errno;
	}
	scan->segment->size = scan->good_end;
	if (scan->has_header)
		return 0;
	scan->segment->size = SEGMENT_HEADER_BYTES;
	return seglog_file_write_header(log, fd, scan->segment->first_seq, recovering->now_ms);
}

static int scan_segment(struct recovering *recovering, struct scan *scan, int fd)
{
	int r = check_header(recovering->log, scan);

	if (r < 0 && r != -EBADMSG)
		return r;
	scan->at = scan->size < SEGMENT_HEADER_BYTES ? scan->size : SEGMENT_HEADER_BYTES;
	scan->has_header = r == 0;
	scan->good_end = scan->has_header ? scan->at : 0;
	r = scan_records(recovering, scan);
	if (r < 0)
		return r;
	if (scan->is_last && !scan->is_damaged)
		return mend_tail(recovering, scan, fd);
	if (scan->is_last)
		recovering->log->is_sealed = true;
	scan->segment->size = scan->size;
	recovering->found.corrupt_stretches += scan->good_end < scan->size;
	return 0;
}

static int recover_segment(struct recovering *recovering, size_t index)
{
	struct seglog *log = recovering->log;
	struct scan scan = { .is_last = index == recovering->count - 1 };
	_cleanup_free_ uint8_t *bytes = NULL;
	_cleanup_close_ int fd = -1;
	int r = seglog_index_add(log, recovering->first_seqs[index]);

	if (r < 0)
		return r;
	fd = seglog_file_open(log, recovering->first_seqs[index], scan.is_last ? O_RDWR : O_RDONLY);
	r = fd < 0 ? fd : read_whole(fd, &bytes, &scan.size);
	if (r < 0)
		return r;
	scan.segment = seglog_tail(log);
	scan.bytes = bytes;
	scan.seq_end = scan.is_last ? SEGLOG_SEQ_MAX : recovering->first_seqs[index + 1];
	r = scan_segment(recovering, &scan, fd);
	if (r == 0 && scan.is_last) {
		log->tail_fd = fd;
		fd = -1;
	}
	return r;
}

/* Nobody appends to it any more, so its file says all there is to know. */
static int leave_unread(struct recovering *recovering, size_t index)
{
	struct seglog *log = recovering->log;
	_cleanup_close_ int fd = seglog_file_open(log, recovering->first_seqs[index], O_RDONLY);
	struct stat status;
	int r = fd < 0 ? fd : seglog_index_add(log, recovering->first_seqs[index]);

	if (r < 0)
		return r;
	if (fstat(fd, &status) < 0)
		return -errno;
	seglog_tail(log)->size = (uint64_t)status.st_size;
	seglog_tail(log)->is_unread = true;
	return 0;
}

int seglog_recover_index(struct seglog *log, size_t index)
{
	struct recovering recovering = { .log = log };
	struct scan scan = { .segment = &log->segments[index],
			     .seq_end = log->segments[index + 1].first_seq };
	_cleanup_free_ uint8_t *bytes = NULL;
	_cleanup_close_ int fd = seglog_file_open(log, scan.segment->first_seq, O_RDONLY);
	int r = fd < 0 ? fd : read_whole(fd, &bytes, &scan.size);

	if (r < 0)
		return r;
	scan.bytes = bytes;
	scan.segment->count = 0;
	r = scan_segment(&recovering, &scan, -1);
	scan.segment->is_unread = r < 0;
	return r;
}

static int start_empty(struct seglog *log, uint64_t now_ms)
{
	int r = seglog_index_add(log, 1);

	if (r < 0)
		return r;
	seglog_tail(log)->size = SEGMENT_HEADER_BYTES;
	log->tail_fd = seglog_file_create(log, 1, now_ms);
	return log->tail_fd < 0 ? log->tail_fd : 0;
}

static int recover_all(struct recovering *recovering)
{
	int r = adopt_generation(recovering);

	for (size_t i = 0; i < recovering->count && r == 0; i++)
		r = recovering->log->is_lazy && i + 1 < recovering->count
			    ? leave_unread(recovering, i)
			    : recover_segment(recovering, i);
	if (r == 0 && recovering->count == 0)
		r = start_empty(recovering->log, recovering->now_ms);
	return r;
}

int seglog_recover(struct seglog *log, uint64_t now_ms, seglog_record_fn each, void *context,
		   struct seglog_recovery *ret_recovery)
{
	struct recovering recovering = {
		.log = log, .now_ms = now_ms, .each = each, .context = context
	};
	int r = seglog_file_list(log, &recovering.first_seqs, &recovering.count);

	if (r == 0)
		r = recover_all(&recovering);
	free(recovering.first_seqs);
	if (r < 0)
		return r;
	uint64_t first_seq = log->is_lazy ? seglog_tail(log)->first_seq : seglog_first_seq(log);

	recovering.found.missing_seqs = seglog_next_seq(log) - first_seq - recovering.found.records;
	*ret_recovery = recovering.found;
	return 0;
}
