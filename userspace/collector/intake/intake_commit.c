/* SPDX-License-Identifier: Apache-2.0 */
/* The one thread that syncs, and what happens when writing fails. */
#include "collector/intake/intake_private.h"

#include "common/clock.h"
#include "common/log.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define REST_MIN_MS 100
#define REST_MAX_MS 10000

uint64_t intake_now_ms(void)
{
	return clock_boottime_ns() / NS_PER_MS;
}

void intake_tell_watchers(struct intake *intake)
{
	const uint64_t one = 1;

	pthread_cond_broadcast(&intake->changed);
	for (size_t i = 0; i < intake->watcher_count; i++) {
		ssize_t told = write(intake->watchers[i], &one, sizeof(one));

		(void)told; /* it fails only where there is so much to tell already */
	}
}

int intake_mend(struct intake *intake)
{
	int r = seglog_cut(intake->log, intake->durable);

	if (r == 0)
		r = intake_restore_marks(intake);
	intake->is_torn = r < 0;
	return r;
}

void intake_fail(struct intake *intake, int error)
{
	uint64_t twice = 2 * intake->rest_ms;

	log_error("intake", "writing the log failed: %s; nothing is taken for %llu ms",
		  strerror(-error), (unsigned long long)intake->rest_ms);
	intake->failures++;
	intake->last_error = -error;
	intake->is_torn = true;
	intake->refuse_until_ms = intake_now_ms() + intake->rest_ms;
	intake->rest_ms = twice < REST_MAX_MS ? twice : REST_MAX_MS;
	intake_mend(intake);
	intake_tell_watchers(intake);
}

/* With the mutex held, given back while the disk is at work. */
static void sync_once(struct intake *intake)
{
	uint64_t next = seglog_next_seq(intake->log);
	uint64_t failures = intake->failures;
	int fd = seglog_tail_dup(intake->log);
	int r = fd < 0 ? fd : 0;

	if (r == 0) {
		pthread_mutex_unlock(&intake->mutex);
		r = fdatasync(fd) < 0 ? -errno : 0;
		close(fd);
		pthread_mutex_lock(&intake->mutex);
	}
	if (failures != intake->failures)
		return; /* what was synced has been cut off meanwhile */
	if (r < 0) {
		intake_fail(intake, r);
		return;
	}
	if (next > intake->durable)
		intake->durable = next;
	intake->rest_ms = REST_MIN_MS;
	intake->last_error = 0;
	intake_tell_watchers(intake);
}

void *intake_run(void *context)
{
	struct intake *intake = context;

	pthread_mutex_lock(&intake->mutex);
	while (!intake->is_ending) {
		if (intake->is_torn || seglog_next_seq(intake->log) <= intake->durable)
			pthread_cond_wait(&intake->appended, &intake->mutex);
		else
			sync_once(intake);
	}
	pthread_mutex_unlock(&intake->mutex);
	return NULL;
}

enum intake_state intake_ask(struct intake *intake, const struct intake_ticket *ticket)
{
	if (ticket->failures != intake->failures)
		return INTAKE_LOST;
	return ticket->position < intake->durable ? INTAKE_DURABLE : INTAKE_PENDING;
}

bool intake_is_refusing(struct intake *intake)
{
	bool is_refusing;

	pthread_mutex_lock(&intake->mutex);
	is_refusing = intake_now_ms() < intake->refuse_until_ms;
	pthread_mutex_unlock(&intake->mutex);
	return is_refusing;
}

void intake_settle(struct intake *intake)
{
	pthread_mutex_lock(&intake->mutex);
	while (intake->has_thread && !intake->is_torn &&
	       seglog_next_seq(intake->log) > intake->durable)
		pthread_cond_wait(&intake->changed, &intake->mutex);
	pthread_mutex_unlock(&intake->mutex);
}
