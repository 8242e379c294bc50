/* SPDX-License-Identifier: Apache-2.0 */
/* Batches that build on each other: what a receiver can read, and what it is told of the rest. */
#include "telemetry/batch_codec.h"

#include "support/sample_records.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#undef UNIT_TESTING /* cmocka's own malloc hides overreads from ASan */
#include <cmocka.h>

#define BATCHES 20 /* two whole epochs and a half */
#define FIRST_SEQ 100

static struct fixture {
	struct batch_encoder *encoder;
	struct batch_epoch *epoch;
	struct batch_bytes made[BATCHES];
	struct record records[BATCHES];
} f;

/* Flows that have all in common with the ones before but their cookie, and every third time a
 * peer. */
static int set_up(void **state)
{
	(void)state;
	f.encoder = batch_encoder_new(&sample_header);
	f.epoch = batch_epoch_new();
	for (uint32_t i = 0; i < BATCHES; i++) {
		f.records[i] = sample_marked_flow();
		f.records[i].flow.cookie = i;
		f.records[i].flow.destination.addr[15] = (uint8_t)(i / 3);
		if (batch_encoder_add(f.encoder, &f.records[i]) < 0 ||
		    batch_encoder_finish(f.encoder, &f.made[i]) < 0)
			return -1;
	}
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	for (size_t i = 0; i < BATCHES; i++)
		free(f.made[i].bytes);
	batch_encoder_free(f.encoder);
	batch_epoch_free(f.epoch);
	return 0;
}

static struct batch_input input_of(uint32_t i)
{
	return (struct batch_input){ .bytes = f.made[i].bytes,
				     .size = f.made[i].size,
				     .raw_size = f.made[i].raw_size,
				     .seq = FIRST_SEQ + i,
				     .epoch_index = f.made[i].epoch_index };
}

static void assert_read(uint32_t i)
{
	struct batch_input input = input_of(i);

	assert_goes_on(f.epoch, &input, &f.records[i], 1);
}

static int never(void *context, const struct batch_header *header, const struct record *record)
{
	(void)context;
	(void)header;
	(void)record;
	fail_msg("a record of a batch that cannot be read");
	return 0;
}

static void assert_stale(const struct batch_input *input)
{
	const char *why = NULL;

	assert_int_equal(batch_decode(f.epoch, input, never, NULL, &why), -ESTALE);
	assert_string_equal(why, "the beginning of its epoch was not seen");
	assert_int_equal(batch_epoch_bytes(f.epoch), 0);
}

static void epochs_come_back_whole(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < BATCHES; i++) {
		assert_int_equal(f.made[i].epoch_index, i % BATCH_EPOCH_BATCHES_MAX);
		assert_read(i);
	}
	assert_true(f.made[1].size < f.made[0].size / 2); /* what is shared is told once */
}

static void the_middle_alone_is_stale(void **state)
{
	struct batch_input input = input_of(1);

	(void)state;
	assert_stale(&input);
	assert_read(0);
	input = input_of(2); /* 1 is missing */
	assert_stale(&input);
	input = input_of(1); /* and now there is nothing to go on from */
	assert_stale(&input);
	assert_read(8); /* the next epoch begins */
	assert_read(9);
}

/* Two epochs look alike at the same place; the numbers tell them apart. */
static void another_epochs_tables_do_not_do(void **state)
{
	struct batch_input input = input_of(9);

	(void)state;
	assert_read(0);
	assert_stale(&input);
	assert_read(0);
	input = input_of(1);
	input.seq++;
	assert_stale(&input);
}

static void the_same_batch_twice_is_stale(void **state)
{
	struct batch_input input = input_of(1);

	(void)state;
	assert_read(0);
	assert_read(1);
	assert_stale(&input);
}

static void tables_alone_are_enough_to_go_on(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 5; i++) {
		struct batch_input input = input_of(i);

		assert_int_equal(batch_take_tables(f.epoch, &input, NULL), 0);
		assert_in_range(batch_epoch_section_bytes(f.epoch), 1, f.made[i].size - 1);
	}
	assert_read(5);
}

static void declared_place_must_be_right(void **state)
{
	struct batch_input input = input_of(1);
	const char *why = NULL;

	(void)state;
	assert_read(0);
	input.epoch_index = 0;
	assert_int_equal(batch_decode(f.epoch, &input, never, NULL, &why), -EBADMSG);
	assert_string_equal(why, "another place in its epoch than declared");
}

/* What a log keeps before a batch, so that it can be read by itself. */
static size_t make_history(uint32_t count, uint8_t *ret_history)
{
	size_t size = 0;

	for (uint32_t i = 0; i < count; i++) {
		struct batch_input input = input_of(i);
		size_t section;

		assert_int_equal(batch_take_tables(f.epoch, &input, NULL), 0);
		section = batch_epoch_section_bytes(f.epoch);
		memcpy(ret_history + size, f.made[i].bytes, section);
		size += section;
	}
	return size;
}

static void with_its_history_it_stands_alone(void **state)
{
	uint8_t history[4096];
	struct batch_input input = input_of(5);
	const char *why = NULL;

	(void)state;
	input.history = history;
	input.history_bytes = make_history(5, history);
	assert_read(8); /* something else in between */
	assert_goes_on(f.epoch, &input, &f.records[5], 1);
	input.history_bytes--;
	assert_int_equal(batch_decode(f.epoch, &input, never, NULL, &why), -EBADMSG);
	input.history_bytes = make_history(6, history); /* its own tables, too */
	assert_int_equal(batch_decode(f.epoch, &input, never, NULL, &why), -EBADMSG);
	assert_string_equal(why, "bytes after its history");
}

static void an_epoch_can_be_begun_between_batches(void **state)
{
	struct record record = sample_flow();
	struct batch_bytes made;

	(void)state;
	assert_int_equal(batch_encoder_epoch_index(f.encoder), BATCHES % 8);
	batch_encoder_begin_epoch(f.encoder);
	assert_int_equal(batch_encoder_epoch_index(f.encoder), 0);
	assert_int_equal(batch_encoder_add(f.encoder, &record), 0);
	assert_int_equal(batch_encoder_finish(f.encoder, &made), 0);
	free(made.bytes);
	assert_int_equal(batch_encoder_add(f.encoder, &record), 0);
	batch_encoder_begin_epoch(f.encoder); /* its references are given out already */
	assert_int_equal(batch_encoder_epoch_index(f.encoder), 1);
}

/* However much is told, what comes before a batch in its epoch stays within bounds. */
static void large_tables_end_an_epoch(void **state)
{
	static char args[BATCH_TEXT_BYTES_MAX];
	struct record exec = sample_exec();
	size_t history = 0;
	uint32_t seed = 1, epochs = 0;

	(void)state;
	exec.exec.process.args = (struct text){ args, sizeof(args) };
	for (int i = 0; i < 30; i++) {
		struct batch_bytes made;

		for (size_t j = 0; j < sizeof(args); j++)
			args[j] = (char)((seed = seed * 1664525u + 1013904223u) >> 24);
		assert_int_equal(batch_encoder_add(f.encoder, &exec), 0);
		assert_int_equal(batch_encoder_finish(f.encoder, &made), 0);
		free(made.bytes);
		history = made.epoch_index == 0 ? 0 : history;
		assert_in_range(history, 0, BATCH_HISTORY_BYTES_MAX);
		history += made.size;
		epochs += made.epoch_index == 0;
	}
	assert_in_range(epochs, 30 / 5 - 1, 30 / 4 + 1); /* 64 KiB each */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(epochs_come_back_whole),		TEST(the_middle_alone_is_stale),
		TEST(another_epochs_tables_do_not_do),	TEST(the_same_batch_twice_is_stale),
		TEST(tables_alone_are_enough_to_go_on), TEST(declared_place_must_be_right),
		TEST(with_its_history_it_stands_alone), TEST(an_epoch_can_be_begun_between_batches),
		TEST(large_tables_end_an_epoch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
