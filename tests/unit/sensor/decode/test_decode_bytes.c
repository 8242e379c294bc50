/* SPDX-License-Identifier: Apache-2.0 */
/* What a piece of first bytes may say, and what not. */
#include "sensor/decode/decode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include "support/event_build.h"

static struct event_bytes piece(void)
{
	return (struct event_bytes){
		.header = build_header(EVENT_BYTES, sizeof(struct event_bytes), 5),
		.cookie = 9,
		.slot = 7,
		.generation = 1,
		.bytes = 100,
		.offset = 20,
		.total_bytes = 120,
		.protocol = 1,
		.side = 1,
	};
}

static struct event_bytes cut(void)
{
	return (struct event_bytes){
		.header = build_header(EVENT_BYTES, sizeof(struct event_bytes), 5),
		.cookie = 9,
		.cut = 1,
	};
}

static int decode(const struct event_bytes *event)
{
	struct decoded_event decoded;

	return decode_event((const uint8_t *)event, sizeof(*event), &decoded);
}

static void good_ones_decode(void **state)
{
	struct event_bytes event = piece();

	(void)state;
	assert_int_equal(decode(&event), 0);
	event.total_bytes = 0;
	event.flags = BYTES_STAY;
	assert_int_equal(decode(&event), 0);
	event = cut();
	assert_int_equal(decode(&event), 0);
}

#define REFUSED(make, member, value)                                                               \
	{                                                                                          \
		struct event_bytes event = make();                                                 \
		event.member = value;                                                              \
		assert_int_equal(decode(&event), -EBADMSG);                                        \
	}

static void each_field_is_checked(void **state)
{
	(void)state;
	REFUSED(piece, slot, 0)
	REFUSED(piece, bytes, 0)
	REFUSED(piece, bytes, 2017)
	REFUSED(piece, slot_at, 1917)
	REFUSED(piece, total_bytes, 119)
	REFUSED(piece, offset, 16385)
	REFUSED(piece, offset, UINT32_MAX)
	REFUSED(piece, start, UINT32_MAX)
	REFUSED(piece, protocol, 0)
	REFUSED(piece, protocol, 8)
	REFUSED(piece, side, 2)
	REFUSED(piece, flags, 2)
	REFUSED(piece, cut, 1)
	REFUSED(cut, cut, 7)
	REFUSED(cut, cut, 0)
	REFUSED(cut, slot, 1)
	REFUSED(cut, generation, 1)
	REFUSED(cut, slot_at, 1)
	REFUSED(cut, bytes, 1)
	REFUSED(cut, flags, BYTES_STAY)
	REFUSED(cut, protocol, 8)
	REFUSED(cut, side, 2)
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_ones_decode),
		cmocka_unit_test(each_field_is_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
