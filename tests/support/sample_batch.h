/* SPDX-License-Identifier: Apache-2.0 */
/* A batch of one full record of each class, so that every column is there, for tests that damage
 * it; and receivers for what decodes. */
#ifndef YAGURA_TESTS_SUPPORT_SAMPLE_BATCH_H
#define YAGURA_TESTS_SUPPORT_SAMPLE_BATCH_H

#include "proto/telemetry.pb-c.h"
#include "telemetry/batch_codec.h"
#include "telemetry/batch_raw.h"

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
/* What the encoder holds, as the only batch of its epoch. */
void sample_batch_finish(struct batch_encoder *encoder, struct sample_batch *ret_batch);
void sample_batch_free(struct sample_batch *batch);

/* A whole message as the two sections it would travel in: rows are its last fields. */
struct batch_sections sample_sections(const uint8_t *raw, size_t size);
/* batch_decode_raw and batch_decode of the only batch of an epoch. */
int sample_decode_raw(const uint8_t *raw, size_t size, batch_record_fn each, void *context,
		      const char **ret_why);
int sample_decode(const uint8_t *bytes, size_t size, size_t raw_size, batch_record_fn each,
		  void *context, const char **ret_why);

/* Through protobuf-c itself; the message is freed with its free_unpacked, the bytes with free. */
Yagura__Telemetry__Batch *sample_batch_unpack(const struct sample_batch *batch);
uint8_t *sample_batch_pack(const Yagura__Telemetry__Batch *message, size_t *ret_size);

/* One thing of a good batch changed, and why it is refused; NULL: it is not. */
struct sample_damage {
	const char *name;
	void (*damage)(Yagura__Telemetry__Batch *batch);
	const char *why;
};
/* A cmocka test; *state is a struct sample_damage. */
void sample_check_damage(void **state);

/* Counts in the size_t that `context` points at. */
int receive_count(void *context, const struct batch_header *header, const struct record *record);
/* Fails the running test. */
int receive_never(void *context, const struct batch_header *header, const struct record *record);

#endif
