/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/sinks/lines.h"

#include "common/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const uint8_t sensor_a[16] = { 0xaa, 0xaa, 0xaa, 0xaa };
static const uint8_t sensor_b[16] = { 0xbb, 0xbb, 0xbb, 0xbb };

struct fixture {
	int reader; /* of the pipe the lines go to; never blocks */
	FILE *writer;
	void *lines;
};

static int set_up(void **state)
{
	static struct fixture f;
	struct sink_options options = { 0 };
	char error[SINK_ERROR_BYTES];
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) != 0)
		return -1;
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	f.reader = ends[0];
	f.writer = fdopen(ends[1], "w");
	options.lines = f.writer;
	*state = &f;
	return lines_sink.open(&options, &f.lines, error);
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	lines_sink.close(f->lines);
	fclose(f->writer);
	close(f->reader);
	return 0;
}

static void write_gap(struct fixture *f, const uint8_t sensor[16])
{
	struct record record = {
		.class = RECORD_GAP,
		.gap = { .class = RECORD_EXEC, .reason = GAP_RING_FULL, .count = 12 }
	};
	struct sink_item item = { .sensor = sensor, .record = &record };

	assert_int_equal(lines_sink.write(f->lines, &item), 0);
}

static void expect(struct fixture *f, const char *want)
{
	char found[1024];
	ssize_t length = read(f->reader, found, sizeof(found) - 1);

	found[length < 0 ? 0 : length] = '\0';
	assert_string_equal(found, want);
}

#define LINE "00:00:00.000 gap    12 exec records missing: ring_full\n"

static void shown_only_when_flushed(void **state)
{
	struct fixture *f = *state;

	write_gap(f, sensor_a);
	write_gap(f, sensor_a);
	expect(f, "");
	assert_int_equal(lines_sink.flush(f->lines, &(struct sink_place){ 0 }), 0);
	expect(f, LINE LINE);
	assert_int_equal(lines_sink.flush(f->lines, &(struct sink_place){ 0 }), 0);
	expect(f, "");
}

static void write_at(struct fixture *f, const struct record *record)
{
	struct sink_item item = { .sensor = sensor_a, .record = record };

	assert_int_equal(lines_sink.write(f->lines, &item), 0);
}

/* A batch brings all execs, then all exits; whoever looks on sees what happened first first. */
static void one_commit_is_shown_in_order(void **state)
{
	struct record first = { .class = RECORD_EXEC, .exec = { .time_ns = 1000 * NS_PER_MS } };
	struct record second = { .class = RECORD_EXEC, .exec = { .time_ns = 3000 * NS_PER_MS } };
	struct record end = { .class = RECORD_EXIT, .exit = { .time_ns = 2000 * NS_PER_MS } };
	struct record same = { .class = RECORD_EXIT, .exit = { .time_ns = 3000 * NS_PER_MS } };
	struct fixture *f = *state;
	char found[1024] = "";
	char *at;

	write_at(f, &second);
	write_at(f, &first);
	write_at(f, &same);
	write_at(f, &end);
	assert_int_equal(lines_sink.flush(f->lines, &(struct sink_place){ 0 }), 0);
	assert_true(read(f->reader, found, sizeof(found) - 1) > 0);
	assert_ptr_equal(strstr(found, "00:00:01.000 exec"), found);
	at = strstr(found, "00:00:02.000 exit");
	assert_non_null(at);
	at = strstr(at, "00:00:03.000 exec");
	assert_non_null(at);
	assert_non_null(strstr(at, "00:00:03.000 exit"));
}

static void discarded_is_not_shown(void **state)
{
	struct fixture *f = *state;

	write_gap(f, sensor_a);
	lines_sink.discard(f->lines);
	assert_int_equal(lines_sink.flush(f->lines, &(struct sink_place){ 0 }), 0);
	expect(f, "");
}

static void several_sensors_are_told_apart(void **state)
{
	struct fixture *f = *state;

	write_gap(f, sensor_a);
	write_gap(f, sensor_b);
	write_gap(f, sensor_a);
	lines_sink.flush(f->lines, &(struct sink_place){ 0 });
	expect(f, LINE "bbbbbbbb " LINE "aaaaaaaa " LINE);
}

/* Nobody reads: the pipe fills, flushing goes on at once, and what comes later is shown again. */
static void stuck_reader_stops_nothing(void **state)
{
	struct fixture *f = *state;
	uint64_t start_ns = clock_read_ns(CLOCK_MONOTONIC);
	char byte;

	for (int i = 0; i < 10000; i++)
		write_gap(f, sensor_a);
	for (int i = 0; i < 100; i++) {
		lines_sink.flush(f->lines, &(struct sink_place){ 0 });
		write_gap(f, sensor_a);
	}
	assert_true(clock_read_ns(CLOCK_MONOTONIC) - start_ns < 2 * NS_PER_S);
	lines_sink.discard(f->lines);
	while (read(f->reader, &byte, 1) == 1)
		;
	write_gap(f, sensor_a);
	lines_sink.flush(f->lines, &(struct sink_place){ 0 });
	expect(f, LINE);
}

static void only_on_request(void **state)
{
	struct sink_options options = { 0 };
	char error[SINK_ERROR_BYTES];
	void *lines = NULL;

	(void)state;
	assert_int_equal(lines_sink.open(&options, &lines, error), -ECANCELED);
	assert_null(lines);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(shown_only_when_flushed),	      TEST(one_commit_is_shown_in_order),
		TEST(shown_only_when_flushed),	      TEST(discarded_is_not_shown),
		TEST(several_sensors_are_told_apart), TEST(stuck_reader_stops_nothing),
		cmocka_unit_test(only_on_request),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
