/* SPDX-License-Identifier: Apache-2.0 */
/* The worker's rooms, opened in order and closed in the opposite one. Private to worker.c. */
#ifndef YAGURA_SENSOR_WORKER_ROOMS_H
#define YAGURA_SENSOR_WORKER_ROOMS_H

#include "common/uuid.h"
#include "sensor/control/control_sensor.h"
#include "sensor/pipeline.h"
#include "sensor/worker.h"
#include "sensor/workplace.h"

#include <sys/utsname.h>

#define WORKER_ERROR_BYTES 512

struct event;
struct event_base;

enum loop_event {
	LOOP_POLL, /* the rings are looked at this often at least */
	LOOP_SECOND, /* kernel counters, expiry */
	LOOP_SWEEP, /* flows that go on */
	LOOP_RING_VALUABLE,
	LOOP_RING_BULK,
	LOOP_KEEPER,
	LOOP_HASHES, /* what the hasher sends */
	LOOP_SIGTERM,
	LOOP_SIGINT,
	LOOP_EVENTS
};

struct worker {
	const struct worker_options *options;
	struct event_base *base;
	struct event *events[LOOP_EVENTS];
	struct workplace workplace;
	int link;
	int descriptors[KEEPER_FD_COUNT];
	struct keeper_description description;
	struct utsname host;
	char sensor_id[UUID_TEXT_BYTES];
	uint8_t boot_id[UUID_BYTES];
	void *state; /* memory that outlives us: process/journal.h, then kernel/sequence.h */
	size_t sequence_bytes; /* at its end */
	struct pipeline pipeline;
	struct ship *ship;
	struct control *control;
	struct control_sensor control_sensor;
	uint64_t shipped_bytes_before; /* by earlier workers of this keeper */
	uint64_t healed_ns; /* CLOCK_BOOTTIME of the last snapshot asked for */
	uint64_t healed_counts; /* of what makes one necessary */
	uint64_t names_asked_ns; /* when the kernel last was; see ask_for_names() */
	char cache_path[WORKPLACE_PATH_BYTES]; /* of the digests, over restarts */
	uint64_t cache_saved_ns;
	uint64_t stop_deadline_ns; /* 0: not stopping */
	int status;
	char error[WORKER_ERROR_BYTES];
};

/* With what a worker needs whether or not it has a keeper, or NULL. */
struct worker *worker_rooms_new(const struct worker_options *options);
/* Each: 0, or -errno with one line in worker->error where there is more to say than the number. */
int worker_rooms_open_workplace(struct worker *worker);
int worker_rooms_open_kernel(struct worker *worker);
int worker_rooms_open_pipeline(struct worker *worker);
int worker_rooms_open_ship(struct worker *worker);
void worker_rooms_free(struct worker *worker);

#endif
