/* SPDX-License-Identifier: Apache-2.0 */
/* Records shown to a conversation, without its socket. */
#include "sensor/control/watch.h"

#include "common/frame.h"
#include "sensor/control/dispatch.h"

#include "proto/control.pb-c.h"

#include <errno.h>
#include <event2/buffer.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const struct batch_header header = { .boot_id = { 1, 2, 3, 4 } };
static const uint8_t sensor[16] = { 0xab };
static const struct record record = {
	.class = RECORD_GAP,
	.gap = { .class = RECORD_FLOW, .reason = GAP_RING_FULL, .count = 7 },
};

static struct evbuffer *output;
static struct watch_row row;

static int set_up(void **state)
{
	(void)state;
	output = evbuffer_new();
	row = (struct watch_row){ 0 };
	return output ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	watch_row_done(&row);
	evbuffer_free(output);
	return 0;
}

static int show(struct watch *watch)
{
	return watch_show(watch, &row, &header, &record, sensor, output);
}

static Yagura__Control__Reply *next_reply(void)
{
	Yagura__Control__Reply *reply;
	const uint8_t *body;
	size_t size;

	assert_int_equal(frame_peek(output, DISPATCH_REPLY_BYTES_MAX, &body, &size), 1);
	reply = yagura__control__reply__unpack(NULL, size, body);
	assert_non_null(reply);
	frame_drain(output, size);
	return reply;
}

static void expect_row(void)
{
	Yagura__Control__Reply *reply = next_reply();

	assert_int_equal(reply->body_case, YAGURA__CONTROL__REPLY__BODY_ROW);
	assert_non_null(strstr(reply->row->json, "\"event\":{\"action\":\"gap\"}"));
	assert_null(strchr(reply->row->json, '\n'));
	assert_non_null(strstr(reply->row->line, "7 flow records missing: ring_full"));
	yagura__control__reply__free_unpacked(reply, NULL);
}

static void expect_done(uint32_t error, const char *text)
{
	Yagura__Control__Reply *reply = next_reply();

	assert_int_equal(reply->body_case, YAGURA__CONTROL__REPLY__BODY_DONE);
	assert_int_equal(reply->done->error, error);
	assert_non_null(strstr(reply->done->text, text));
	yagura__control__reply__free_unpacked(reply, NULL);
}

static void a_record_is_a_row_for_each_who_watches(void **state)
{
	struct watch one = { .is_on = true }, other = { .is_on = true };

	(void)state;
	assert_int_equal(show(&one), 0);
	assert_int_equal(show(&other), 0);
	expect_row();
	expect_row();
	assert_int_equal(evbuffer_get_length(output), 0);
}

static void what_is_filtered_makes_no_row(void **state)
{
	struct watch watch = { .is_on = true, .filter.classes = 1u << RECORD_FLOW };

	(void)state;
	assert_int_equal(show(&watch), 0);
	assert_int_equal(evbuffer_get_length(output), 0);
	assert_false(row.is_made);
	assert_true(watch.is_on);
}

static void the_limit_ends_it(void **state)
{
	struct watch watch = { .is_on = true, .left = 2 };

	(void)state;
	assert_int_equal(show(&watch), 0);
	assert_true(watch.is_on);
	assert_int_equal(show(&watch), 1);
	assert_false(watch.is_on);
	expect_row();
	expect_row();
	expect_done(DISPATCH_OK, "");
}

static void who_does_not_read_is_told_and_cut(void **state)
{
	struct watch watch = { .is_on = true };
	size_t rows = 0;

	(void)state;
	for (; show(&watch) == 0; rows++)
		assert_in_range(evbuffer_get_length(output), 1, 2 * WATCH_BACKLOG_BYTES_MAX);
	assert_false(watch.is_on);
	for (; rows > 0; rows--)
		expect_row();
	expect_done(DISPATCH_TOO_SLOW, "faster than this client reads");
	assert_int_equal(evbuffer_get_length(output), 0);
}

#define WATCH_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WATCH_TEST(a_record_is_a_row_for_each_who_watches),
		WATCH_TEST(what_is_filtered_makes_no_row),
		WATCH_TEST(the_limit_ends_it),
		WATCH_TEST(who_does_not_read_is_told_and_cut),
	};

	return cmocka_run_group_tests_name("watch", tests, NULL, NULL);
}
