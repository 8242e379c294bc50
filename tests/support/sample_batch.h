/* SPDX-License-Identifier: Apache-2.0 */
/* A batch of one full record of each class, so that every column is there, for tests that damage
 * it; and receivers for what decodes. */
#ifndef YAGURA_TESTS_SUPPORT_SAMPLE_BATCH_H
#define YAGURA_TESTS_SUPPORT_SAMPLE_BATCH_H

#include "proto/telemetry.pb-c.h"
#include "telemetry/batch_codec.h"

struct sample_batch {
	uint8_t *bytes; /* deflated */
	size_t size;
	uint8_t *raw; /* not */
	size_t raw_size;
};

/* cmocka fixtures: *state is a struct sample_batch. */
int sample_batch_set_up(void **state);
int sample_batch_tear_down(void **state);

/* Fills `raw` (malloc'd) from `bytes`. */
void sample_batch_inflate(struct sample_batch *batch);
/* Through protobuf-c itself; the message is freed with its free_unpacked, the bytes with free. */
Yagura__Telemetry__Batch *sample_batch_unpack(const struct sample_batch *batch);
uint8_t *sample_batch_pack(const Yagura__Telemetry__Batch *message, size_t *ret_size);

/* Counts in the size_t that `context` points at. */
int receive_count(void *context, const struct batch_header *header, const struct record *record);
/* Fails the running test. */
int receive_never(void *context, const struct batch_header *header, const struct record *record);

#endif
