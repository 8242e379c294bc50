/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/store.h"

#include "collector/sinks/database.h"
#include "collector/sinks/sink.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "telemetry/batch_codec.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

struct store {
	int lock;
	struct database *database;
	struct ledger *ledger;
	struct sinks sinks;
	struct dedupe_marks marks;
};

__attribute__((format(printf, 3, 4))) static int explain(char *ret_error, int r, const char *format,
							 ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(ret_error, STORE_ERROR_BYTES, format, arguments);
	va_end(arguments);
	return r;
}

static int lock_directory(struct store *store, const char *directory, char *ret_error)
{
	char path[PATH_MAX];
	int r;

	if (mkdir(directory, 0750) != 0 && errno != EEXIST)
		return explain(ret_error, -errno,
			       "cannot create %s: %s; set directory in [store] to one this user "
			       "may write",
			       directory, strerror(errno));
	if (snprintf(path, sizeof(path), "%s/lock", directory) >= (int)sizeof(path))
		return explain(ret_error, -ENAMETOOLONG, "%s: the name is too long", directory);
	store->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
	if (store->lock < 0)
		return explain(ret_error, -errno,
			       "cannot open %s: %s; set directory in [store] to one this user may "
			       "write",
			       path, strerror(errno));
	if (flock(store->lock, LOCK_EX | LOCK_NB) == 0)
		return 0;
	r = -errno;
	return explain(ret_error, r,
		       "%s is in use by another yagura-collector (%s is locked); stop it or set "
		       "another directory in [store]",
		       directory, path);
}

static int open_rooms(struct store *store, FILE *lines, char *ret_error)
{
	struct sink_options options = { .database = store->database, .lines = lines };
	const char *name = "";
	int r = ledger_new(store->database, &store->ledger);

	if (r < 0)
		return explain(ret_error, r, "cannot prepare the database: %s",
			       database_error(store->database));
	store->marks = (struct dedupe_marks){
		.context = store->ledger,
		.get = ledger_mark_get,
		.set = ledger_mark_set,
	};
	r = sinks_open(&options, &store->sinks, &name);
	if (r < 0)
		return explain(ret_error, r, "cannot open the sink %s: %s", name, strerror(-r));
	return 0;
}

int store_open(const char *directory, FILE *lines, struct store **ret_store,
	       char ret_error[STORE_ERROR_BYTES])
{
	struct store *store = calloc(1, sizeof(*store));
	char path[PATH_MAX];
	int r;

	if (!store)
		return explain(ret_error, -ENOMEM, "out of memory");
	store->lock = -1;
	r = lock_directory(store, directory, ret_error);
	if (r == 0) {
		snprintf(path, sizeof(path), "%s/yagura.db", directory);
		r = database_open(path, &store->database, ret_error);
	}
	if (r == 0)
		r = open_rooms(store, lines, ret_error);
	if (r < 0)
		store_close(store);
	else
		*ret_store = store;
	return r;
}

void store_close(struct store *store)
{
	if (!store)
		return;
	sinks_close(&store->sinks);
	ledger_free(store->ledger);
	database_close(store->database);
	if (store->lock >= 0)
		close(store->lock);
	free(store);
}

int store_next_seq(struct store *store, const uint8_t sensor[16], uint64_t generation,
		   uint64_t ret_next[VERIFY_LANES])
{
	struct dedupe_key key = { .sensor = sensor, .generation = generation };
	uint64_t next[VERIFY_LANES];

	for (key.lane = 0; key.lane < VERIFY_LANES; key.lane++) {
		int r = store->marks.get(store->marks.context, &key, &next[key.lane]);

		if (r < 0)
			return r;
		next[key.lane]++;
	}
	memcpy(ret_next, next, sizeof(next));
	return 0;
}

struct writing {
	struct sinks *sinks;
	const uint8_t *sensor;
	uint64_t records;
};

static int write_record(void *context, const struct batch_header *header,
			const struct record *record)
{
	struct writing *writing = context;
	struct sink_item item = { .sensor = writing->sensor, .header = header, .record = record };

	writing->records++;
	return sinks_write(writing->sinks, &item);
}

/* Nobody knows what was in there: the gap counts batches and has no record class. */
static int write_hole(struct store *store, const struct dedupe_key *key,
		      const struct store_outcome *outcome)
{
	struct sink_hole hole = { .lane = key->lane,
				  .first_seq = outcome->missing_first,
				  .last_seq = outcome->missing_last };
	struct record gap = { .class = RECORD_GAP,
			      .gap = { .time_ns = clock_realtime_ns(),
				       .class = RECORD_CLASS_COUNT,
				       .reason = GAP_UNEXPLAINED,
				       .count = hole.last_seq - hole.first_seq + 1 } };
	struct sink_item item = { .sensor = key->sensor, .record = &gap, .hole = &hole };

	return hole.first_seq == 0 ? 0 : sinks_write(&store->sinks, &item);
}

static struct batch_input input_of(const struct verify_batch *batch)
{
	return (struct batch_input){ .bytes = batch->payload,
				     .size = batch->payload_bytes,
				     .raw_size = batch->raw_bytes,
				     .seq = batch->seq,
				     .epoch_index = batch->epoch_index };
}

/* Decoding checks the whole batch before it hands out the first record, so a malformed one leaves
 * nothing behind. */
static int write_batch(struct store *store, const struct dedupe_key *key,
		       const struct store_batch *batch, struct store_outcome *outcome)
{
	struct writing writing = { .sinks = &store->sinks, .sensor = key->sensor };
	struct batch_input input = input_of(batch->batch);
	int r = batch_decode(batch->epoch, &input, write_record, &writing, &outcome->why);

	if (r == 0)
		r = write_hole(store, key, outcome);
	if (r == 0)
		r = store->marks.set(store->marks.context, key, batch->batch->seq);
	if (r == 0)
		r = ledger_count(store->ledger, key->sensor, writing.records, clock_realtime_ns());
	return r;
}

/* Sent again because what comes after it needs its tables. */
static int take_tables(const struct store_batch *batch, struct store_outcome *outcome)
{
	struct batch_input input = input_of(batch->batch);

	return batch_take_tables(batch->epoch, &input, &outcome->why);
}

int store_batch(struct store *store, const struct dedupe_key *key, const struct store_batch *batch,
		struct store_outcome *ret_outcome)
{
	struct dedupe_verdict verdict;
	struct store_outcome outcome = { .mark = batch->batch->seq };
	int r = dedupe_judge(&store->marks, key, batch->batch->seq, &verdict);

	if (r < 0)
		return r;
	outcome.missing_first = verdict.missing_first;
	outcome.missing_last = verdict.missing_last;
	if (verdict.is_duplicate)
		r = take_tables(batch, &outcome);
	else
		r = write_batch(store, key, batch, &outcome);
	if (r == -E2BIG) {
		outcome.why = "longer than it declares";
		r = -EBADMSG;
	}
	*ret_outcome = outcome;
	return r;
}

static int rewind_lane(struct store *store, const struct dedupe_key *key,
		       const struct verify_lane *lane, struct store_rewind *ret_rewind)
{
	uint64_t first = lane->first_seq > 0 ? lane->first_seq : 1;
	uint64_t mark;
	int r = store->marks.get(store->marks.context, key, &mark);

	if (r < 0 || lane->next_seq == 0 || lane->next_seq > mark)
		return r;
	r = store->marks.set(store->marks.context, key, first - 1);
	if (r == 0)
		*ret_rewind = (struct store_rewind){ .stored = mark, .next_seq = first };
	return r;
}

/* A Hello of the same start may have been long on its way, behind batches that came after it: there
 * a lower number means nothing. */
static int rewind_lanes(struct store *store, const struct ledger_arrival *arrival,
			struct store_rewind ret_rewinds[VERIFY_LANES])
{
	struct dedupe_key key = { .sensor = arrival->sensor,
				  .generation = arrival->hello->generation };
	bool is_known;
	int r = ledger_knows(store->ledger, arrival, &is_known);

	for (; key.lane < VERIFY_LANES && r == 0 && !is_known; key.lane++)
		r = rewind_lane(store, &key, &arrival->hello->lanes[key.lane],
				&ret_rewinds[key.lane]);
	return r;
}

int store_arrive(struct store *store, struct ledger_arrival *arrival,
		 struct store_rewind ret_rewinds[VERIFY_LANES])
{
	int r;

	memset(ret_rewinds, 0, VERIFY_LANES * sizeof(*ret_rewinds));
	arrival->time_ns = clock_realtime_ns();
	r = rewind_lanes(store, arrival, ret_rewinds);
	return r < 0 ? r : ledger_arrive(store->ledger, arrival);
}

int store_leave(struct store *store, const uint8_t sensor[16])
{
	return ledger_leave(store->ledger, sensor, clock_realtime_ns());
}

int store_commit(struct store *store)
{
	return sinks_flush(&store->sinks);
}

void store_discard(struct store *store)
{
	sinks_discard(&store->sinks);
}

const char *store_error(const struct store *store)
{
	return database_error(store->database);
}
