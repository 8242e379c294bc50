/* SPDX-License-Identifier: Apache-2.0 */
/* The unprivileged process: opens the rooms, runs the loop, and stops in good order. */
#ifndef YAGURA_SENSOR_WORKER_H
#define YAGURA_SENSOR_WORKER_H

#include "sensor/argv.h"
#include "sensor/control/control.h"
#include "sensor/ship/ship.h"
#include "telemetry/batch_codec.h"

#include <stdint.h>

struct worker_options {
	const char *version;
	uint8_t sensor[16];
	const char *state_directory; /* made when missing; spool/ and a lock below it */
	uint32_t poll_interval_ms;
	uint32_t flow_interval_ms; /* how often the flows that go on are looked at */
	uint32_t batch_records;
	uint32_t batch_interval_ms;
	uint64_t spool_bytes_max;
	uint64_t segment_bytes;
	uint64_t hash_bytes_max; /* larger files are not hashed; 0: none is */
	uint64_t hash_bytes_per_s;
	enum argv_mode argv_mode;
	enum batch_names names_mode;
	const char *names_key; /* path */
	const char *argv_redact; /* rules, one a line */
	struct ship_options ship; /* who and where we are is filled in here */
	struct control_options control;
};

/* Tries everything that needs no keeper (directories, lock, certificates, control socket), lets go
 * of it again, and logs what is wrong. The exit status: 0 or 1. */
int worker_check(const struct worker_options *options);
/* With the keeper behind descriptor `link`: takes up where an earlier worker of this keeper was and
 * runs until SIGTERM, SIGINT or the keeper's end; then drains the rings, writes, and gives the
 * collector a moment to acknowledge. The exit status: 0 or 1. */
int worker_run(const struct worker_options *options, int link);

#endif
