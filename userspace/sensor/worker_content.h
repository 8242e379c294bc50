/* SPDX-License-Identifier: Apache-2.0 */
/* The worker's content room: its keeper, its hasher, its file. Private to worker.c. */
#ifndef YAGURA_SENSOR_WORKER_CONTENT_H
#define YAGURA_SENSOR_WORKER_CONTENT_H

#include "sensor/worker_rooms.h"

/* After the pipeline. 0, or -errno with one line in worker->error. */
int worker_content_open(struct worker *worker);
/* Takes in what the hasher has sent. */
void worker_content_receive(struct worker *worker);
/* Once in a while, and at the end: what was learnt goes to disk. */
void worker_content_save(struct worker *worker, bool at_once);
/* Updates of execs that became due since the keeper started; `context` is the worker. */
uint64_t worker_content_updates_due(void *context);
/* Saves, then closes. Nothing when it was never opened. */
void worker_content_close(struct worker *worker);

#endif
