/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far the batches of each (sensor, generation, lane) are in the log, in memory, and as the
 * bytes that a checkpoint is. Not locked: whoever owns the log owns these.
 *
 * A spool's generation changes when it is made anew, so a sensor is remembered with the few that it
 * used last: one that draws another each time costs itself its history and nobody else memory.
 */
#ifndef YAGURA_COLLECTOR_WATERMARKS_H
#define YAGURA_COLLECTOR_WATERMARKS_H

#include "collector/dedupe/dedupe.h"
#include "collector/verify/verify.h"

#include <stddef.h>

#define WATERMARKS_GENERATIONS 4
#define WATERMARKS_SENSORS_MAX 400000u
/* Of one part of a checkpoint: parts stay far below what a segment record takes. */
#define WATERMARKS_PART_BYTES_MAX (1u << 20)

struct watermarks;

/* NULL without memory. */
struct watermarks *watermarks_new(void);
void watermarks_free(struct watermarks *marks); /* takes NULL */
void watermarks_clear(struct watermarks *marks);
size_t watermarks_count(const struct watermarks *marks); /* of sensors */

/* For struct dedupe_marks; the context is the marks. An unknown key has the mark 0. Setting: 0,
 * -ENOMEM, or -ENOSPC with WATERMARKS_SENSORS_MAX others known. */
int watermarks_get(void *marks, const struct dedupe_key *key, uint64_t *ret_mark);
int watermarks_set(void *marks, const struct dedupe_key *key, uint64_t mark);
/* Is this the start of the sensor that arrived last? */
bool watermarks_knows(const struct watermarks *marks, const uint8_t sensor[16], uint64_t instance);
/* It has arrived. As watermarks_set. */
int watermarks_arrive(struct watermarks *marks, const uint8_t sensor[16], uint64_t instance);

/* All of them in parts, at least one, each handed to `each` once. 0 or what that said. */
int watermarks_checkpoint(const struct watermarks *marks,
			  int (*each)(void *context, const uint8_t *bytes, size_t size),
			  void *context);
/* A part, in order. The first empties the marks. 0; 1: that was the last part; -EBADMSG: not a part
 * that can follow; -ENOMEM. */
int watermarks_restore(struct watermarks *marks, const uint8_t *bytes, size_t size);

#endif
