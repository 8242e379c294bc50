/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/verify/content.h"

#include "support/sample_records.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#undef UNIT_TESTING /* cmocka's own malloc hides overreads from ASan */
#include <cmocka.h>

#define BATCHES 10 /* an epoch of eight, then two more */

static struct fixture {
	struct content_epoch epoch;
	struct batch_epoch *scratch;
	struct batch_bytes made[BATCHES];
	struct record records[BATCHES];
	struct content_outcome outcome;
} f;

static int set_up(void **state)
{
	struct batch_encoder *encoder = batch_encoder_new(&sample_header);

	(void)state;
	memset(&f, 0, sizeof(f));
	f.scratch = batch_epoch_new();
	for (uint32_t i = 0; i < BATCHES; i++) {
		f.records[i] = sample_marked_flow();
		f.records[i].flow.cookie = i;
		if (batch_encoder_add(encoder, &f.records[i]) < 0 ||
		    batch_encoder_finish(encoder, &f.made[i]) < 0)
			return -1;
	}
	batch_encoder_free(encoder);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	content_done(&f.epoch);
	batch_epoch_free(f.scratch);
	for (size_t i = 0; i < BATCHES; i++)
		free(f.made[i].bytes);
	return 0;
}

static struct verify_batch batch_of(uint32_t i)
{
	return (struct verify_batch){ .lane = 1,
				      .seq = 1 + i,
				      .raw_bytes = (uint32_t)f.made[i].raw_size,
				      .epoch_index = f.made[i].epoch_index,
				      .payload = f.made[i].bytes,
				      .payload_bytes = f.made[i].size };
}

static int check(uint32_t i, bool is_known)
{
	struct verify_batch batch = batch_of(i);

	return content_check(&f.epoch, f.scratch, &batch, is_known, &f.outcome);
}

/* As a reader of the log does it, who knows nothing but this entry. */
static void assert_stands_alone(uint32_t i)
{
	const struct verify_batch *whole = &f.outcome.whole;
	struct batch_epoch *epoch = batch_epoch_new();
	struct batch_input input = { .bytes = whole->payload + whole->history_bytes,
				     .size = whole->payload_bytes - whole->history_bytes,
				     .raw_size = whole->raw_bytes,
				     .seq = whole->seq,
				     .epoch_index = whole->epoch_index };

	if (whole->history_bytes > 0) {
		input.history = whole->payload;
		input.history_bytes = whole->history_bytes;
	}
	assert_goes_on(epoch, &input, &f.records[i], 1);
	batch_epoch_free(epoch);
}

static void each_is_handed_on_with_its_history(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < BATCHES; i++) {
		assert_int_equal(check(i, false), 0);
		assert_true((f.outcome.whole.history_bytes > 0) == (i % 8 > 0));
		assert_stands_alone(i);
	}
}

static void repeats_bring_their_tables(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(check(i, true), 0);
	assert_int_equal(check(4, false), 0);
	assert_stands_alone(4);
}

static void the_middle_alone_is_stale(void **state)
{
	(void)state;
	assert_int_equal(check(3, false), -ESTALE);
	assert_string_equal(f.outcome.why, "the beginning of its epoch was not sent");
	assert_int_equal(check(0, false), 0);
	assert_int_equal(check(2, false), -ESTALE);
	assert_int_equal(check(9, false), -ESTALE);
	assert_int_equal(check(8, false), 0);
	assert_int_equal(check(9, false), 0);
}

static void what_does_not_decode_is_refused(void **state)
{
	struct verify_batch batch = batch_of(0);

	(void)state;
	batch.payload_bytes--;
	assert_int_equal(content_check(&f.epoch, f.scratch, &batch, false, &f.outcome), -EBADMSG);
	assert_non_null(f.outcome.why);
	batch = batch_of(0);
	batch.raw_bytes--;
	assert_int_equal(content_check(&f.epoch, f.scratch, &batch, false, &f.outcome), -EBADMSG);
	assert_string_equal(f.outcome.why, "longer than it declares");
	batch = batch_of(1);
	batch.epoch_index = 0; /* it is not */
	assert_int_equal(content_check(&f.epoch, f.scratch, &batch, false, &f.outcome), -EBADMSG);
	assert_int_equal(check(0, false), 0);
}

static void history_is_bounded(void **state)
{
	(void)state;
	assert_int_equal(check(0, false), 0);
	f.epoch.size = BATCH_HISTORY_BYTES_MAX + 1;
	assert_int_equal(check(1, false), -EBADMSG);
	assert_string_equal(f.outcome.why, "an epoch of too large tables");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_is_handed_on_with_its_history),
		TEST(repeats_bring_their_tables),
		TEST(the_middle_alone_is_stale),
		TEST(what_does_not_decode_is_refused),
		TEST(history_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
