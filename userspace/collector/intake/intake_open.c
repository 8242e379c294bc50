/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/intake/intake_private.h"

#include "common/clock.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#define SEGMENT_BYTES (64u << 20)
#define SEGMENTS_MIN 4 /* of a budget, so that it can be cut while others are in use */
#define REST_MIN_MS 100

static int apply_arrival(struct intake *intake, const struct entry *entry)
{
	const struct entry_arrival *arrival = &entry->arrival;
	struct dedupe_key key = { .sensor = entry->sensor,
				  .generation = arrival->hello.generation };
	int r = watermarks_arrive(intake->marks, entry->sensor, arrival->hello.instance);

	for (key.lane = 0; key.lane < VERIFY_LANES && r == 0; key.lane++)
		if (arrival->is_rewound[key.lane])
			r = watermarks_set(intake->marks, &key, arrival->marks[key.lane]);
	return r;
}

static int apply_batch(struct intake *intake, const struct entry *entry)
{
	struct dedupe_key key = { .sensor = entry->sensor,
				  .generation = entry->batch.generation,
				  .lane = entry->batch.lane };

	return watermarks_set(intake->marks, &key, entry->batch.seq);
}

/* What an entry did to the marks. 1: a whole checkpoint stands. */
static int apply(struct intake *intake, const struct entry *entry)
{
	switch (entry->type) {
	case ENTRY_BATCH:
		return apply_batch(intake, entry);
	case ENTRY_ARRIVAL:
		return apply_arrival(intake, entry);
	case ENTRY_CHECKPOINT:
		return watermarks_restore(intake->marks, entry->checkpoint.bytes,
					  entry->checkpoint.size);
	case ENTRY_LEAVE:
	case ENTRY_START:
	default:
		return 0;
	}
}

/* Behind a whole checkpoint others say nothing new, and one that was torn would make less of it. An
 * entry that nobody can read leaves the marks as they are: what it held is sent again. */
static int replay(struct intake *intake, uint64_t from, bool *ret_has_checkpoint)
{
	uint64_t end = seglog_next_seq(intake->log);
	bool has_checkpoint = false;
	int r = 0;

	for (uint64_t position = from; position < end && r >= 0; position++) {
		struct segment_record record;
		struct entry entry;

		r = seglog_read(intake->log, position, &record);
		if (r == 0)
			r = entry_read(&record, &entry);
		if (r == 0 && !has_checkpoint && entry.type != ENTRY_CHECKPOINT)
			return 0;
		if (r == 0 && (!has_checkpoint || entry.type != ENTRY_CHECKPOINT))
			r = apply(intake, &entry);
		has_checkpoint |= r == 1;
		if (r == -ENOENT || r == -EBADMSG)
			r = 0;
	}
	*ret_has_checkpoint = r >= 0 && has_checkpoint;
	return r < 0 ? r : 0;
}

/* The last segment may have been begun and not got its checkpoint: then the one before has it. */
int intake_restore_marks(struct intake *intake)
{
	bool has_checkpoint = false;
	int r = 0;

	intake->has_checkpoint = false;
	watermarks_clear(intake->marks);
	for (size_t i = seglog_segment_count(intake->log); i > 0 && r == 0 && !has_checkpoint;
	     i--) {
		r = replay(intake, seglog_segment_first(intake->log, i - 1), &has_checkpoint);
		if (i == seglog_segment_count(intake->log))
			intake->has_checkpoint = has_checkpoint;
	}
	if (r == 0 && !has_checkpoint)
		watermarks_clear(intake->marks);
	intake->is_new = !has_checkpoint;
	return r;
}

__attribute__((format(printf, 3, 4))) static int explain(char *ret_error, int r, const char *format,
							 ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(ret_error, INTAKE_ERROR_BYTES, format, arguments);
	va_end(arguments);
	return r;
}

static uint64_t segment_bytes(const struct intake_options *options)
{
	uint64_t share = options->bytes_max / SEGMENTS_MIN;

	if (options->segment_bytes_max > 0)
		return options->segment_bytes_max;
	return share < SEGMENT_BYTES ? share : SEGMENT_BYTES;
}

static int open_log(struct intake *intake, const struct intake_options *options, char *ret_error)
{
	char path[PATH_MAX];
	struct seglog_options log = { .directory = path,
				      .segment_bytes_max = segment_bytes(options),
				      .now_ms = clock_realtime_ns() / NS_PER_MS,
				      .is_lazy = true };
	struct seglog_recovery recovery = { 0 };
	int r;

	if (snprintf(path, sizeof(path), "%s/intake", options->directory) >= (int)sizeof(path))
		return explain(ret_error, -ENAMETOOLONG, "%s: the name is too long",
			       options->directory);
	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return explain(ret_error, -errno, "cannot create %s: %s", path, strerror(errno));
	if (getrandom(&log.generation, sizeof(log.generation), 0) != sizeof(log.generation))
		return explain(ret_error, -EIO, "cannot draw random numbers");
	log.generation |= 1; /* never 0 */
	r = seglog_open(&log, NULL, NULL, &intake->log, &recovery);
	if (r == 0)
		r = intake_restore_marks(intake);
	if (r < 0)
		return explain(ret_error, r,
			       "cannot open the log in %s: %s; make it readable, or move it away: "
			       "what no sink has taken from it is then lost",
			       path, strerror(-r));
	intake->durable = seglog_next_seq(intake->log);
	return 0;
}

static int init_locks(struct intake *intake)
{
	pthread_condattr_t attributes;
	int r = pthread_condattr_init(&attributes);

	if (r != 0)
		return -r;
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	r = pthread_mutex_init(&intake->mutex, NULL);
	if (r == 0)
		r = pthread_cond_init(&intake->appended, &attributes);
	if (r == 0)
		r = pthread_cond_init(&intake->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	return -r;
}

int intake_open(const struct intake_options *options, struct intake **ret_intake,
		char ret_error[INTAKE_ERROR_BYTES])
{
	struct intake *intake = calloc(1, sizeof(*intake));
	int r;

	explain(ret_error, 0, "out of memory");
	if (!intake)
		return -ENOMEM;
	LIST_INIT(&intake->readers);
	intake->bytes_max = options->bytes_max;
	intake->rest_ms = REST_MIN_MS;
	intake->marks = watermarks_new();
	r = intake->marks ? init_locks(intake) : -ENOMEM;
	if (r == 0)
		r = open_log(intake, options, ret_error);
	if (r < 0)
		intake_close(intake);
	else
		*ret_intake = intake;
	return r;
}

void intake_close(struct intake *intake)
{
	if (!intake)
		return;
	if (intake->has_thread) {
		pthread_mutex_lock(&intake->mutex);
		intake->is_ending = true;
		pthread_cond_signal(&intake->appended);
		pthread_mutex_unlock(&intake->mutex);
		pthread_join(intake->thread, NULL);
	}
	pthread_cond_destroy(&intake->appended);
	pthread_cond_destroy(&intake->changed);
	pthread_mutex_destroy(&intake->mutex);
	seglog_close(intake->log);
	watermarks_free(intake->marks);
	free(intake);
}
