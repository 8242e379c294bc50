/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/worker_rooms.h"

#include "common/clock.h"
#include "common/log.h"
#include "sensor/kernel/keeper_link.h"
#include "sensor/process/cgroup_walk.h"
#include "sensor/worker_content.h"
#include "sensor/worker_control.h"

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* More than one valuable ring can tell of (two entries a short program, 300 bytes of events): it is
 * read before the bulk ring, and must not push out the owners of the flows that wait there. */
#define EXITED_PROCESSES_MAX 65536
#define LIVE_PROCESSES_MAX 65536
/* Rich enough for as many with usual arguments; with the longest it would be 256 MiB. */
#define PROCESS_TEXTS_BYTES_MAX (16u << 20)
#define CGROUP_NAMES_MAX 16384

static void on_acked(void *context, enum spool_lane lane, uint64_t seq,
		     const uint64_t acked[RECORD_CLASS_COUNT], uint64_t payload_bytes)
{
	struct worker *worker = context;
	struct journal_totals totals = journal_totals(worker->pipeline.journal);
	struct ship_status status;

	ship_status(worker->ship, &status);
	(void)lane, (void)seq, (void)acked; /* on_acknowledging has them */
	totals.shipped_bytes = worker->shipped_bytes_before + status.shipped_bytes;
	totals.acked_bytes += payload_bytes;
	journal_set_totals(worker->pipeline.journal, &totals);
}

/* --- opening and closing --- */

int worker_rooms_open_kernel(struct worker *worker)
{
	int r = keeper_link_describe(worker->link, &worker->description, worker->descriptors);

	if (r < 0) {
		snprintf(worker->error, WORKER_ERROR_BYTES, "the keeper does not answer: %s",
			 strerror(-r));
		return r;
	}
	/* Numbers of events at its end; the journal has the rest. */
	worker->sequence_bytes = sequence_bytes((uint32_t)worker->description.cpu_count);
	if (worker->sequence_bytes > worker->description.state_bytes / 2)
		worker->sequence_bytes = worker->description.state_bytes / 2;
	worker->sequence_bytes = worker->sequence_bytes / 8 * 8;
	worker->state = mmap(NULL, worker->description.state_bytes, PROT_READ | PROT_WRITE,
			     MAP_SHARED, worker->descriptors[KEEPER_FD_STATE], 0);
	r = worker->state == MAP_FAILED ? -errno : 0;
	if (r == 0) /* arguments before redaction; the kernel leaves rings and arena out itself */
		madvise(worker->state, worker->description.state_bytes, MADV_DONTDUMP);
	for (size_t i = 0; i < EVENT_RING_COUNT && r == 0; i++)
		r = ring_open(worker->descriptors[i], worker->description.ring_bytes[i],
			      &worker->pipeline.ring[i]);
	if (r == 0)
		r = arena_open(worker->descriptors[KEEPER_FD_ARENA],
			       (uint32_t)worker->description.arena_slots, &worker->pipeline.arena);
	if (r < 0)
		snprintf(worker->error, WORKER_ERROR_BYTES, "cannot map what the keeper passed: %s",
			 strerror(-r));
	return r;
}

/* What an earlier worker had counted already is only being tidied up: see resume. */
static void on_acknowledging(void *context, enum spool_lane lane, uint64_t seq,
			     const uint64_t counts[RECORD_CLASS_COUNT])
{
	const struct worker *worker = context;
	struct journal_totals totals = journal_totals(worker->pipeline.journal);

	if (seq <= totals.acked_seq[lane] || seq <= totals.dropped_seq[lane])
		return;
	totals.acked_seq[lane] = seq;
	for (size_t class = 0; class < RECORD_CLASS_COUNT; class ++)
		totals.acked[class] += counts[class];
	journal_set_totals(worker->pipeline.journal, &totals);
}

static void on_dropping(void *context, enum spool_lane lane, uint64_t seq,
			const uint64_t counts[RECORD_CLASS_COUNT])
{
	const struct worker *worker = context;

	losses_dropping(worker->pipeline.journal, lane, seq, counts);
}

static void say_what_was_mended(const struct spool *spool)
{
	struct spool_stats stats;

	spool_stats(spool, &stats);
	if (stats.torn_bytes)
		log_warn("spool", "%llu bytes of an unfinished write were cut off",
			 (unsigned long long)stats.torn_bytes);
	if (stats.corrupt_stretches)
		log_error("spool", "%llu damaged stretches were skipped; the collector is told",
			  (unsigned long long)stats.corrupt_stretches);
}

static int open_spool(struct worker *worker)
{
	struct spool_options options = {
		.directory = worker->workplace.spool_directory,
		.instance = worker->description.instance,
		.bytes_max = worker->options->spool_bytes_max,
		.segment_bytes_max = worker->options->segment_bytes,
		.now_ms = clock_realtime_ns() / NS_PER_MS,
		.acknowledging = on_acknowledging,
		.dropping = on_dropping,
		.context = worker,
	};
	int r;

	memcpy(options.sensor, worker->options->sensor, sizeof(options.sensor));
	r = spool_open(&options, &worker->pipeline.spool);
	if (r < 0)
		snprintf(worker->error, WORKER_ERROR_BYTES, "cannot open the spool %s: %s%s",
			 options.directory, strerror(-r),
			 r == -EUCLEAN ? "; it belongs to another sensor id" : "");
	else
		say_what_was_mended(worker->pipeline.spool);
	return r;
}

static int open_lane(struct worker *worker, enum spool_lane lane)
{
	struct batch_options options = {
		.lane = lane,
		.instance = worker->description.instance,
		.names = worker->pipeline.names,
		.records_max = worker->options->batch_records,
		.interval_ns = worker->options->batch_interval_ms * NS_PER_MS,
		.on_added = worker_control_show,
		.context = worker,
	};

	memcpy(options.boot_id, worker->boot_id, sizeof(options.boot_id));
	worker->pipeline.batch[lane] = batch_new(&options, worker->pipeline.spool);
	return worker->pipeline.batch[lane] ? 0 : -ENOMEM;
}

/* Takes up where an earlier worker of this keeper was: what it had written is not read again, what
 * it had only read is. */
static void resume(struct worker *worker)
{
	struct pipeline *pipeline = &worker->pipeline;
	struct journal_totals totals = journal_totals(pipeline->journal);
	uint64_t counted_already[RECORD_CLASS_COUNT] = { 0 };
	struct spool_mark mark;

	for (size_t lane = 0; lane < SPOOL_LANE_COUNT; lane++) {
		if (spool_last_mark(pipeline->spool, (enum spool_lane)lane, &mark))
			ring_seek(pipeline->ring[lane], mark.ring_position);
		batch_set_position(pipeline->batch[lane], ring_read_position(pipeline->ring[lane]));
		if (totals.acked_seq[lane])
			spool_acknowledge(pipeline->spool, (enum spool_lane)lane,
					  totals.acked_seq[lane], counted_already);
		if (totals.dropped_seq[lane])
			spool_acknowledge(pipeline->spool, (enum spool_lane)lane,
					  totals.dropped_seq[lane], counted_already);
	}
	losses_init(&pipeline->losses, pipeline->journal,
		    spool_next_seq(pipeline->spool, SPOOL_LANE_A));
	worker->shipped_bytes_before = totals.shipped_bytes;
	journal_replay(pipeline->journal, pipeline_replay, pipeline);
}

static int open_state(struct worker *worker)
{
	size_t journal_bytes = worker->description.state_bytes - worker->sequence_bytes;
	uint64_t instance = worker->description.instance;
	int r = journal_open(worker->state, journal_bytes, instance, &worker->pipeline.journal);

	return r < 0 ? r
		     : sequence_open((uint8_t *)worker->state + journal_bytes,
				     worker->sequence_bytes, instance, &worker->pipeline.sequence);
}

/* The hooks are attached: no group comes in between unseen. */
static void name_groups(struct cgroup_names *names)
{
	long groups = cgroup_walk_mounted(names);

	if (groups < 0) /* the kernel tells of new ones and of those in use all the same */
		log_debug("worker", "no control groups are listed: %s", strerror((int)-groups));
	else
		log_debug("worker", "%ld control groups are there already", groups);
}

static int open_argv(struct worker *worker)
{
	const struct worker_options *options = worker->options;
	char why[ARGV_RULE_ERROR_BYTES] = "out of memory";
	int r = argv_policy_new(options->argv_mode, options->argv_redact, &worker->pipeline.argv,
				why);

	if (r < 0)
		snprintf(worker->error, WORKER_ERROR_BYTES, "[argv]: %s", why);
	return r;
}

static int open_names(struct worker *worker)
{
	const struct worker_options *options = worker->options;
	char why[NAMES_ERROR_BYTES];
	int r = names_new(options->names_mode, options->names_key, &worker->pipeline.names, why);

	if (r < 0)
		snprintf(worker->error, WORKER_ERROR_BYTES, "[names]: %s", why);
	return r;
}

int worker_rooms_open_pipeline(struct worker *worker)
{
	const struct process_table_options processes = { .exited_max = EXITED_PROCESSES_MAX,
							 .live_max = LIVE_PROCESSES_MAX,
							 .texts_bytes_max =
								 PROCESS_TEXTS_BYTES_MAX };
	struct pipeline *pipeline = &worker->pipeline;
	int r = open_spool(worker);

	if (r == 0)
		r = open_argv(worker);
	if (r == 0)
		r = open_names(worker);
	if (r < 0)
		return r;
	pipeline->digester = digester_new();
	pipeline->processes = process_table_new(&processes);
	pipeline->cgroups = cgroup_names_new(CGROUP_NAMES_MAX);
	pipeline->event = malloc(sizeof(*pipeline->event));
	pipeline->marking = marking_new(pipeline->arena, clock_boottime_ns());
	if (!pipeline->digester || !pipeline->marking || !pipeline->processes ||
	    !pipeline->cgroups || !pipeline->event || open_lane(worker, SPOOL_LANE_A) < 0 ||
	    open_lane(worker, SPOOL_LANE_B) < 0 || open_state(worker) < 0) {
		snprintf(worker->error, WORKER_ERROR_BYTES, "out of memory");
		return -ENOMEM;
	}
	resume(worker);
	name_groups(pipeline->cgroups);
	return 0;
}

int worker_rooms_open_ship(struct worker *worker)
{
	struct ship_options options = worker->options->ship;

	memcpy(options.sensor, worker->options->sensor, sizeof(options.sensor));
	memcpy(options.boot_id, worker->boot_id, sizeof(options.boot_id));
	options.instance = worker->description.instance;
	options.kernel_release = worker->host.release;
	options.host = worker->host.nodename;
	return ship_new(worker->base, &options, worker->pipeline.spool, on_acked, worker,
			&worker->ship, worker->error);
}

void worker_rooms_free(struct worker *worker)
{
	for (size_t i = 0; i < LOOP_EVENTS; i++)
		if (worker->events[i])
			event_free(worker->events[i]);
	control_free(worker->control);
	ship_free(worker->ship);
	for (size_t i = 0; i < SPOOL_LANE_COUNT; i++)
		batch_free(worker->pipeline.batch[i]);
	sequence_close(worker->pipeline.sequence);
	journal_close(worker->pipeline.journal);
	process_table_free(worker->pipeline.processes);
	cgroup_names_free(worker->pipeline.cgroups);
	worker_content_close(worker);
	argv_policy_free(worker->pipeline.argv);
	names_free(worker->pipeline.names);
	digester_free(worker->pipeline.digester);
	marking_free(worker->pipeline.marking);
	arena_close(worker->pipeline.arena);
	free(worker->pipeline.event);
	spool_close(worker->pipeline.spool);
	for (size_t i = 0; i < EVENT_RING_COUNT; i++)
		ring_close(worker->pipeline.ring[i]);
	workplace_close(&worker->workplace);
	if (worker->base)
		event_base_free(worker->base);
	free(worker);
}

struct worker *worker_rooms_new(const struct worker_options *options)
{
	struct worker *worker = calloc(1, sizeof(*worker));

	if (!worker)
		return NULL;
	worker->options = options;
	worker->workplace.lock = -1;
	uname(&worker->host);
	uuid_format(options->sensor, worker->sensor_id);
	worker->base = event_base_new();
	if (!worker->base) {
		free(worker);
		return NULL;
	}
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN); /* the keeper reads the configuration again, for both */
	return worker;
}

int worker_rooms_open_workplace(struct worker *worker)
{
	return workplace_open(worker->options->state_directory, &worker->workplace, worker->error,
			      sizeof(worker->error));
}
