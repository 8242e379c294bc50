/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/spool/lane.h"

#include "sensor/spool/mark.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#define SEGMENT_SUFFIX ".seg"

void lane_remember(struct lane *lane, uint64_t seq, const struct spool_mark *mark)
{
	struct ledger_entry entry = { .seq = seq };

	for (int class = 0; class < RECORD_CLASS_COUNT; class ++) {
		if (mark->instance == lane->instance)
			entry.sums.records[class] = mark->counts[class];
		else
			entry.sums.earlier_records += mark->counts[class];
	}
	ledger_push(&lane->ledger, &entry);
	lane->last_mark = *mark;
	lane->has_mark = true;
}

/* A batch without a mark we can read cannot ship, as nobody knows its length before deflating. */
static void recover_batch(void *context, const struct segment_record *record)
{
	struct lane *lane = context;
	struct spool_mark mark;
	int r = ledger_reserve(&lane->ledger);

	if (r < 0)
		lane->error = r;
	else if (record->type != SEGMENT_BATCH ||
		 spool_mark_read(record->aux, record->aux_size, &mark) < 0)
		lane->unreadable++;
	else
		lane_remember(lane, record->seq, &mark);
}

int lane_open(struct lane *ret_lane, const struct spool_options *options, enum spool_lane which,
	      uint64_t generation, struct seglog_recovery *ret_recovery)
{
	struct seglog_options log_options = {
		.directory = options->directory,
		.lane = (uint8_t)which,
		.generation = generation,
		.segment_bytes_max = options->segment_bytes_max,
		.now_ms = options->now_ms,
	};
	struct lane lane = { .instance = options->instance };
	int r;

	memcpy(log_options.sensor, options->sensor, sizeof(log_options.sensor));
	r = seglog_open(&log_options, recover_batch, &lane, &lane.log, ret_recovery);
	if (r == 0)
		r = lane.error;
	if (r < 0) {
		lane_done(&lane);
		return r;
	}
	ret_recovery->missing_seqs += lane.unreadable;
	lane.synced_seq = seglog_next_seq(lane.log);
	*ret_lane = lane;
	return 0;
}

void lane_done(struct lane *lane)
{
	seglog_close(lane->log);
	lane->log = NULL;
	ledger_done(&lane->ledger);
}

static bool is_segment_of(const char *name, enum spool_lane which)
{
	size_t length = strlen(name);

	return length > strlen(SEGMENT_SUFFIX) && name[0] == 'a' + (int)which && name[1] == '-' &&
	       strcmp(name + length - strlen(SEGMENT_SUFFIX), SEGMENT_SUFFIX) == 0;
}

static int unlink_segments(DIR *directory, enum spool_lane which)
{
	const struct dirent *item;

	while ((item = readdir(directory)))
		if (is_segment_of(item->d_name, which) &&
		    unlinkat(dirfd(directory), item->d_name, 0) < 0)
			return -errno;
	return fsync(dirfd(directory)) < 0 ? -errno : 0;
}

int lane_remove(const char *directory, enum spool_lane which)
{
	DIR *open_directory = opendir(directory);
	int r;

	if (!open_directory)
		return -errno;
	r = unlink_segments(open_directory, which);
	closedir(open_directory);
	return r;
}
