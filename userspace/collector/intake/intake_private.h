/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the intake log share; nobody else includes this. */
#ifndef YAGURA_COLLECTOR_INTAKE_PRIVATE_H
#define YAGURA_COLLECTOR_INTAKE_PRIVATE_H

#include "collector/intake/intake.h"
#include "collector/intake/watermarks.h"
#include "common/seglog.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/queue.h>

struct intake_reader {
	LIST_ENTRY(intake_reader) link;
	struct intake *intake;
	uint64_t position; /* of the next entry */
	uint64_t settled;
	bool is_holding;
	bool is_stopping;
	bool is_ending; /* stops once there is nothing more */
	uint8_t *buffer; /* the entry read last */
	size_t buffer_size;
};

LIST_HEAD(intake_readers, intake_reader);

struct intake {
	pthread_mutex_t mutex; /* of everything but what is atomic */
	pthread_cond_t appended; /* wakes the thread that syncs */
	pthread_cond_t changed; /* more is durable, or lost, or there is room, or a reader stops */
	pthread_t thread;
	bool has_thread;
	bool is_ending;
	struct seglog *log;
	struct watermarks *marks;
	struct intake_readers readers;
	int watchers[INTAKE_WATCHERS_MAX];
	size_t watcher_count;
	uint64_t bytes_max;
	uint64_t refuse_until_ms; /* CLOCK_BOOTTIME */
	uint64_t rest_ms;
	uint64_t damaged;
	int last_error;
	bool is_new;
	bool is_full;
	bool is_torn; /* a failure is not mended yet: the log must be cut, the marks made anew */
	bool has_checkpoint; /* the last segment opens with a whole one */
	_Atomic uint64_t durable; /* the first position that may not be on disk */
	_Atomic uint64_t failures;
};

/* All with the mutex held. */
/* The marks of a checkpoint and of what follows it. 0 or -errno. */
int intake_restore_marks(struct intake *intake);
/* Something could not be written: what is not durable is given up, and nothing taken for a while.
 */
void intake_fail(struct intake *intake, int error);
/* Cuts off what is not durable, and makes the marks what the log says. 0 or -errno. */
int intake_mend(struct intake *intake);
/* Drops what all readers have behind them. */
void intake_trim(struct intake *intake);
void intake_tell_watchers(struct intake *intake);
uint64_t intake_now_ms(void);

/* The thread. */
void *intake_run(void *intake);

#endif
