/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/intake/intake.h"

#include "collector/intake/intake_private.h"
#include "common/clock.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static int append(struct intake *intake, const struct entry *entry, const uint8_t *payload,
		  size_t size)
{
	uint8_t aux[ENTRY_AUX_BYTES_MAX];
	size_t aux_size = entry_write_aux(aux, entry);
	uint64_t position;

	return seglog_append(intake->log, (uint8_t)entry->type, aux, (uint16_t)aux_size, payload,
			     (uint32_t)size, clock_realtime_ns() / NS_PER_MS, &position);
}

static int append_part(void *context, const uint8_t *bytes, size_t size)
{
	struct entry entry = { .type = ENTRY_CHECKPOINT };

	return append(context, &entry, bytes, size);
}

/* A new segment has synced those before it. */
static int open_segment(struct intake *intake, size_t size)
{
	int r = seglog_make_room(intake->log, ENTRY_AUX_BYTES_MAX + size,
				 clock_realtime_ns() / NS_PER_MS);

	if (r < 0)
		return r;
	if (r == 1) {
		intake->has_checkpoint = false;
		intake->durable = seglog_next_seq(intake->log);
	}
	if (intake->has_checkpoint)
		return 0;
	r = watermarks_checkpoint(intake->marks, append_part, intake);
	intake->has_checkpoint = r == 0;
	return r;
}

static bool passes_budget(const struct intake *intake)
{
	return seglog_bytes(intake->log) + SEGMENT_PAYLOAD_BYTES_MAX > intake->bytes_max;
}

static int check_writable(struct intake *intake)
{
	if (intake_now_ms() < intake->refuse_until_ms)
		return -EBUSY;
	if (intake->is_torn) {
		int r = intake_mend(intake);

		if (r < 0) {
			intake_fail(intake, r);
			return -EBUSY;
		}
	}
	return 0;
}

bool intake_has_room(struct intake *intake)
{
	bool has_room;

	pthread_mutex_lock(&intake->mutex);
	if (passes_budget(intake))
		intake_trim(intake);
	intake->is_full = passes_budget(intake);
	has_room = !intake->is_full;
	pthread_mutex_unlock(&intake->mutex);
	return has_room;
}

static int write_entry(struct intake *intake, const struct entry *entry, const uint8_t *payload,
		       size_t size)
{
	int r = open_segment(intake, size);

	if (r == 0)
		r = append(intake, entry, payload, size);
	if (r < 0)
		intake_fail(intake, r);
	else
		pthread_cond_signal(&intake->appended);
	return r;
}

static struct intake_ticket ticket_of(struct intake *intake)
{
	return (struct intake_ticket){ .position = seglog_next_seq(intake->log) - 1,
				       .failures = intake->failures };
}

static int rewind_lane(struct intake *intake, const struct dedupe_key *key,
		       const struct verify_lane *lane, struct intake_rewind *ret_rewind)
{
	uint64_t first = lane->first_seq > 0 ? lane->first_seq : 1;
	uint64_t mark;

	watermarks_get(intake->marks, key, &mark);
	if (lane->next_seq == 0 || lane->next_seq > mark)
		return 0;
	*ret_rewind = (struct intake_rewind){ .stored = mark, .next_seq = first };
	return 1;
}

/* A Hello of the same start may have been long on its way, behind batches that came after it: there
 * a lower number means nothing. */
static void rewind_lanes(struct intake *intake, const uint8_t sensor[16],
			 struct entry_arrival *arrival, struct intake_rewind *ret_rewinds)
{
	const struct verify_hello *hello = &arrival->hello;
	struct dedupe_key key = { .sensor = sensor, .generation = hello->generation };

	for (key.lane = 0; key.lane < VERIFY_LANES; key.lane++) {
		arrival->is_rewound[key.lane] = false;
		arrival->marks[key.lane] = 0;
		if (watermarks_knows(intake->marks, sensor, hello->instance) ||
		    rewind_lane(intake, &key, &hello->lanes[key.lane], &ret_rewinds[key.lane]) == 0)
			continue;
		arrival->is_rewound[key.lane] = true;
		arrival->marks[key.lane] = ret_rewinds[key.lane].next_seq - 1;
	}
}

static int take_arrival(struct intake *intake, const uint8_t sensor[16],
			struct entry_arrival *arrival, struct intake_welcome *welcome)
{
	struct entry entry = { .type = ENTRY_ARRIVAL, .time_ns = clock_realtime_ns() };
	struct dedupe_key key = { .sensor = sensor, .generation = arrival->hello.generation };
	uint8_t payload[ENTRY_ARRIVAL_BYTES_MAX];
	int r;

	memcpy(entry.sensor, sensor, sizeof(entry.sensor));
	rewind_lanes(intake, sensor, arrival, welcome->rewinds);
	r = write_entry(intake, &entry, payload, entry_write_arrival(payload, arrival));
	if (r == 0)
		r = watermarks_arrive(intake->marks, sensor, arrival->hello.instance);
	for (key.lane = 0; key.lane < VERIFY_LANES && r == 0; key.lane++) {
		if (arrival->is_rewound[key.lane])
			r = watermarks_set(intake->marks, &key, arrival->marks[key.lane]);
		watermarks_get(intake->marks, &key, &welcome->next_seq[key.lane]);
		welcome->next_seq[key.lane]++;
	}
	return r;
}

int intake_arrive(struct intake *intake, const uint8_t sensor[16], struct entry_arrival *arrival,
		  struct intake_welcome *ret_welcome, struct intake_ticket *ret_ticket)
{
	struct intake_welcome welcome = { 0 };
	int r;

	pthread_mutex_lock(&intake->mutex);
	r = check_writable(intake);
	if (r == 0)
		r = take_arrival(intake, sensor, arrival, &welcome);
	*ret_ticket = ticket_of(intake);
	pthread_mutex_unlock(&intake->mutex);
	*ret_welcome = welcome;
	return r;
}

static int take_batch(struct intake *intake, const struct dedupe_key *key,
		      const struct verify_batch *batch, struct intake_outcome *outcome)
{
	struct entry entry = {
		.type = ENTRY_BATCH,
		.time_ns = clock_realtime_ns(),
		.batch = { .generation = key->generation,
			   .lane = key->lane,
			   .seq = batch->seq,
			   .raw_bytes = batch->raw_bytes,
			   .epoch_index = batch->epoch_index,
			   .history_bytes = batch->history_bytes,
			   .missing_first = outcome->missing_first },
	};
	int r;

	memcpy(entry.sensor, key->sensor, sizeof(entry.sensor));
	/* That it can be remembered must be certain before it is written. */
	r = watermarks_set(intake->marks, key, outcome->mark);
	if (r == 0)
		r = write_entry(intake, &entry, batch->payload, batch->payload_bytes);
	if (r == 0)
		r = watermarks_set(intake->marks, key, batch->seq);
	if (r == 0)
		outcome->mark = batch->seq;
	return r;
}

static int judge(struct intake *intake, const struct dedupe_key *key, uint64_t seq,
		 struct intake_outcome *ret_outcome)
{
	const struct dedupe_marks marks = { .context = intake->marks,
					    .get = watermarks_get,
					    .set = watermarks_set };
	struct dedupe_verdict verdict;
	int r = dedupe_judge(&marks, key, seq, &verdict);

	if (r == 0)
		*ret_outcome = (struct intake_outcome){ .mark = verdict.mark,
							.missing_first = verdict.missing_first,
							.missing_last = verdict.missing_last,
							.is_new = !verdict.is_duplicate };
	return r;
}

int intake_batch(struct intake *intake, const struct dedupe_key *key,
		 const struct verify_batch *batch, struct intake_outcome *ret_outcome,
		 struct intake_ticket *ret_ticket)
{
	int r;

	pthread_mutex_lock(&intake->mutex);
	r = check_writable(intake);
	if (r == 0)
		r = judge(intake, key, batch->seq, ret_outcome);
	if (r == 0 && ret_outcome->is_new)
		r = take_batch(intake, key, batch, ret_outcome);
	*ret_ticket = ticket_of(intake);
	pthread_mutex_unlock(&intake->mutex);
	return r;
}

bool intake_knows(struct intake *intake, const struct dedupe_key *key, uint64_t seq)
{
	uint64_t mark;

	pthread_mutex_lock(&intake->mutex);
	watermarks_get(intake->marks, key, &mark);
	pthread_mutex_unlock(&intake->mutex);
	return seq <= mark;
}

int intake_leave(struct intake *intake, const uint8_t sensor[16])
{
	struct entry entry = { .type = ENTRY_LEAVE, .time_ns = clock_realtime_ns() };
	int r;

	memcpy(entry.sensor, sensor, sizeof(entry.sensor));
	pthread_mutex_lock(&intake->mutex);
	r = check_writable(intake); /* it is short, and who leaves cannot come again */
	if (r == 0)
		r = write_entry(intake, &entry, NULL, 0);
	pthread_mutex_unlock(&intake->mutex);
	return r;
}

int intake_seed(struct intake *intake, const struct dedupe_key *key, uint64_t mark)
{
	return watermarks_set(intake->marks, key, mark);
}

int intake_start(struct intake *intake)
{
	struct entry entry = { .type = ENTRY_START, .time_ns = clock_realtime_ns() };
	int r;

	bool is_new = intake->is_new; /* what it was seeded with must be written down */

	pthread_mutex_lock(&intake->mutex);
	r = write_entry(intake, &entry, NULL, 0);
	if (r == 0 || !is_new)
		r = -pthread_create(&intake->thread, NULL, intake_run, intake);
	intake->has_thread = r == 0;
	pthread_mutex_unlock(&intake->mutex);
	return r;
}

bool intake_is_new(const struct intake *intake)
{
	return intake->is_new;
}

int intake_watch(struct intake *intake, int fd)
{
	if (intake->watcher_count == INTAKE_WATCHERS_MAX)
		return -ENOSPC;
	intake->watchers[intake->watcher_count++] = fd;
	return 0;
}

uint64_t intake_generation(const struct intake *intake)
{
	return seglog_generation(intake->log);
}

void intake_stats(struct intake *intake, struct intake_stats *ret_stats)
{
	pthread_mutex_lock(&intake->mutex);
	*ret_stats = (struct intake_stats){
		.first = seglog_first_seq(intake->log),
		.next = seglog_next_seq(intake->log),
		.durable = intake->durable,
		.bytes = seglog_bytes(intake->log),
		.bytes_max = intake->bytes_max,
		.sensors = watermarks_count(intake->marks),
		.failures = intake->failures,
		.damaged = intake->damaged,
		.generation = seglog_generation(intake->log),
		.last_error = intake->last_error,
		.is_full = intake->is_full,
	};
	pthread_mutex_unlock(&intake->mutex);
}
