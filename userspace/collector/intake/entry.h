/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entries of the intake log as bytes: what happened at the collector's door, in the order in which
 * it counts. Pure. Integers are big-endian; the aux part of a segment record opens with a version.
 *
 * batch: aux: version u8 | sensor 16 | generation u64 | lane u8 | seq u64 | raw bytes u32 | time
 * u64 | first missing u64 | epoch index u8 | history bytes u32; payload: the tables of the batches
 * before it in its epoch, so that each entry can be read by itself, then the batch as it came
 *
 * arrival: aux: version u8 | sensor 16 | time u64; payload: the Hello and what TLS says
 *
 * leave: aux: version u8 | sensor 16 | time u64
 *
 * start: aux: version u8 | time u64: a collector has begun with this log
 *
 * checkpoint: payload: a part of the marks (watermarks.h)
 */
#ifndef YAGURA_COLLECTOR_ENTRY_H
#define YAGURA_COLLECTOR_ENTRY_H

#include "collector/verify/verify.h"
#include "common/segment.h"

#define ENTRY_AUX_BYTES_MAX 80
#define ENTRY_ARRIVAL_BYTES_MAX 1024
#define ENTRY_TLS_BYTES 32

/* Types of segment records; those of the sensors' spools are others. */
enum entry_type {
	ENTRY_BATCH = 16,
	ENTRY_ARRIVAL = 17,
	ENTRY_LEAVE = 18,
	ENTRY_START = 19,
	ENTRY_CHECKPOINT = 20,
};

struct entry_batch {
	uint64_t generation;
	uint64_t seq;
	uint64_t missing_first; /* a hole was found before this one; 0: none */
	uint32_t lane;
	uint32_t raw_bytes;
	uint32_t epoch_index; /* batches of its epoch before it, whose tables are in `history` */
	const uint8_t *history; /* NULL: none */
	size_t history_bytes;
	const uint8_t *payload;
	size_t payload_bytes;
};

struct entry_arrival {
	struct verify_hello hello;
	char tls_version[ENTRY_TLS_BYTES];
	char tls_group[ENTRY_TLS_BYTES];
	/* Lanes that start over: mark[lane] is what it becomes, where is_rewound. */
	bool is_rewound[VERIFY_LANES];
	uint64_t marks[VERIFY_LANES];
};

struct entry {
	enum entry_type type;
	uint64_t position; /* in the log */
	uint64_t time_ns;
	uint8_t sensor[16]; /* of a batch, arrival or leave */
	union {
		struct entry_batch batch;
		struct entry_arrival arrival;
		struct {
			const uint8_t *bytes;
			size_t size;
		} checkpoint;
	};
};

/* Both write what `entry` is, but for a batch's or checkpoint's payload; the length. */
size_t entry_write_aux(uint8_t ret_aux[ENTRY_AUX_BYTES_MAX], const struct entry *entry);
size_t entry_write_arrival(uint8_t ret_payload[ENTRY_ARRIVAL_BYTES_MAX],
			   const struct entry_arrival *arrival);
/* 0, or -EBADMSG: of another version, or not as long as it must be. Payloads point into the
 * record's. */
int entry_read(const struct segment_record *record, struct entry *ret_entry);

#endif
