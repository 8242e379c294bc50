/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/spool/spool.h"

#include "sensor/spool/lane.h"
#include "sensor/spool/mark.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

struct spool {
	struct spool_options options; /* for `bytes_max` and the callbacks */
	struct lane lanes[SPOOL_LANE_COUNT];
	struct ledger_sums dropped;
	struct ledger_sums corrupt;
	struct seglog_recovery recovery; /* of both lanes */
	uint64_t write_errors;
	int last_error;
};

static int draw_generation(uint64_t *ret_generation)
{
	uint64_t generation;

	if (getrandom(&generation, sizeof(generation), 0) != sizeof(generation))
		return -EIO;
	*ret_generation = generation > 0 ? generation : 1; /* 0 reads as "none" on the wire */
	return 0;
}

static int open_lane(struct spool *spool, const struct spool_options *options,
		     enum spool_lane which, uint64_t generation)
{
	struct seglog_recovery recovery = { 0 };
	int r = lane_open(&spool->lanes[which], options, which, generation, &recovery);

	if (r < 0)
		return r;
	spool->recovery.records += recovery.records;
	spool->recovery.torn_bytes += recovery.torn_bytes;
	spool->recovery.corrupt_stretches += recovery.corrupt_stretches;
	spool->recovery.missing_seqs += recovery.missing_seqs;
	return 0;
}

/* Any batch counts, even one that cannot be read: none is thrown away to make ends meet. */
static bool holds_batches(const struct lane *lane)
{
	return seglog_first_seq(lane->log) < seglog_next_seq(lane->log);
}

/* Lanes of two generations: the one that holds batches is right, the other is made anew. */
static int agree_on_generation(struct spool *spool, const struct spool_options *options)
{
	struct lane *lanes = spool->lanes;
	bool b_wins = !holds_batches(&lanes[SPOOL_LANE_A]) && holds_batches(&lanes[SPOOL_LANE_B]);
	enum spool_lane loser = b_wins ? SPOOL_LANE_A : SPOOL_LANE_B;
	enum spool_lane winner = b_wins ? SPOOL_LANE_B : SPOOL_LANE_A;
	uint64_t generation = seglog_generation(lanes[winner].log);
	int r;

	if (seglog_generation(lanes[loser].log) == generation)
		return 0;
	if (holds_batches(&lanes[loser]))
		return -EUCLEAN;
	lane_done(&lanes[loser]);
	r = lane_remove(options->directory, loser);
	return r < 0 ? r : open_lane(spool, options, loser, generation);
}

static int open_lanes(struct spool *spool, const struct spool_options *options)
{
	uint64_t generation = 0;
	int r = draw_generation(&generation);

	if (r < 0)
		return r;
	r = open_lane(spool, options, SPOOL_LANE_A, generation);
	if (r < 0)
		return r;
	generation = seglog_generation(spool->lanes[SPOOL_LANE_A].log);
	r = open_lane(spool, options, SPOOL_LANE_B, generation);
	return r < 0 ? r : agree_on_generation(spool, options);
}

int spool_open(const struct spool_options *options, struct spool **ret_spool)
{
	struct spool *spool = calloc(1, sizeof(*spool));
	int r;

	if (!spool)
		return -ENOMEM;
	spool->options = *options;
	r = open_lanes(spool, options);
	if (r < 0) {
		spool_close(spool);
		return r;
	}
	*ret_spool = spool;
	return 0;
}

void spool_close(struct spool *spool)
{
	if (!spool)
		return;
	for (int which = 0; which < SPOOL_LANE_COUNT; which++)
		lane_done(&spool->lanes[which]);
	free(spool);
}

bool spool_last_mark(const struct spool *spool, enum spool_lane which, struct spool_mark *ret_mark)
{
	const struct lane *lane = &spool->lanes[which];

	if (!lane->has_mark || lane->last_mark.instance != lane->instance)
		return false;
	*ret_mark = lane->last_mark;
	return true;
}

uint64_t spool_generation(const struct spool *spool)
{
	return seglog_generation(spool->lanes[SPOOL_LANE_A].log);
}

uint64_t spool_first_seq(const struct spool *spool, enum spool_lane which)
{
	return ledger_first_seq(&spool->lanes[which].ledger, spool_next_seq(spool, which));
}

uint64_t spool_next_seq(const struct spool *spool, enum spool_lane which)
{
	return seglog_next_seq(spool->lanes[which].log);
}

uint64_t spool_synced_seq(const struct spool *spool, enum spool_lane which)
{
	return spool->lanes[which].synced_seq;
}

/* Every write's result goes through here. */
static int note(struct spool *spool, int r)
{
	if (r < 0)
		spool->write_errors++;
	spool->last_error = -r;
	return r;
}

static uint64_t bytes_on_disk(const struct spool *spool)
{
	return seglog_bytes(spool->lanes[SPOOL_LANE_A].log) +
	       seglog_bytes(spool->lanes[SPOOL_LANE_B].log);
}

static int drop_oldest(struct spool *spool, enum spool_lane which)
{
	struct lane *lane = &spool->lanes[which];
	struct ledger_sums sums = { 0 };
	uint64_t first, last;
	int r = seglog_oldest(lane->log, &last);

	if (r < 0)
		return r;
	ledger_pop_through(&lane->ledger, last, &sums);
	ledger_sums_add(&spool->dropped, &sums);
	if (spool->options.dropping)
		spool->options.dropping(spool->options.context, which, last, sums.records);
	r = seglog_drop_oldest(lane->log, NULL, NULL, &first, &last);
	if (r < 0)
		note(spool, r);
	return r;
}

/* Flows go before processes: they are many, and without the processes they say little. */
static void make_room(struct spool *spool, uint64_t need)
{
	while (bytes_on_disk(spool) + need > spool->options.bytes_max)
		if (drop_oldest(spool, SPOOL_LANE_B) < 0 && drop_oldest(spool, SPOOL_LANE_A) < 0)
			return;
}

int spool_append(struct spool *spool, enum spool_lane which, const struct spool_mark *mark,
		 const uint8_t *payload, uint32_t size, uint64_t now_ms)
{
	struct lane *lane = &spool->lanes[which];
	uint8_t aux[SPOOL_MARK_BYTES];
	uint64_t seq;
	int r = ledger_reserve(&lane->ledger);

	if (r < 0)
		return r;
	make_room(spool, SEGMENT_RECORD_BYTES + sizeof(aux) + size);
	spool_mark_write(aux, mark);
	seglog_stay(lane->log, mark->epoch_index > 0);
	r = note(spool, seglog_append(lane->log, SEGMENT_BATCH, aux, sizeof(aux), payload, size,
				      now_ms, &seq));
	if (r == 0)
		lane_remember(lane, seq, mark);
	return r;
}

int spool_sync(struct spool *spool)
{
	int first_error = 0;

	for (int which = 0; which < SPOOL_LANE_COUNT; which++) {
		struct lane *lane = &spool->lanes[which];
		int r = seglog_sync(lane->log);

		if (r == 0)
			lane->synced_seq = seglog_next_seq(lane->log);
		else if (first_error == 0)
			first_error = r;
	}
	return note(spool, first_error);
}

/* Damaged on disk: what it held is lost, and an acknowledgement that passes over it must not count
 * it as delivered. */
static int give_up(struct spool *spool, struct lane *lane, uint64_t seq)
{
	ledger_write_off(&lane->ledger, seq, &spool->corrupt);
	return -ENOENT;
}

void spool_write_off(struct spool *spool, enum spool_lane which, uint64_t seq)
{
	give_up(spool, &spool->lanes[which], seq);
}

int spool_read(struct spool *spool, enum spool_lane which, uint64_t seq,
	       struct spool_batch *ret_batch)
{
	struct lane *lane = &spool->lanes[which];
	struct segment_record record;
	struct spool_mark mark;
	int r;

	if (seq >= spool_next_seq(spool, which))
		return -ENOENT;
	r = seglog_read(lane->log, seq, &record);
	if (r == -EBADMSG || r == -ENOENT)
		return give_up(spool, lane, seq);
	if (r < 0)
		return r;
	if (record.type != SEGMENT_BATCH || spool_mark_read(record.aux, record.aux_size, &mark) < 0)
		return give_up(spool, lane, seq);
	*ret_batch = (struct spool_batch){
		.seq = record.seq,
		.mark = mark,
		.payload = record.payload,
		.size = record.payload_size,
	};
	return 0;
}

void spool_acknowledge(struct spool *spool, enum spool_lane which, uint64_t seq,
		       uint64_t ret_acked[RECORD_CLASS_COUNT])
{
	struct lane *lane = &spool->lanes[which];
	struct ledger_sums sums = { 0 };
	int r;

	if (lane->synced_seq == 0)
		return;
	if (seq >= lane->synced_seq)
		seq = lane->synced_seq - 1;
	ledger_pop_through(&lane->ledger, seq, &sums);
	for (int class = 0; class < RECORD_CLASS_COUNT; class ++)
		ret_acked[class] += sums.records[class];
	if (spool->options.acknowledging)
		spool->options.acknowledging(spool->options.context, which, seq, sums.records);
	r = seglog_drop_before(lane->log, seq + 1);
	if (r < 0)
		note(spool, r);
}

static void add_lane_stats(const struct lane *lane, uint64_t *batches, struct spool_stats *stats)
{
	*batches = lane->ledger.count;
	for (int class = 0; class < RECORD_CLASS_COUNT; class ++)
		stats->records[class] += lane->ledger.sums.records[class];
	stats->earlier_records += lane->ledger.sums.earlier_records;
}

void spool_stats(const struct spool *spool, struct spool_stats *ret_stats)
{
	*ret_stats = (struct spool_stats){
		.bytes = bytes_on_disk(spool),
		.earlier_dropped = spool->dropped.earlier_records,
		.earlier_corrupt = spool->corrupt.earlier_records,
		.torn_bytes = spool->recovery.torn_bytes,
		.corrupt_stretches = spool->recovery.corrupt_stretches,
		.missing_batches = spool->recovery.missing_seqs,
		.write_errors = spool->write_errors,
		.last_error = spool->last_error,
	};
	for (int class = 0; class < RECORD_CLASS_COUNT; class ++) {
		ret_stats->dropped[class] = spool->dropped.records[class];
		ret_stats->corrupt[class] = spool->corrupt.records[class];
	}
	for (int which = 0; which < SPOOL_LANE_COUNT; which++)
		add_lane_stats(&spool->lanes[which], &ret_stats->batches[which], ret_stats);
}
