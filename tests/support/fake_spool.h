/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An implementation of spool.h in memory, for tests of what stands behind a spool. It defines
 * spool.h's functions, so that the real spool stays out of the program: include it from one file.
 */
#ifndef YAGURA_TESTS_SUPPORT_FAKE_SPOOL_H
#define YAGURA_TESTS_SUPPORT_FAKE_SPOOL_H

#include "sensor/spool/spool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FAKE_SPOOL_BATCHES_MAX 4096
#define FAKE_SPOOL_PAYLOAD_BYTES_MAX (64u << 10)

struct spool {
	uint64_t first_seq[SPOOL_LANE_COUNT];
	uint64_t next_seq[SPOOL_LANE_COUNT];
	uint64_t synced_seq[SPOOL_LANE_COUNT];
	bool lost[SPOOL_LANE_COUNT][FAKE_SPOOL_BATCHES_MAX]; /* by sequence number */
	uint32_t payload_bytes; /* of every batch */
	uint32_t epoch_batches; /* batches of an epoch, the first from number 1 on; 0: 1 */
	uint32_t written_off;
	int read_error; /* returned by each spool_read unless 0 */
	int append_error; /* returned by each spool_append unless 0 */
	int sync_error; /* returned by each spool_sync unless 0 */
	uint32_t syncs; /* calls of spool_sync */
	uint32_t appended; /* batches */
	struct spool_mark appended_mark; /* of the last of them */
	uint32_t appended_bytes; /* of it, at `payload` */
	uint64_t dropped[RECORD_CLASS_COUNT];
	uint64_t corrupt[RECORD_CLASS_COUNT];
	uint8_t payload[FAKE_SPOOL_PAYLOAD_BYTES_MAX];
};

/* Batches 1 … count in a lane, all on disk. */
static inline void fake_spool_fill(struct spool *spool, enum spool_lane lane, uint64_t count)
{
	spool->first_seq[lane] = 1;
	spool->next_seq[lane] = count + 1;
	spool->synced_seq[lane] = count + 1;
}

uint64_t spool_generation(const struct spool *spool)
{
	(void)spool;
	return 0x1122334455667788;
}

uint64_t spool_first_seq(const struct spool *spool, enum spool_lane lane)
{
	return spool->first_seq[lane];
}

uint64_t spool_next_seq(const struct spool *spool, enum spool_lane lane)
{
	return spool->next_seq[lane];
}

uint64_t spool_synced_seq(const struct spool *spool, enum spool_lane lane)
{
	return spool->synced_seq[lane];
}

static inline uint8_t fake_spool_epoch_index(const struct spool *spool, uint64_t seq)
{
	return (uint8_t)(spool->epoch_batches > 0 ? (seq - 1) % spool->epoch_batches : 0);
}

void spool_write_off(struct spool *spool, enum spool_lane lane, uint64_t seq)
{
	if (seq >= FAKE_SPOOL_BATCHES_MAX || spool->lost[lane][seq])
		abort();
	spool->lost[lane][seq] = true;
	spool->written_off++;
}

/* The payload tells lane and number, so that a mix-up shows. Acknowledged ones of an epoch that has
 * others are still there. */
int spool_read(struct spool *spool, enum spool_lane lane, uint64_t seq,
	       struct spool_batch *ret_batch)
{
	uint64_t first = spool->first_seq[lane];

	first -= first > 0 ? fake_spool_epoch_index(spool, first) : 0;
	if (spool->read_error < 0)
		return spool->read_error;
	if (seq < first || seq >= spool->next_seq[lane] || seq >= FAKE_SPOOL_BATCHES_MAX ||
	    spool->lost[lane][seq])
		return -ENOENT;
	memset(spool->payload, (int)(seq * 2 + lane), spool->payload_bytes);
	*ret_batch = (struct spool_batch){
		.seq = seq,
		.mark = { .raw_size = 2 * spool->payload_bytes,
			  .epoch_index = fake_spool_epoch_index(spool, seq) },
		.payload = spool->payload,
		.size = spool->payload_bytes,
	};
	return 0;
}

int spool_append(struct spool *spool, enum spool_lane lane, const struct spool_mark *mark,
		 const uint8_t *payload, uint32_t size, uint64_t now_ms)
{
	(void)now_ms;
	if (spool->append_error < 0)
		return spool->append_error;
	if (size > sizeof(spool->payload))
		return -E2BIG;
	memcpy(spool->payload, payload, size);
	spool->appended++;
	spool->appended_mark = *mark;
	spool->appended_bytes = size;
	spool->next_seq[lane]++;
	return 0;
}

int spool_sync(struct spool *spool)
{
	spool->syncs++;
	if (spool->sync_error < 0)
		return spool->sync_error;
	memcpy(spool->synced_seq, spool->next_seq, sizeof(spool->synced_seq));
	return 0;
}

/* One exec record a batch. */
void spool_acknowledge(struct spool *spool, enum spool_lane lane, uint64_t seq,
		       uint64_t ret_acked[RECORD_CLASS_COUNT])
{
	for (; spool->first_seq[lane] <= seq && spool->first_seq[lane] < spool->next_seq[lane];
	     spool->first_seq[lane]++)
		if (!spool->lost[lane][spool->first_seq[lane] % FAKE_SPOOL_BATCHES_MAX])
			ret_acked[RECORD_EXEC]++;
}

void spool_stats(const struct spool *spool, struct spool_stats *ret_stats)
{
	*ret_stats = (struct spool_stats){ .bytes = 4096, .records = { 5, 6, 7, 8 } };
	memcpy(ret_stats->dropped, spool->dropped, sizeof(spool->dropped));
	memcpy(ret_stats->corrupt, spool->corrupt, sizeof(spool->corrupt));
	for (int lane = 0; lane < SPOOL_LANE_COUNT; lane++)
		ret_stats->batches[lane] = spool->next_seq[lane] - spool->first_seq[lane];
}

#endif
