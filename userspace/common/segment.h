/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The segment format, pure: bytes in, values out. A segment is one file of the spool: a header,
 *then records back to back. Big-endian throughout.
 *
 *	header, 64 bytes:  magic "YAGSEG01" | sensor 16 | generation u64 | first_seq u64 |
 *created_ms u64 | lane u8 | zero 11 | crc32c u32 of the 60 bytes before it record, 24 bytes:  magic
 *u16 0x5952 | type u8 | zero u8 | aux_size u16 | zero u16 | payload_size u32 | seq u64 | crc32c u32
 *			   of the 20 bytes before it, then aux, then payload
 *	then aux (what the writer wants to find again, never shipped), then payload
 */
#ifndef YAGURA_COMMON_SEGMENT_H
#define YAGURA_COMMON_SEGMENT_H

#include <stddef.h>
#include <stdint.h>

#define SEGMENT_HEADER_BYTES 64
#define SEGMENT_RECORD_BYTES 24
#define SEGMENT_AUX_BYTES_MAX 512
#define SEGMENT_PAYLOAD_BYTES_MAX (5u << 20)

struct segment_header {
	uint8_t sensor[16];
	uint64_t generation;
	uint64_t first_seq; /* of the first record this segment will hold */
	uint64_t created_ms;
	uint8_t lane;
};

enum segment_record_type {
	SEGMENT_BATCH = 1, /* a deflated telemetry batch; the only type so far */
};

/* A record found in memory: aux and payload point into the bytes that were scanned. */
struct segment_record {
	uint64_t seq;
	uint8_t type;
	uint16_t aux_size;
	uint32_t payload_size;
	const uint8_t *aux;
	const uint8_t *payload;
};

void segment_header_write(uint8_t ret_bytes[SEGMENT_HEADER_BYTES],
			  const struct segment_header *header);
/* 0, or -EBADMSG: too short, not a segment, or its checksum is wrong. */
int segment_header_read(const uint8_t *bytes, size_t size, struct segment_header *ret_header);

/* Writes the 24-byte head of *record, checksum included. */
void segment_record_write(uint8_t ret_bytes[SEGMENT_RECORD_BYTES],
			  const struct segment_record *record);
/* Reads the record at the beginning of `bytes`. Its whole length on success; -ENODATA when `size`
 * is 0; -EAGAIN when the bytes end inside it (a torn write); -EBADMSG when they are no valid
 * record. */
long segment_record_read(const uint8_t *bytes, size_t size, struct segment_record *ret_record);
/* Looks for the next offset after 0 at which a whole valid record starts: the way past damage.
 * The offset, or `size` when there is none, or none among more false ones than chance makes. */
size_t segment_resync(const uint8_t *bytes, size_t size);

#endif
