/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/worker.h"

#include "common/clock.h"
#include "common/log.h"
#include "common/resident.h"
#include "sensor/kernel/keeper_link.h"
#include "sensor/worker_content.h"
#include "sensor/worker_control.h"
#include "sensor/worker_rooms.h"

#include <errno.h>
#include <event2/event.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>

/* How long a stopping worker waits for the collector to acknowledge what was just written. */
#define STOP_PATIENCE_NS (5 * NS_PER_S)
#define HEAL_INTERVAL_NS (10 * NS_PER_S)
#define HEAP_KEPT_BYTES (1 << 20)

/* How often, at most, the kernel is asked for names of control groups that it told us of unheard:
 * it lists every process then. */
#define NAMES_INTERVAL_NS (10 * NS_PER_S)

/* --- the loop --- */

static void on_poll(evutil_socket_t fd, short what, void *context)
{
	struct worker *worker = context;
	bool stopping = worker->stop_deadline_ns != 0;

	(void)fd;
	(void)what;
	pipeline_turn(&worker->pipeline, stopping ? TURN_LAST : TURN_USUAL);
	ship_kick(worker->ship);
	if (!stopping)
		return;
	if ((pipeline_is_drained(&worker->pipeline) && ship_is_idle(worker->ship)) ||
	    worker->pipeline.now_ns > worker->stop_deadline_ns)
		event_base_loopbreak(worker->base);
}

static void on_hashes(evutil_socket_t fd, short what, void *context)
{
	worker_content_receive(context);
	on_poll(fd, what, context); /* an exec may wait for just that */
}

/* What leaves the process table incomplete: processes that were not told of. */
static uint64_t count_unseen(const struct worker *worker, const struct counters *counters)
{
	return worker->pipeline.counters.throttles_stopped + worker->pipeline.losses.skipped +
	       counters->value[COUNTER_LOST_FORK] + counters->value[COUNTER_LOST_EXEC];
}

/* Those that still run are listed again, soon but not over and over. */
static void heal(struct worker *worker, const struct counters *counters)
{
	uint64_t unseen = count_unseen(worker, counters);
	uint64_t now_ns = clock_boottime_ns();

	if (unseen == worker->healed_counts || worker->stop_deadline_ns ||
	    (worker->healed_ns && now_ns - worker->healed_ns < HEAL_INTERVAL_NS))
		return;
	worker->healed_ns = now_ns;
	worker->healed_counts = unseen;
	log_debug("worker", "processes went by unseen; listing those that run");
	keeper_link_snapshot(worker->link);
}

static void compare_losses(struct worker *worker, const struct counters *counters)
{
	struct losses *losses = &worker->pipeline.losses;
	struct sequence_totals totals;
	struct keeper_probes probes;
	uint64_t unexplained;

	if (keeper_link_probes(worker->link, &probes) == 0 && losses_skipped(losses, &probes))
		log_warn("worker", "the kernel did not run programs %llu times so far",
			 (unsigned long long)losses->skipped);
	sequence_settle(worker->pipeline.sequence);
	sequence_totals(worker->pipeline.sequence, &totals);
	unexplained = losses_compare(losses, counters, &totals);
	if (unexplained > 0)
		log_warn("worker", "%llu events are missing and nobody counted them",
			 (unsigned long long)unexplained);
}

static void ask_for_names(struct worker *worker, uint64_t now_ns)
{
	int r;

	if (now_ns - worker->names_asked_ns < NAMES_INTERVAL_NS ||
	    !cgroup_names_ask(worker->pipeline.cgroups))
		return;
	worker->names_asked_ns = now_ns;
	r = keeper_link_snapshot(worker->link);
	if (r < 0) /* status names the probe; records carry the id all the same */
		log_debug("worker", "no names of control groups: %s", strerror(-r));
}

static void on_second(evutil_socket_t fd, short what, void *context)
{
	struct worker *worker = context;
	uint64_t now_ns = clock_boottime_ns();
	struct counters counters;

	(void)fd;
	(void)what;
	if (keeper_link_counters(worker->link, &counters) == 0) {
		losses_kernel(&worker->pipeline.losses, &counters);
		compare_losses(worker, &counters);
		heal(worker, &counters);
	}
	keeper_link_throttles(worker->link);
	worker_content_save(worker, false);
	process_table_expire(worker->pipeline.processes, now_ns);
	arena_reclaim(worker->pipeline.arena, now_ns, pipeline_has_read_all(&worker->pipeline));
	for (size_t ring = 0; ring < EVENT_RING_COUNT; ring++)
		ring_rest(worker->pipeline.ring[ring]);
	ask_for_names(worker, now_ns);
}

static void on_sweep(evutil_socket_t fd, short what, void *context)
{
	struct worker *worker = context;
	int r = keeper_link_sweep(worker->link);

	(void)fd;
	(void)what;
	malloc_trim(0); /* a storm's entries lie scattered: nothing else gives their pages back */
	if (r < 0) /* status names the probe; the final records come all the same */
		log_debug("worker", "flows that go on are not told of: %s", strerror(-r));
}

/* The keeper detaches everything before it asks us to stop, so the rings have an end. */
static void begin_stop(struct worker *worker)
{
	if (worker->stop_deadline_ns)
		return;
	worker->stop_deadline_ns = clock_boottime_ns() + STOP_PATIENCE_NS;
	pipeline_turn(&worker->pipeline, TURN_LAST);
	on_second(-1, 0, worker); /* losses up to the end; the next turn tells them */
}

static void on_signal(evutil_socket_t number, short what, void *context)
{
	(void)number;
	(void)what;
	begin_stop(context);
}

/* Answers are read where they are asked for: what wakes us here is the keeper's end. */
static void on_keeper(evutil_socket_t fd, short what, void *context)
{
	struct worker *worker = context;
	char byte;

	(void)what;
	if (recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) != 0)
		return;
	event_del(worker->events[LOOP_KEEPER]);
	if (!worker->stop_deadline_ns) {
		log_error("worker", "the keeper has gone; stopping");
		worker->status = 1;
	}
	begin_stop(worker);
}

static int read_boot_id(uint8_t ret_boot_id[UUID_BYTES])
{
	char text[UUID_TEXT_BYTES] = "";
	FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");
	int r = -EIO;

	if (!file)
		return -errno;
	if (fgets(text, sizeof(text), file))
		r = uuid_parse(text, ret_boot_id);
	fclose(file);
	return r;
}

static int open_identity(struct worker *worker)
{
	int r = read_boot_id(worker->boot_id);

	if (r < 0)
		snprintf(worker->error, WORKER_ERROR_BYTES, "cannot read the boot id: %s",
			 strerror(-r));
	return r;
}

static int open_loop(struct worker *worker)
{
	const struct worker_options *options = worker->options;
	const int *fds = worker->descriptors;
	/* Edge-triggered: a ring stays readable until it is released, which is not when it is
	 * read. */
	const short ring = EV_READ | EV_ET | EV_PERSIST;
	const short input = EV_READ | EV_PERSIST;
	const short number = EV_SIGNAL | EV_PERSIST;
	const struct {
		int fd; /* or signal number, or -1: a timer */
		short what;
		event_callback_fn on;
		uint32_t interval_ms;
	} rows[LOOP_EVENTS] = {
		[LOOP_POLL] = { -1, EV_PERSIST, on_poll, options->poll_interval_ms },
		[LOOP_SECOND] = { -1, EV_PERSIST, on_second, 1000 },
		[LOOP_SWEEP] = { -1, EV_PERSIST, on_sweep, options->flow_interval_ms },
		[LOOP_RING_VALUABLE] = { fds[KEEPER_FD_RING_VALUABLE], ring, on_poll, 0 },
		[LOOP_RING_BULK] = { fds[KEEPER_FD_RING_BULK], ring, on_poll, 0 },
		[LOOP_HASHES] = { fds[KEEPER_FD_HASHES], input, on_hashes, 0 },
		[LOOP_KEEPER] = { worker->link, input, on_keeper, 0 },
		[LOOP_SIGTERM] = { SIGTERM, number, on_signal, 0 },
		[LOOP_SIGINT] = { SIGINT, number, on_signal, 0 },
	};

	for (size_t i = 0; i < LOOP_EVENTS; i++) {
		const uint32_t ms = rows[i].interval_ms;
		const struct timeval interval = { .tv_sec = ms / 1000,
						  .tv_usec = (suseconds_t)(ms % 1000) * 1000 };

		worker->events[i] =
			event_new(worker->base, rows[i].fd, rows[i].what, rows[i].on, worker);
		if (!worker->events[i] || event_add(worker->events[i], ms ? &interval : NULL) < 0)
			return -ENOMEM;
	}
	return 0;
}

int worker_check(const struct worker_options *options)
{
	struct worker *worker = worker_rooms_new(options);
	int r;

	if (!worker)
		return 1;
	r = worker_rooms_open_workplace(worker);
	r = r ?: worker_rooms_open_ship(worker);
	r = r ?: worker_control_open(worker);
	if (r < 0)
		log_error("config", "%s", worker->error);
	worker_rooms_free(worker);
	return r < 0;
}

/* A stop that could not write everything (the disk is full) loses it: the rings end with the
 * keeper. */
static void say_what_is_left(struct worker *worker)
{
	const struct pipeline *p = &worker->pipeline;
	unsigned long long left_bytes = 0;

	if (pipeline_is_drained(p))
		return;
	for (size_t ring = 0; ring < EVENT_RING_COUNT; ring++)
		left_bytes += ring_unreleased_bytes(p->ring[ring]);
	log_error("worker",
		  "stopped with %llu bytes of events that could not be written; they are lost",
		  left_bytes);
	worker->status = 1;
}

/* Each batch takes some hundred KiB to close, and glibc would give them back to the kernel each
 * time, for the next one to take page by page again. */
static void keep_heap(void)
{
	mallopt(M_TRIM_THRESHOLD, HEAP_KEPT_BYTES);
	mallopt(M_MMAP_THRESHOLD, HEAP_KEPT_BYTES);
}

int worker_run(const struct worker_options *options, int link)
{
	struct worker *worker = worker_rooms_new(options);
	sigset_t none;
	int r;

	if (!worker)
		return 1;
	keep_heap();
	prctl(PR_SET_DUMPABLE, 0); /* nobody finds arguments of others in a core file */
	worker->link = link;
	r = open_identity(worker);
	r = r ?: worker_rooms_open_workplace(worker);
	r = r ?: worker_rooms_open_kernel(worker);
	r = r ?: worker_rooms_open_pipeline(worker);
	r = r ?: worker_content_open(worker);
	r = r ?: worker_rooms_open_ship(worker);
	r = r ?: worker_control_open(worker);
	r = r ?: open_loop(worker);
	if (r < 0) {
		log_error("worker", "%s", *worker->error ? worker->error : strerror(-r));
		worker_rooms_free(worker);
		return 1;
	}
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL); /* the keeper starts us with the stop held back */
	log_info("control", "listening on %s", options->control.socket_path);
	/* The first worker finds the keeper's own listing in the ring; a later one may have lost
	 * more than the journal holds. */
	if (worker->description.worker_restarts > 0)
		keeper_link_snapshot(link);
	resident_give_back();
	event_base_dispatch(worker->base);
	say_what_is_left(worker);
	r = worker->status;
	worker_rooms_free(worker);
	return r;
}
