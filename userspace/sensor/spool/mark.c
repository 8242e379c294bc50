/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/spool/mark.h"

#include "common/cursor.h"
#include "common/put.h"

#include <errno.h>

/* The first of schema 4 of telemetry.proto: what was spooled before, no collector takes. */
#define MARK_VERSION 4

void spool_mark_write(uint8_t ret_bytes[SPOOL_MARK_BYTES], const struct spool_mark *mark)
{
	uint8_t *at = ret_bytes;

	at = put_be(at, MARK_VERSION, 1);
	at = put_be(at, mark->instance, 8);
	at = put_be(at, mark->ring_position, 8);
	for (int class = 0; class < RECORD_CLASS_COUNT; class ++)
		at = put_be(at, mark->counts[class], 4);
	at = put_be(at, mark->raw_size, 4);
	put_be(at, mark->epoch_index, 1);
}

int spool_mark_read(const uint8_t *bytes, size_t size, struct spool_mark *ret_mark)
{
	struct cursor c = cursor_of(bytes, size);
	uint8_t version = cursor_u8(&c);
	struct spool_mark mark = { 0 };

	mark.instance = cursor_u64(&c);
	mark.ring_position = cursor_u64(&c);
	for (int class = 0; class < RECORD_CLASS_COUNT; class ++)
		mark.counts[class] = cursor_u32(&c);
	mark.raw_size = cursor_u32(&c);
	mark.epoch_index = cursor_u8(&c);
	if (!cursor_done(&c) || version != MARK_VERSION)
		return -EBADMSG;
	*ret_mark = mark;
	return 0;
}
