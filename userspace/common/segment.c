/* SPDX-License-Identifier: Apache-2.0 */
#include "common/segment.h"

#include "common/crc32c.h"
#include "common/cursor.h"
#include "common/put.h"

#include <errno.h>
#include <string.h>

#define HEADER_MAGIC 0x5941475345473031ull /* "YAGSEG01" */
#define HEADER_CHECKED_BYTES (SEGMENT_HEADER_BYTES - 4)
#define HEADER_ZERO_BYTES 11
#define RECORD_MAGIC 0x5952
#define RECORD_CHECKED_BYTES (SEGMENT_RECORD_BYTES - 4)

void segment_header_write(uint8_t ret_bytes[SEGMENT_HEADER_BYTES],
			  const struct segment_header *header)
{
	uint8_t *at = put_be(ret_bytes, HEADER_MAGIC, 8);

	memcpy(at, header->sensor, sizeof(header->sensor));
	at += sizeof(header->sensor);
	at = put_be(at, header->generation, 8);
	at = put_be(at, header->first_seq, 8);
	at = put_be(at, header->created_ms, 8);
	at = put_be(at, header->lane, 1);
	memset(at, 0, HEADER_ZERO_BYTES);
	put_be(at + HEADER_ZERO_BYTES, crc32c(0, ret_bytes, HEADER_CHECKED_BYTES), 4);
}

int segment_header_read(const uint8_t *bytes, size_t size, struct segment_header *ret_header)
{
	struct cursor c = cursor_of(bytes, size);
	struct segment_header header = { 0 };
	bool is_segment = cursor_u64(&c) == HEADER_MAGIC;

	cursor_copy(&c, header.sensor, sizeof(header.sensor));
	header.generation = cursor_u64(&c);
	header.first_seq = cursor_u64(&c);
	header.created_ms = cursor_u64(&c);
	header.lane = cursor_u8(&c);
	cursor_take(&c, HEADER_ZERO_BYTES);
	uint32_t crc = cursor_u32(&c);

	if (!cursor_ok(&c) || !is_segment || crc != crc32c(0, bytes, HEADER_CHECKED_BYTES))
		return -EBADMSG;
	*ret_header = header;
	return 0;
}

static uint32_t record_crc(const uint8_t *head, const struct segment_record *record)
{
	uint32_t crc = crc32c(0, head, RECORD_CHECKED_BYTES);

	crc = crc32c(crc, record->aux, record->aux_size);
	return crc32c(crc, record->payload, record->payload_size);
}

void segment_record_write(uint8_t ret_bytes[SEGMENT_RECORD_BYTES],
			  const struct segment_record *record)
{
	uint8_t *at = put_be(ret_bytes, RECORD_MAGIC, 2);

	at = put_be(at, record->type, 1);
	at = put_be(at, 0, 1);
	at = put_be(at, record->aux_size, 2);
	at = put_be(at, 0, 2);
	at = put_be(at, record->payload_size, 4);
	at = put_be(at, record->seq, 8);
	put_be(at, record_crc(ret_bytes, record), 4);
}

/* Everything of a head that can be judged without the bytes behind it. */
static int read_head(struct cursor *c, struct segment_record *ret_record, uint32_t *ret_crc)
{
	bool is_record = cursor_u16(c) == RECORD_MAGIC;

	ret_record->type = cursor_u8(c);
	is_record &= cursor_u8(c) == 0;
	ret_record->aux_size = cursor_u16(c);
	is_record &= cursor_u16(c) == 0;
	ret_record->payload_size = cursor_u32(c);
	ret_record->seq = cursor_u64(c);
	*ret_crc = cursor_u32(c);
	if (!cursor_ok(c))
		return -EAGAIN;
	if (!is_record || ret_record->aux_size > SEGMENT_AUX_BYTES_MAX ||
	    ret_record->payload_size > SEGMENT_PAYLOAD_BYTES_MAX)
		return -EBADMSG;
	return 0;
}

long segment_record_read(const uint8_t *bytes, size_t size, struct segment_record *ret_record)
{
	struct cursor c = cursor_of(bytes, size);
	struct segment_record record = { 0 };
	uint32_t crc;
	int r;

	if (size == 0)
		return -ENODATA;
	r = read_head(&c, &record, &crc);
	if (r < 0)
		return r;
	record.aux = cursor_take(&c, record.aux_size).at;
	record.payload = cursor_take(&c, record.payload_size).at;
	if (!cursor_ok(&c))
		return -EAGAIN;
	if (crc != record_crc(bytes, &record))
		return -EBADMSG;
	*ret_record = record;
	return (long)(size - c.left);
}

/* What the checksums of resync candidates may add up to, in sizes of the scanned stretch. Chance
 * needs next to nothing of it; bytes made to look like a record at each offset would otherwise cost
 * their size squared. */
#define RESYNC_EFFORT 8

size_t segment_resync(const uint8_t *bytes, size_t size)
{
	uint64_t effort = (uint64_t)size * RESYNC_EFFORT;
	struct segment_record record;
	uint32_t crc;

	for (size_t at = 1; at < size; at++) {
		struct cursor c = cursor_of(bytes + at, size - at);

		if (read_head(&c, &record, &crc) < 0)
			continue;
		uint64_t body = (uint64_t)record.aux_size + record.payload_size;

		if (body > c.left)
			continue;
		if (segment_record_read(bytes + at, size - at, &record) > 0)
			return at;
		if (body + SEGMENT_RECORD_BYTES > effort)
			break;
		effort -= body + SEGMENT_RECORD_BYTES;
	}
	return size;
}
