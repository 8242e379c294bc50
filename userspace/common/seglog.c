/* SPDX-License-Identifier: Apache-2.0 */
#include "common/seglog.h"

#include "common/cleanup.h"
#include "common/seglog_private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/uio.h>

#define LANE_MAX ('z' - 'a')

static struct seglog *log_new(const struct seglog_options *options)
{
	struct seglog *log = calloc(1, sizeof(*log));

	if (!log)
		return NULL;
	memcpy(log->header.sensor, options->sensor, sizeof(log->header.sensor));
	log->header.generation = options->generation;
	log->header.lane = options->lane;
	log->segment_bytes_max = options->segment_bytes_max;
	log->is_lazy = options->is_lazy;
	log->directory_fd = -1;
	log->tail_fd = -1;
	log->read_fd = -1;
	return log;
}

int seglog_open(const struct seglog_options *options, seglog_record_fn each, void *context,
		struct seglog **ret_log, struct seglog_recovery *ret_recovery)
{
	struct seglog *log;
	int r;

	if (options->lane > LANE_MAX || options->segment_bytes_max > SEGLOG_SEGMENT_BYTES_MAX)
		return -EINVAL;
	log = log_new(options);
	if (!log)
		return -ENOMEM;
	log->directory_fd = open(options->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = log->directory_fd < 0 ? -errno : 0;
	if (r == 0)
		r = seglog_recover(log, options->now_ms, each, context, ret_recovery);
	if (r < 0) {
		seglog_close(log);
		return r;
	}
	*ret_log = log;
	return 0;
}

void seglog_close(struct seglog *log)
{
	if (!log)
		return;
	cleanup_closep(&log->directory_fd);
	cleanup_closep(&log->tail_fd);
	cleanup_closep(&log->read_fd);
	for (size_t i = 0; i < log->count; i++)
		free(log->segments[i].places);
	free(log->segments);
	free(log->buffer);
	free(log);
}

uint64_t seglog_generation(const struct seglog *log)
{
	return log->header.generation;
}

uint64_t seglog_first_seq(const struct seglog *log)
{
	return log->segments[0].first_seq;
}

uint64_t seglog_next_seq(const struct seglog *log)
{
	return seglog_tail(log)->first_seq + seglog_tail(log)->count;
}

uint64_t seglog_bytes(const struct seglog *log)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < log->count; i++)
		bytes += log->segments[i].size;
	return bytes;
}

int seglog_sync(struct seglog *log)
{
	if (!log->unsynced)
		return 0;
	if (fdatasync(log->tail_fd) < 0)
		return -errno;
	log->unsynced = false;
	return 0;
}

/* Closes the last segment and begins the next. The old one is synced first: recovery takes only the
 * very last segment for one that may be torn. */
static int roll_over(struct seglog *log, uint64_t now_ms)
{
	uint64_t first_seq = seglog_next_seq(log);
	int fd;
	int r = seglog_sync(log);

	if (r == 0)
		r = seglog_index_add(log, first_seq);
	if (r < 0)
		return r;
	fd = seglog_file_create(log, first_seq, now_ms);
	if (fd < 0) {
		log->count--;
		return fd;
	}
	seglog_tail(log)->size = SEGMENT_HEADER_BYTES;
	close(log->tail_fd);
	log->tail_fd = fd;
	log->is_sealed = false;
	return 0;
}

void seglog_stay(struct seglog *log, bool stays)
{
	log->stays = stays;
}

static int cut_overhang(struct seglog *log)
{
	if (ftruncate(log->tail_fd, (off_t)seglog_tail(log)->size) < 0)
		return -errno;
	log->overhangs = false;
	return 0;
}

static bool has_room(const struct seglog *log, size_t size)
{
	uint64_t used = seglog_tail(log)->size;

	if (log->is_sealed)
		return false;
	return used == SEGMENT_HEADER_BYTES ||
	       used + size <= (log->stays ? SEGLOG_SEGMENT_BYTES_MAX : log->segment_bytes_max);
}

/* Whatever a failed append left behind goes first; then a segment with room, in file and index. */
static int make_ready(struct seglog *log, size_t size, uint64_t now_ms)
{
	int r = log->overhangs ? cut_overhang(log) : 0;

	if (r == 0 && !has_room(log, size))
		r = roll_over(log, now_ms);
	if (r == 0)
		r = seglog_index_reserve(seglog_tail(log), seglog_next_seq(log));
	return r;
}

int seglog_make_room(struct seglog *log, size_t bytes, uint64_t now_ms)
{
	int r = make_ready(log, SEGMENT_RECORD_BYTES + bytes, now_ms);

	return r < 0 ? r : seglog_tail(log)->count == 0;
}

static int write_record(struct seglog *log, const struct segment_record *record, size_t size)
{
	uint8_t head[SEGMENT_RECORD_BYTES];
	struct iovec parts[] = {
		{ head, sizeof(head) },
		{ (void *)(uintptr_t)record->aux, record->aux_size },
		{ (void *)(uintptr_t)record->payload, record->payload_size },
	};
	ssize_t written;

	segment_record_write(head, record);
	written = pwritev(log->tail_fd, parts, 3, (off_t)seglog_tail(log)->size);
	if (written == (ssize_t)size)
		return 0;
	/* A file that takes only part of a write has no room for the rest. */
	return written < 0 ? -errno : -ENOSPC;
}

int seglog_append(struct seglog *log, uint8_t type, const void *aux, uint16_t aux_size,
		  const void *payload, uint32_t payload_size, uint64_t now_ms, uint64_t *ret_seq)
{
	struct segment_record record = { .seq = seglog_next_seq(log),
					 .type = type,
					 .aux = aux,
					 .aux_size = aux_size,
					 .payload = payload,
					 .payload_size = payload_size };
	size_t size = SEGMENT_RECORD_BYTES + (size_t)aux_size + payload_size;
	int r;

	if (aux_size > SEGMENT_AUX_BYTES_MAX || payload_size > SEGMENT_PAYLOAD_BYTES_MAX)
		return -EMSGSIZE;
	r = make_ready(log, size, now_ms);
	if (r < 0)
		return r;
	r = write_record(log, &record, size);
	if (r < 0) {
		log->overhangs = true;
		cut_overhang(log);
		return r;
	}
	struct seglog_segment *tail = seglog_tail(log);

	seglog_index_note(tail, record.seq,
			  (struct seglog_place){ (uint32_t)tail->size, (uint32_t)size });
	tail->size += size;
	log->unsynced = true;
	*ret_seq = record.seq;
	return 0;
}

int seglog_tail_dup(const struct seglog *log)
{
	int fd = fcntl(log->tail_fd, F_DUPFD_CLOEXEC, 0);

	return fd < 0 ? -errno : fd;
}

int seglog_cut(struct seglog *log, uint64_t seq)
{
	struct seglog_segment *tail = seglog_tail(log);
	size_t keep = seq > tail->first_seq ? (size_t)(seq - tail->first_seq) : 0;

	if (keep >= tail->count)
		return 0;
	/* What is lost to damage has no place; the first record behind that has. */
	for (size_t i = keep; i < tail->count; i++) {
		if (tail->places[i].size == 0)
			continue;
		tail->size = tail->places[i].offset;
		break;
	}
	tail->count = keep;
	log->overhangs = true;
	return cut_overhang(log);
}

size_t seglog_segment_count(const struct seglog *log)
{
	return log->count;
}

uint64_t seglog_segment_first(const struct seglog *log, size_t index)
{
	return log->segments[index].first_seq;
}

static int drop_first(struct seglog *log)
{
	int r = seglog_file_unlink(log, log->segments[0].first_seq);

	if (r < 0)
		return r;
	if (log->read_fd >= 0 && log->read_first_seq == log->segments[0].first_seq) {
		close(log->read_fd);
		log->read_fd = -1;
	}
	seglog_index_shift(log);
	return 0;
}

int seglog_drop_before(struct seglog *log, uint64_t seq)
{
	int r = 0;

	while (r == 0 && log->count > 1 && log->segments[1].first_seq <= seq)
		r = drop_first(log);
	return r;
}

int seglog_oldest(const struct seglog *log, uint64_t *ret_last)
{
	if (log->count < 2)
		return -ENOENT;
	*ret_last = log->segments[1].first_seq - 1;
	return 0;
}

int seglog_drop_oldest(struct seglog *log, seglog_record_fn each, void *context,
		       uint64_t *ret_first, uint64_t *ret_last)
{
	struct segment_record record;
	uint64_t first = seglog_first_seq(log);
	int r;

	uint64_t last;

	r = seglog_oldest(log, &last);
	if (r < 0)
		return r;
	for (size_t i = 0; each && i < log->segments[0].count; i++) {
		if (seglog_read(log, first + i, &record) == 0)
			each(context, &record);
	}
	r = drop_first(log);
	if (r < 0)
		return r;
	*ret_first = first;
	*ret_last = last;
	return 0;
}
