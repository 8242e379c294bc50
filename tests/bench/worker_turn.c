/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker_turn [LOAD]: what the worker's own code takes for a flow and for an execution: events as a
 * storm makes them, in rings and an arena as the kernel lays them out, through whole turns into a
 * spool on disk. CPU time of this thread, the kernel's part in it included; waiting for the disk is
 * none. Medians of rounds; making the events does not count.
 */
#include "common/clock.h"
#include "sensor/kernel/arena.h"
#include "sensor/pipeline.h"
#include "support/event_build.h"
#include "support/ring_case.h"
#include "support/sample_records.h"
#include "support/temp_dir.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define INSTANCE 7
#define RING_BYTES (8u << 20)
#define ARENA_SLOTS 4096u
#define STATE_BYTES (4u << 20)
#define BATCH_RECORDS 1000
#define BATCHES_A_ROUND 10
#define LIVES_A_TURN 100 /* of 50 ms, at 2,000 a second */
#define FLOWS_A_TURN 500 /* at 10,000 a second */
#define ROUNDS_MAX 1000

struct bench {
	struct kernel_side kernel[EVENT_RING_COUNT];
	struct pipeline pipeline;
	struct decoded_event event;
	struct arena_slot *slots;
	uint64_t number; /* of the flow or process made last */
	size_t rounds;
};

struct load {
	const char *name;
	void (*make)(struct bench *bench);
	uint32_t a_turn;
	enum spool_lane lane;
};

static const struct process_key init = { 1, 1, 1 }, server = { 1000, 42, 2 };

static const char request[] =
	"GET / HTTP/1.1\r\nHost: 10.200.0.2:8080\r\nConnection: close\r\n\r\n";
/* What Linux says: MSS 1460, SACK, timestamps, scale 7. */
static const uint8_t syn_options[] = { 2, 4, 5, 0xb4, 4, 2, 8, 10, 1, 2,
				       3, 4, 0, 0,    0, 0, 1, 3,  3, 7 };

static uint64_t cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static void require(bool holds, const char *what)
{
	if (!holds)
		errx(EXIT_FAILURE, "%s", what);
}

/* --- events --- */

static void make_bytes(struct bench *bench)
{
	uint32_t number = 1 + (uint32_t)(bench->number % (ARENA_SLOTS - 1));
	struct arena_slot *slot = &bench->slots[number];
	struct event_bytes event = build_bytes(clock_boottime_ns());

	slot->state = ARENA_CLAIMED;
	slot->cookie = event.cookie = bench->number;
	slot->generation++;
	memcpy(slot->bytes, request, sizeof(request) - 1);
	event.slot = number;
	event.generation = slot->generation;
	event.index = 0;
	event.offset = 0;
	event.total_bytes = event.bytes = sizeof(request) - 1;
	event.protocol = FINGERPRINT_HTTP;
	produce(&bench->kernel[EVENT_RING_BULK], 0, &event, sizeof(event));
}

static void make_flow(struct bench *bench, bool has_first_bytes)
{
	struct event_flow flow = build_flow(server, clock_boottime_ns());

	flow.cookie = bench->number;
	flow.index = 0;
	flow.part = 0;
	flow.opened_ns = flow.header.time_ns - 100000 - bench->number % 64 * 1000;
	flow.remote_port = (uint16_t)bench->number;
	flow.direction = FLOW_INGRESS;
	flow.listener = server;
	flow.srtt_us = 40 + (uint32_t)(bench->number % 30);
	if (has_first_bytes) {
		flow.pieces = 1;
		flow.syn = (struct flow_syn){ .ip_version = 4,
					      .ttl = 64,
					      .bits = SYN_DONT_FRAGMENT,
					      .options_bytes = sizeof(syn_options),
					      .window = 64240,
					      .flags = 2 };
		memcpy(flow.syn.options, syn_options, sizeof(syn_options));
		flow.splt.count = 2;
		flow.splt.length[0] = sizeof(request) - 1;
		flow.splt.length[1] = -178;
		flow.splt.gap[1] = (uint8_t)(5 + bench->number % 3);
	}
	produce(&bench->kernel[EVENT_RING_BULK], 0, &flow, sizeof(flow));
}

static void make_connection(struct bench *bench)
{
	make_bytes(bench);
	make_flow(bench, true);
}

static void make_bare_flow(struct bench *bench)
{
	make_flow(bench, false);
}

/* Forked, executed, ended. */
static void make_life(struct bench *bench)
{
	static const char path[] = "true\0bin\0usr", args[] = "/bin/true\0--argument=value";
	uint64_t now_ns = clock_boottime_ns();
	struct process_key process = { now_ns, 100 + (uint32_t)(bench->number % 30000), 2 };
	struct event_fork fork = build_fork(process, server, now_ns);
	struct kernel_side *ring = &bench->kernel[EVENT_RING_VALUABLE];
	struct built_event exec;
	struct event_exit ended;

	process.exec_count++;
	build_exec_with(&exec, EVENT_EXEC, build_exec(process, server, now_ns), path, sizeof(path),
			args, sizeof(args));
	ended = build_exit(process, now_ns);
	produce(ring, 0, &fork, sizeof(fork));
	produce(ring, 0, exec.bytes, (uint32_t)exec.size);
	produce(ring, 0, &ended, sizeof(ended));
}

/* Who has the flows and makes the processes. */
static void make_server(struct bench *bench)
{
	static const char path[] = "nginx\0sbin\0usr", args[] = "nginx\0-c\0/etc/nginx/nginx.conf";
	struct built_event exec;

	build_exec_with(&exec, EVENT_EXEC, build_exec(server, init, clock_boottime_ns()), path,
			sizeof(path), args, sizeof(args));
	produce(&bench->kernel[EVENT_RING_VALUABLE], 0, exec.bytes, (uint32_t)exec.size);
}

/* --- the worker's rooms --- */

static struct spool *open_bench_spool(const char *directory)
{
	const struct spool_options options = { .directory = directory,
					       .sensor = { 1 },
					       .instance = INSTANCE,
					       .bytes_max = 64u << 20,
					       .segment_bytes_max = 4u << 20,
					       .now_ms = clock_realtime_ns() / NS_PER_MS };
	struct spool *spool;

	require(spool_open(&options, &spool) == 0, "no spool");
	return spool;
}

static struct batch *open_batch(struct spool *spool, enum spool_lane lane)
{
	struct batch_options options = { .lane = lane,
					 .instance = INSTANCE,
					 .records_max = BATCH_RECORDS,
					 .interval_ns = UINT64_MAX };

	memcpy(options.boot_id, sample_header.boot_id, sizeof(options.boot_id));
	return batch_new(&options, spool);
}

static void open_arena(struct bench *bench)
{
	const size_t bytes = (size_t)ARENA_SLOTS * ARENA_SLOT_BYTES;
	int fd = memfd_create("arena", MFD_CLOEXEC);

	require(fd >= 0 && ftruncate(fd, (off_t)bytes) == 0, "no arena");
	bench->slots = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	require(bench->slots != MAP_FAILED, "no arena");
	require(arena_open(fd, ARENA_SLOTS, &bench->pipeline.arena) == 0, "no arena");
}

static void open_rooms(struct bench *bench, const char *directory)
{
	const struct process_table_options processes = { .exited_max = 65536,
							 .live_max = 65536,
							 .texts_bytes_max = 16u << 20 };
	struct pipeline *p = &bench->pipeline;
	char error[ARGV_RULE_ERROR_BYTES];

	p->spool = open_bench_spool(directory);
	for (size_t i = 0; i < EVENT_RING_COUNT; i++) {
		require(open_kernel(&bench->kernel[i], RING_BYTES, 0) == 0, "no ring");
		p->ring[i] = bench->kernel[i].ring;
		p->batch[i] = open_batch(p->spool, (enum spool_lane)i);
	}
	open_arena(bench);
	p->event = &bench->event;
	p->processes = process_table_new(&processes);
	p->marking = marking_new(p->arena, 0);
	p->digester = digester_new();
	require(argv_policy_new(ARGV_FULL, "", &p->argv, error) == 0, "no policy");
	p->cgroups = cgroup_names_new(1024);
	require(journal_open(calloc(1, STATE_BYTES), STATE_BYTES, INSTANCE, &p->journal) == 0 &&
			sequence_open(calloc(1, sequence_bytes(4)), sequence_bytes(4), INSTANCE,
				      &p->sequence) == 0,
		"no state");
	losses_init(&p->losses, p->journal, 1);
}

/* --- measuring --- */

static int by_value(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static uint64_t spooled_bytes(struct bench *bench)
{
	struct spool_stats stats;

	spool_stats(bench->pipeline.spool, &stats);
	return stats.bytes;
}

/* What a collector would do. */
static void acknowledge(struct bench *bench, enum spool_lane lane)
{
	struct spool *spool = bench->pipeline.spool;
	uint64_t counts[RECORD_CLASS_COUNT] = { 0 };

	spool_acknowledge(spool, lane, spool_next_seq(spool, lane) - 1, counts);
}

static uint64_t run_round(struct bench *bench, const struct load *load, uint32_t pieces)
{
	uint64_t taken_ns = 0;

	for (uint32_t made = 0; made < pieces; made += load->a_turn) {
		uint64_t began_ns;

		for (uint32_t i = 0; i < load->a_turn; i++, bench->number++)
			load->make(bench);
		began_ns = cpu_ns();
		pipeline_turn(&bench->pipeline, TURN_USUAL);
		taken_ns += cpu_ns() - began_ns;
	}
	require(bench->pipeline.counters.malformed == 0 && bench->pipeline.append_error[0] == 0 &&
			bench->pipeline.append_error[1] == 0 &&
			bench->pipeline.counters.flows_without_process == 0,
		"a turn did not do what it is for");
	return taken_ns;
}

static void measure(struct bench *bench, const struct load *load)
{
	const uint32_t pieces = BATCHES_A_ROUND * BATCH_RECORDS;
	uint64_t rounds_ns[ROUNDS_MAX], before, bytes;
	uint64_t events = bench->pipeline.counters.events;

	run_round(bench, load, pieces); /* tables grow */
	acknowledge(bench, load->lane);
	before = spooled_bytes(bench);
	run_round(bench, load, pieces);
	bytes = spooled_bytes(bench) - before;
	for (size_t i = 0; i < bench->rounds; i++) {
		rounds_ns[i] = run_round(bench, load, pieces);
		acknowledge(bench, load->lane);
	}
	require(bench->pipeline.counters.events - events >= (bench->rounds + 2) * pieces,
		"not every event was taken");
	qsort(rounds_ns, bench->rounds, sizeof(*rounds_ns), by_value);
	printf("worker_ns_per_%s: %.0f ns (of CPU time; median of %zu rounds, the best %.0f)\n",
	       load->name, (double)rounds_ns[bench->rounds / 2] / pieces, bench->rounds,
	       (double)rounds_ns[0] / pieces);
	printf("spool_bytes_per_%s: %.1f bytes\n", load->name, (double)bytes / pieces);
}

static size_t rounds(void)
{
	const char *wanted = getenv("BENCH_ROUNDS");
	unsigned long count = wanted ? strtoul(wanted, NULL, 10) : 41;

	require(count > 0 && count <= ROUNDS_MAX, "BENCH_ROUNDS is no number from 1 to 1000");
	return count;
}

int main(int count, char **words)
{
	static const struct load loads[] = {
		{ "connection", make_connection, FLOWS_A_TURN, SPOOL_LANE_B },
		{ "bare_flow", make_bare_flow, FLOWS_A_TURN, SPOOL_LANE_B },
		{ "life", make_life, LIVES_A_TURN, SPOOL_LANE_A },
	};
	char *directory = temp_dir_new();
	struct bench *bench = calloc(1, sizeof(*bench));

	require(directory && bench, "no memory");
	bench->rounds = rounds();
	open_rooms(bench, directory);
	bench->number = 1;
	make_server(bench);
	for (size_t i = 0; i < sizeof(loads) / sizeof(*loads); i++)
		if (count < 2 || strcmp(words[1], loads[i].name) == 0)
			measure(bench, &loads[i]);
	temp_dir_remove(directory);
	return 0;
}
