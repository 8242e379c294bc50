/* SPDX-License-Identifier: Apache-2.0 */
/* Plausible records for tests to start from, and how to compare two. */
#ifndef YAGURA_TESTS_SUPPORT_SAMPLE_RECORDS_H
#define YAGURA_TESTS_SUPPORT_SAMPLE_RECORDS_H

#include "telemetry/batch_codec.h"
#include "telemetry/record.h"

#define SAMPLE_TIME_NS 1763859723456000000ull /* 2025-11-23T01:02:03.456Z */

/* A constant text, NULs inside it included, the last one not. */
#define TEXT(literal) ((struct text){ .at = "" literal, .length = sizeof(literal) - 1 })

extern const struct batch_header sample_header;

struct record sample_exec(void); /* curl [4711] by bash [4700] */
struct record sample_exec_update(void);
struct record sample_exit(void); /* of curl [4711], code 0 */
struct record sample_flow(void); /* curl [4711] to 10.0.0.2:80, closed */
struct record sample_marked_flow(void); /* the same to port 443, and what a TLS hello says */
struct record sample_gap(void); /* 12 execs, ring_full */

/* Fails the running cmocka test unless all fields are equal. */
void assert_same_record(const struct record *got, const struct record *want);

/* The same of a batch that goes on in an epoch. */
void assert_goes_on(struct batch_epoch *epoch, const struct batch_input *input,
		    const struct record *want, size_t count);
/* Decodes the only batch of an epoch and fails unless exactly `want` comes, in this order. */
void assert_decodes_to(const uint8_t *bytes, size_t size, size_t raw_size,
		       const struct record *want, size_t count);

#endif
