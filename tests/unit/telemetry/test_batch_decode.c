/* SPDX-License-Identifier: Apache-2.0 */
#include "common/cleanup.h"
#include "support/sample_batch.h"
#include "telemetry/batch_codec.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#undef UNIT_TESTING /* cmocka's own malloc hides overreads from ASan */
#include <cmocka.h>

static int decode(const struct sample_batch *batch, size_t size, size_t raw_size,
		  const char **ret_why)
{
	return sample_decode(batch->bytes, size, raw_size, receive_never, NULL, ret_why);
}

static void test_declared_size_must_be_right(void **state)
{
	const struct sample_batch *batch = *state;
	const char *why = "none";

	assert_int_equal(decode(batch, batch->size, batch->raw_size - 1, &why), -E2BIG);
	assert_int_equal(decode(batch, batch->size, 1, &why), -E2BIG);
	assert_int_equal(decode(batch, batch->size, BATCH_RAW_BYTES_MAX + 1, &why), -E2BIG);
	assert_int_equal(decode(batch, BATCH_RAW_BYTES_MAX + 1, batch->raw_size, &why), -E2BIG);
	assert_string_equal(why, "none");
	assert_int_equal(decode(batch, batch->size, batch->raw_size + 1, &why), -EBADMSG);
	assert_string_equal(why, "shorter than declared");
	assert_int_equal(decode(batch, batch->size, BATCH_RAW_BYTES_MAX, &why), -EBADMSG);
	assert_int_equal(decode(batch, batch->size, 0, &why), -EBADMSG);
	assert_string_equal(why, "empty");
	assert_int_equal(decode(batch, 0, batch->raw_size, NULL), -EBADMSG);
}

static void test_deflate_cut_anywhere(void **state)
{
	const struct sample_batch *batch = *state;
	const char *why = "none";

	for (size_t size = 1; size < batch->size; size++) {
		int r;

		why = "none";
		r = decode(batch, size, batch->raw_size, &why);
		/* What is missing may read like more than there should be. */
		assert_true(r == -E2BIG || r == -EBADMSG);
		assert_string_equal(why, r == -E2BIG ? "none" : "not a whole deflate stream");
	}
}

static void test_bytes_after_the_stream(void **state)
{
	const struct sample_batch *batch = *state;
	_cleanup_free_ uint8_t *longer = calloc(1, batch->size + 1);
	const char *why = "none";

	assert_non_null(longer);
	memcpy(longer, batch->bytes, batch->size);
	assert_int_equal(
		sample_decode(longer, batch->size + 1, batch->raw_size, receive_never, NULL, &why),
		-EBADMSG);
	assert_string_equal(why, "bytes after the deflate streams");
}

static bool inflates_alike(const struct sample_batch *batch)
{
	_cleanup_free_ uint8_t *raw = malloc(batch->raw_size);
	size_t taken = 0, inflated = 0;

	assert_non_null(raw);
	for (int section = 0; section < 2; section++) {
		uLongf raw_size = batch->raw_size - inflated;
		uLong size = batch->size - taken;

		if (uncompress2(raw + inflated, &raw_size, batch->bytes + taken, &size) != Z_OK)
			return false;
		inflated += raw_size;
		taken += size;
	}
	return taken == batch->size && inflated == batch->raw_size &&
	       memcmp(raw, batch->raw, inflated) == 0;
}

/* The stream's checksum catches every one but those that change no byte: the at most seven bits
 * that fill up the byte before it in each section, and a few that copy the same bytes from
 * elsewhere. */
static void test_flipped_bits_of_the_stream(void **state)
{
	struct sample_batch *batch = *state;
	size_t passed = 0;

	for (size_t bit = 0; bit < 8 * batch->size; bit++) {
		size_t count = 0;
		bool is_alike;
		int r;

		batch->bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		is_alike = inflates_alike(batch);
		r = sample_decode(batch->bytes, batch->size, batch->raw_size, receive_count, &count,
				  NULL);
		batch->bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_true(r == 0 || r == -EBADMSG || r == -E2BIG);
		assert_int_equal(r == 0, is_alike);
		assert_int_equal(count, is_alike ? RECORD_CLASS_COUNT : 0);
		passed += is_alike;
	}
	assert_in_range(passed, 0, 2 * (7 + 4));
}

static uint8_t *deflate_all(const uint8_t *raw, size_t raw_size, size_t *ret_size)
{
	uLongf size = compressBound(raw_size);
	uint8_t *bytes = malloc(size);

	assert_non_null(bytes);
	assert_int_equal(compress2(bytes, &size, raw, raw_size, 9), Z_OK);
	*ret_size = size;
	return bytes;
}

static void test_deflate_bomb(void **state)
{
	const size_t bomb_size = 64u << 20;
	_cleanup_free_ uint8_t *zeroes = calloc(1, bomb_size);
	_cleanup_free_ uint8_t *bytes = NULL;
	const char *why = "none";
	size_t size = 0;

	(void)state;
	assert_non_null(zeroes);
	bytes = deflate_all(zeroes, bomb_size, &size);
	assert_in_range(size, 1, 100000);
	assert_int_equal(sample_decode(bytes, size, BATCH_RAW_BYTES_MAX, receive_never, NULL, &why),
			 -E2BIG);
	assert_int_equal(sample_decode(bytes, size, 1000, receive_never, NULL, &why), -E2BIG);
}

static int stop_at_third(void *context, const struct batch_header *header,
			 const struct record *record)
{
	(void)header;
	(void)record;
	return ++*(size_t *)context == 3 ? -ECANCELED : 1;
}

static void test_receiver_may_stop(void **state)
{
	const struct sample_batch *batch = *state;
	const char *why = "none";
	size_t count = 0;

	assert_int_equal(sample_decode(batch->bytes, batch->size, batch->raw_size, stop_at_third,
				       &count, &why),
			 -ECANCELED);
	assert_int_equal(count, 3);
	assert_string_equal(why, "none");
}

#define WITH_BATCH(test)                                                                           \
	cmocka_unit_test_setup_teardown(test, sample_batch_set_up, sample_batch_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_BATCH(test_declared_size_must_be_right),
		WITH_BATCH(test_deflate_cut_anywhere),
		WITH_BATCH(test_bytes_after_the_stream),
		WITH_BATCH(test_flipped_bits_of_the_stream),
		cmocka_unit_test(test_deflate_bomb),
		WITH_BATCH(test_receiver_may_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
