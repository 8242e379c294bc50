/* SPDX-License-Identifier: Apache-2.0 */
#include "common/cleanup.h"
#include "common/seglog_private.h"

#include <errno.h>
#include <fcntl.h>

/* The last segment that begins at or before `seq`, which is not before the first. */
static size_t find_segment(const struct seglog *log, uint64_t seq)
{
	size_t low = 0;
	size_t high = log->count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (log->segments[middle].first_seq <= seq)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* A descriptor to read `segment` with; the log keeps it. */
static int reader_of(struct seglog *log, const struct seglog_segment *segment)
{
	int fd;

	if (segment == seglog_tail(log))
		return log->tail_fd;
	if (log->read_fd >= 0 && log->read_first_seq == segment->first_seq)
		return log->read_fd;
	fd = seglog_file_open(log, segment->first_seq, O_RDONLY);
	if (fd < 0)
		return fd;
	cleanup_closep(&log->read_fd);
	log->read_fd = fd;
	log->read_first_seq = segment->first_seq;
	return fd;
}

static int buffer_grow(struct seglog *log, size_t size)
{
	uint8_t *grown;

	if (size <= log->buffer_size)
		return 0;
	grown = realloc(log->buffer, size);
	if (!grown)
		return -ENOMEM;
	log->buffer = grown;
	log->buffer_size = size;
	return 0;
}

static int read_place(struct seglog *log, const struct seglog_segment *segment,
		      struct seglog_place place, struct segment_record *ret_record)
{
	int fd = reader_of(log, segment);
	int r = fd < 0 ? fd : buffer_grow(log, place.size);

	if (r == 0)
		r = seglog_file_read(fd, place.offset, log->buffer, place.size);
	if (r < 0)
		return r;
	if (segment_record_read(log->buffer, place.size, ret_record) != (long)place.size)
		return -EBADMSG;
	return 0;
}

int seglog_read(struct seglog *log, uint64_t seq, struct segment_record *ret_record)
{
	const struct seglog_segment *segment;
	struct segment_record record;
	int r;

	if (seq < seglog_first_seq(log))
		return -ENOENT;
	size_t index = find_segment(log, seq);

	r = log->segments[index].is_unread ? seglog_recover_index(log, index) : 0;
	if (r < 0)
		return r;
	segment = &log->segments[index];
	if (seq - segment->first_seq >= segment->count)
		return -ENOENT;
	struct seglog_place place = segment->places[seq - segment->first_seq];

	if (place.size == 0)
		return -ENOENT;
	r = read_place(log, segment, place, &record);
	if (r < 0)
		return r;
	if (record.seq != seq)
		return -EBADMSG;
	*ret_record = record;
	return 0;
}
