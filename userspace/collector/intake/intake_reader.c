/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/intake/intake_private.h"

#include "common/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int intake_reader_new(struct intake *intake, const struct intake_place *place,
		      struct intake_reader **ret_reader)
{
	struct intake_reader *reader = calloc(1, sizeof(*reader));
	bool is_known = place->generation == intake_generation(intake);

	if (!reader)
		return -ENOMEM;
	pthread_mutex_lock(&intake->mutex);
	reader->intake = intake;
	reader->is_holding = place->is_holding;
	reader->position = place->is_holding ? seglog_first_seq(intake->log) : intake->durable;
	if (place->is_holding && is_known && place->position > reader->position)
		reader->position = place->position;
	/* What it had was durable; a log that ends before it was set back to an older state. */
	if (reader->position > seglog_next_seq(intake->log))
		reader->position = seglog_first_seq(intake->log);
	reader->settled = reader->position;
	LIST_INSERT_HEAD(&intake->readers, reader, link);
	pthread_mutex_unlock(&intake->mutex);
	*ret_reader = reader;
	return 0;
}

void intake_reader_free(struct intake_reader *reader)
{
	struct intake *intake;

	if (!reader)
		return;
	intake = reader->intake;
	pthread_mutex_lock(&intake->mutex);
	LIST_REMOVE(reader, link);
	pthread_mutex_unlock(&intake->mutex);
	free(reader->buffer);
	free(reader);
}

static int grow(struct intake_reader *reader, size_t size)
{
	uint8_t *grown;

	if (size <= reader->buffer_size)
		return 0;
	grown = realloc(reader->buffer, size);
	if (!grown)
		return -ENOMEM;
	reader->buffer = grown;
	reader->buffer_size = size;
	return 0;
}

/* Out of the log's buffer, which is the next one's who reads. */
static int copy(struct intake_reader *reader, struct segment_record *record)
{
	int r = grow(reader, (size_t)record->aux_size + record->payload_size);

	if (r < 0)
		return r;
	memcpy(reader->buffer, record->aux, record->aux_size);
	if (record->payload_size > 0)
		memcpy(reader->buffer + record->aux_size, record->payload, record->payload_size);
	record->aux = reader->buffer;
	record->payload = reader->buffer + record->aux_size;
	return 0;
}

static int take(struct intake_reader *reader, struct entry *ret_entry)
{
	struct intake *intake = reader->intake;
	struct segment_record record;
	int r;

	if (reader->position < seglog_first_seq(intake->log))
		reader->position = seglog_first_seq(intake->log);
	r = seglog_read(intake->log, reader->position, &record);
	if (r == 0)
		r = copy(reader, &record);
	if (r == 0)
		r = entry_read(&record, ret_entry);
	if (r == -ENOENT)
		r = -EBADMSG;
	if (r == -EBADMSG)
		intake->damaged++;
	if (r == 0 || r == -EBADMSG)
		reader->position++;
	return r < 0 ? r : 1;
}

static bool has_more(const struct intake_reader *reader)
{
	return reader->position < reader->intake->durable;
}

static void wait_for_more(struct intake_reader *reader, uint32_t wait_ms)
{
	struct timespec until;
	int r = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += wait_ms / 1000;
	until.tv_nsec += (long)(wait_ms % 1000) * (long)NS_PER_MS;
	if (until.tv_nsec >= (long)NS_PER_S) {
		until.tv_sec++;
		until.tv_nsec -= (long)NS_PER_S;
	}
	while (r == 0 && !has_more(reader) && !reader->is_stopping && !reader->is_ending)
		r = pthread_cond_timedwait(&reader->intake->changed, &reader->intake->mutex,
					   &until);
}

int intake_reader_next(struct intake_reader *reader, uint32_t wait_ms, struct entry *ret_entry)
{
	struct intake *intake = reader->intake;
	int r = 0;

	pthread_mutex_lock(&intake->mutex);
	if (wait_ms > 0)
		wait_for_more(reader, wait_ms);
	if (reader->is_stopping || (reader->is_ending && !has_more(reader)))
		r = -ECANCELED;
	else if (has_more(reader))
		r = take(reader, ret_entry);
	pthread_mutex_unlock(&intake->mutex);
	return r;
}

void intake_reader_stop(struct intake_reader *reader, bool at_end)
{
	pthread_mutex_lock(&reader->intake->mutex);
	if (at_end)
		reader->is_ending = true;
	else
		reader->is_stopping = true;
	pthread_cond_broadcast(&reader->intake->changed);
	pthread_mutex_unlock(&reader->intake->mutex);
}

void intake_trim(struct intake *intake)
{
	uint64_t before = seglog_bytes(intake->log);
	const struct intake_reader *reader;
	uint64_t settled = intake->durable;

	for (reader = LIST_FIRST(&intake->readers); reader; reader = LIST_NEXT(reader, link))
		if (reader->is_holding && reader->settled < settled)
			settled = reader->settled;
	seglog_drop_before(intake->log, settled);
	if (intake->is_full && seglog_bytes(intake->log) < before) {
		intake->is_full = false;
		intake_tell_watchers(intake);
	}
}

void intake_reader_seek(struct intake_reader *reader, uint64_t position)
{
	pthread_mutex_lock(&reader->intake->mutex);
	reader->position = position;
	pthread_mutex_unlock(&reader->intake->mutex);
}

void intake_reader_settle(struct intake_reader *reader, uint64_t position)
{
	pthread_mutex_lock(&reader->intake->mutex);
	reader->settled = position;
	intake_trim(reader->intake);
	pthread_mutex_unlock(&reader->intake->mutex);
}

uint64_t intake_reader_position(const struct intake_reader *reader)
{
	return reader->position;
}

uint64_t intake_reader_lag(struct intake_reader *reader)
{
	uint64_t lag;

	pthread_mutex_lock(&reader->intake->mutex);
	lag = reader->intake->durable;
	lag = lag > reader->position ? lag - reader->position : 0;
	pthread_mutex_unlock(&reader->intake->mutex);
	return lag;
}
