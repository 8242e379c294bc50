/* SPDX-License-Identifier: Apache-2.0 */
#include "common/frame.h"

#include <errno.h>
#include <event2/buffer.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int make_buffer(void **state)
{
	*state = evbuffer_new();
	return *state ? 0 : -1;
}

static int free_buffer(void **state)
{
	evbuffer_free(*state);
	return 0;
}

static void assert_next(struct evbuffer *buffer, const char *want)
{
	const uint8_t *body = NULL;
	size_t size = 0;

	assert_int_equal(frame_peek(buffer, 100, &body, &size), 1);
	assert_int_equal(size, strlen(want));
	assert_memory_equal(body, want, size);
	frame_drain(buffer, size);
}

static void check_round_trip(void **state)
{
	struct evbuffer *buffer = *state;
	const uint8_t *body;
	size_t size;

	assert_int_equal(frame_append(buffer, "hello", 5), 0);
	assert_int_equal(frame_append(buffer, "", 0), 0);
	assert_int_equal(frame_append(buffer, "world", 5), 0);
	assert_memory_equal(evbuffer_pullup(buffer, 5), "\0\0\0\5h", 5);
	assert_next(buffer, "hello");
	assert_next(buffer, "");
	assert_next(buffer, "world");
	assert_int_equal(frame_peek(buffer, 100, &body, &size), 0);
	assert_int_equal(evbuffer_get_length(buffer), 0);
}

/* Each byte arrives in a chain link of its own: the frame shows only when it is whole. */
static void check_bytewise(void **state)
{
	struct evbuffer *buffer = *state;
	const char *wire = "\0\0\0\3abc";
	const uint8_t *body = NULL;
	size_t size = 77;

	for (size_t i = 0; i < 7; i++) {
		assert_int_equal(frame_peek(buffer, 3, &body, &size), 0);
		assert_null(body);
		assert_int_equal(evbuffer_add_reference(buffer, wire + i, 1, NULL, NULL), 0);
	}
	assert_next(buffer, "abc");
}

static void check_too_large(void **state)
{
	struct evbuffer *buffer = *state;
	const uint8_t *body = NULL;
	size_t size = 77;

	evbuffer_add(buffer, "\0\0\0\4", 4);
	assert_int_equal(frame_peek(buffer, 3, &body, &size), -EMSGSIZE);
	assert_int_equal(frame_peek(buffer, 4, &body, &size), 0);
	evbuffer_drain(buffer, 4);
	evbuffer_add(buffer, "\xff\xff\xff\xff", 4);
	assert_int_equal(frame_peek(buffer, 1 << 20, &body, &size), -EMSGSIZE);
	assert_null(body);
	assert_int_equal(size, 77);
}

static void check_append_refuses(void **state)
{
	assert_int_equal(frame_append(*state, "", (size_t)UINT32_MAX + 1), -EMSGSIZE);
	assert_int_equal(evbuffer_get_length(*state), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(check_round_trip, make_buffer, free_buffer),
		cmocka_unit_test_setup_teardown(check_bytewise, make_buffer, free_buffer),
		cmocka_unit_test_setup_teardown(check_too_large, make_buffer, free_buffer),
		cmocka_unit_test_setup_teardown(check_append_refuses, make_buffer, free_buffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
