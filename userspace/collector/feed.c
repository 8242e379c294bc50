/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/feed.h"

#include "collector/sinks/unfold.h"
#include "common/clock.h"
#include "common/log.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* What a sink keeps at once: a flush costs a sync or more. */
#define GROUP_BYTES_MAX (4u << 20)
#define GROUP_RECORDS_MAX 50000u
#define GROUP_ENTRIES_MAX 10000u
#define IDLE_MS 1000
#define TURNS_MAX 32 /* of 2,000 rows (sinks/retention.c) */
#define REST_MIN_MS 100
#define REST_MAX_MS 10000

struct feed {
	struct feed_options options;
	struct intake_reader *reader;
	struct batch_epoch *scratch; /* for unfold */
	void *state; /* of the sink; NULL: it could not be opened again yet */
	pthread_t thread;
	pthread_mutex_t mutex; /* of the three below */
	pthread_cond_t moved;
	bool has_thread;
	bool is_stopping;
	bool has_ended;
	uint32_t rest_ms;
	uint64_t group_bytes; /* written since the last flush */
	uint64_t group_records;
	uint64_t group_entries;
	uint64_t flushed; /* position: what is before it is kept */
	_Atomic uint64_t records;
	_Atomic uint64_t failures;
	_Atomic uint64_t told_position;
	_Atomic bool is_failing;
};

/* What was accepted can be decoded; should it not be all the same, that is said and stored. */
static int write_entry(struct feed *feed, const struct entry *entry)
{
	const char *why;
	uint64_t records;
	const struct unfold_target target = { feed->options.sink, feed->state, feed->scratch };
	int r = unfold(&target, entry, &records, &why);

	if (why)
		log_error("feed", "%s%s: entry %" PRIu64 " of the log cannot be decoded: %s",
			  feed->options.tenant, feed->options.sink->name, entry->position, why);
	feed->group_records += records;
	feed->group_entries++;
	if (entry->type == ENTRY_BATCH)
		feed->group_bytes += entry->batch.payload_bytes;
	return r;
}

static bool is_full(const struct feed *feed)
{
	return feed->group_bytes >= GROUP_BYTES_MAX || feed->group_records >= GROUP_RECORDS_MAX ||
	       feed->group_entries >= GROUP_ENTRIES_MAX;
}

static void end_group(struct feed *feed)
{
	feed->group_bytes = 0;
	feed->group_records = 0;
	feed->group_entries = 0;
}

static int flush(struct feed *feed)
{
	struct sink_place place = { .generation = intake_generation(feed->options.intake),
				    .position = intake_reader_position(feed->reader) };
	int r;

	if (place.position == feed->flushed)
		return 0;
	r = feed->options.sink->flush(feed->state, &place);
	if (r < 0)
		return r;
	feed->flushed = place.position;
	feed->told_position = place.position;
	feed->records += feed->group_records;
	end_group(feed);
	intake_reader_settle(feed->reader, place.position);
	feed->rest_ms = REST_MIN_MS;
	if (feed->is_failing)
		log_info("feed", "%s%s: works again", feed->options.tenant,
			 feed->options.sink->name);
	feed->is_failing = false;
	return 0;
}

static bool is_stopping(struct feed *feed)
{
	bool answer;

	pthread_mutex_lock(&feed->mutex);
	answer = feed->is_stopping;
	pthread_mutex_unlock(&feed->mutex);
	return answer;
}

/* As long as there is something to do and nothing to write; else as much as a group may bring. */
static int tend(struct feed *feed)
{
	const struct sink *sink = feed->options.sink;
	int r = sink->tend ? 1 : 0;

	for (uint32_t turn = 0; r == 1 && !is_stopping(feed); turn++) {
		if (turn >= TURNS_MAX && intake_reader_lag(feed->reader) > 0)
			break;
		r = sink->tend(feed->state, clock_realtime_ns());
	}
	return r < 0 ? r : 0;
}

/* One entry, or what there is to do when there is none. */
static int step(struct feed *feed)
{
	bool has_group = intake_reader_position(feed->reader) != feed->flushed;
	struct entry entry;
	int r = intake_reader_next(feed->reader, has_group ? 0 : IDLE_MS, &entry);

	if (r == 1) {
		r = write_entry(feed, &entry);
		if (r == 0 && is_full(feed))
			r = flush(feed);
		return r == 0 && intake_reader_position(feed->reader) == feed->flushed ? tend(feed)
										       : r;
	}
	if (r == -EBADMSG) {
		log_error("feed", "%s%s: entry %" PRIu64 " of the log is damaged; passed over",
			  feed->options.tenant, feed->options.sink->name,
			  intake_reader_position(feed->reader) - 1);
		return 0;
	}
	if (r == 0 || r == -ECANCELED) {
		int flushed = flush(feed);

		if (flushed < 0)
			return flushed;
		return r < 0 ? r : tend(feed);
	}
	return r;
}

static const char *reason(struct feed *feed, int error)
{
	const struct sink *sink = feed->options.sink;
	const char *said = feed->state && sink->error ? sink->error(feed->state) : NULL;

	return said ? said : strerror(-error);
}

/* A file that has lost its name stays lost: a new one begins where the sink says. */
static void open_again(struct feed *feed)
{
	const struct sink *sink = feed->options.sink;
	struct sink_place place = { 0 };
	char error[SINK_ERROR_BYTES] = "";
	int r;

	if (feed->state)
		sink->close(feed->state);
	feed->state = NULL;
	r = sink->open(feed->options.options, &feed->state, error);
	if (r < 0) {
		feed->state = NULL;
		log_error("feed", "%s%s: %s", feed->options.tenant, sink->name, error);
		return;
	}
	if (sink->place && sink->place(feed->state, &place) == 0)
		feed->flushed = place.generation == intake_generation(feed->options.intake)
					? place.position
					: 0;
	intake_reader_seek(feed->reader, feed->flushed);
}

static void rest(struct feed *feed)
{
	struct timespec until;
	uint64_t ns;
	int r = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	ns = (uint64_t)until.tv_nsec + feed->rest_ms * NS_PER_MS;
	until.tv_sec += (time_t)(ns / NS_PER_S);
	until.tv_nsec = (long)(ns % NS_PER_S);
	pthread_mutex_lock(&feed->mutex);
	while (r == 0 && !feed->is_stopping)
		r = pthread_cond_timedwait(&feed->moved, &feed->mutex, &until);
	pthread_mutex_unlock(&feed->mutex);
	feed->rest_ms = feed->rest_ms < REST_MAX_MS / 2 ? 2 * feed->rest_ms : REST_MAX_MS;
}

static void recover(struct feed *feed, int error)
{
	feed->failures++;
	feed->is_failing = true;
	log_error("feed", "%s%s: cannot keep records: %s; trying again in %" PRIu32 " ms",
		  feed->options.tenant, feed->options.sink->name, reason(feed, error),
		  feed->rest_ms);
	end_group(feed);
	if (feed->state)
		feed->options.sink->discard(feed->state);
	rest(feed);
	if (error == -ESTALE || !feed->state)
		open_again(feed);
	else
		intake_reader_seek(feed->reader, feed->flushed);
}

static void *run(void *context)
{
	struct feed *feed = context;
	int r = 0;

	while (r != -ECANCELED) {
		r = feed->state ? step(feed) : -EIO;
		if (r < 0 && r != -ECANCELED) {
			if (is_stopping(feed))
				break;
			recover(feed, r);
		}
	}
	pthread_mutex_lock(&feed->mutex);
	feed->has_ended = true;
	pthread_cond_broadcast(&feed->moved);
	pthread_mutex_unlock(&feed->mutex);
	return NULL;
}

static int init_locks(struct feed *feed)
{
	pthread_condattr_t attributes;
	int r = pthread_condattr_init(&attributes);

	if (r != 0)
		return -r;
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	r = pthread_mutex_init(&feed->mutex, NULL);
	if (r == 0)
		r = pthread_cond_init(&feed->moved, &attributes);
	pthread_condattr_destroy(&attributes);
	return -r;
}

static int open_reader(struct feed *feed)
{
	const struct sink *sink = feed->options.sink;
	struct sink_place found = { 0 };
	struct intake_place place = { .is_holding = !sink->is_live };
	int r = sink->place ? sink->place(feed->state, &found) : 0;

	place.generation = found.generation;
	place.position = found.position;
	if (r == 0)
		r = intake_reader_new(feed->options.intake, &place, &feed->reader);
	if (r == 0)
		feed->flushed = intake_reader_position(feed->reader);
	feed->told_position = feed->flushed;
	return r;
}

int feed_open(const struct feed_options *options, struct feed **ret_feed,
	      char ret_error[SINK_ERROR_BYTES])
{
	struct feed *feed = calloc(1, sizeof(*feed));
	int r;

	snprintf(ret_error, SINK_ERROR_BYTES, "out of memory");
	if (!feed)
		return -ENOMEM;
	feed->options = *options;
	feed->rest_ms = REST_MIN_MS;
	feed->scratch = batch_epoch_new();
	r = init_locks(feed);
	if (r == 0 && !feed->scratch)
		r = -ENOMEM;
	if (r == 0)
		r = options->sink->open(options->options, &feed->state, ret_error);
	if (r == 0)
		r = open_reader(feed);
	if (r < 0)
		feed_close(feed);
	else
		*ret_feed = feed;
	return r;
}

int feed_start(struct feed *feed)
{
	int r = -pthread_create(&feed->thread, NULL, run, feed);

	feed->has_thread = r == 0;
	return r;
}

void feed_stop(struct feed *feed, bool at_end)
{
	intake_reader_stop(feed->reader, at_end);
	pthread_mutex_lock(&feed->mutex);
	feed->is_stopping = true;
	pthread_cond_broadcast(&feed->moved);
	pthread_mutex_unlock(&feed->mutex);
}

bool feed_wait(struct feed *feed, uint32_t wait_ms)
{
	struct timespec until;
	bool has_ended;
	int r = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += wait_ms / 1000;
	pthread_mutex_lock(&feed->mutex);
	while (r == 0 && feed->has_thread && !feed->has_ended)
		r = pthread_cond_timedwait(&feed->moved, &feed->mutex, &until);
	has_ended = feed->has_ended || !feed->has_thread;
	pthread_mutex_unlock(&feed->mutex);
	return has_ended;
}

void feed_close(struct feed *feed)
{
	if (!feed)
		return;
	if (feed->has_thread)
		pthread_join(feed->thread, NULL);
	intake_reader_free(feed->reader);
	if (feed->state)
		feed->options.sink->close(feed->state);
	pthread_cond_destroy(&feed->moved);
	pthread_mutex_destroy(&feed->mutex);
	batch_epoch_free(feed->scratch);
	free(feed);
}

void feed_stats(struct feed *feed, struct feed_stats *ret_stats)
{
	*ret_stats = (struct feed_stats){
		.name = feed->options.sink->name,
		.position = feed->told_position,
		.lag = intake_reader_lag(feed->reader),
		.records = feed->records,
		.failures = feed->failures,
		.is_failing = feed->is_failing,
	};
}
