/* SPDX-License-Identifier: Apache-2.0 */
#include "telemetry/batch_unpack.h"

#include "common/cleanup.h"
#include "support/sample_batch.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#undef UNIT_TESTING /* cmocka's own malloc hides overreads from ASan */
#include <cmocka.h>

/* Fills `bytes` with repetitions of `pattern` and gives how much of it they cover. */
static size_t repeat(uint8_t *bytes, size_t size, const char *pattern, size_t length)
{
	size_t at = 0;

	for (; at + length <= size; at += length)
		memcpy(bytes + at, pattern, length);
	return at;
}

/* One sub-message of 4 MiB whose elements come one by one, each of which costs the unpacker much
 * more than its two bytes. */
static void test_unpacking_bomb(void **state)
{
	static const uint8_t head[] = { 0x08, 0x01, 0x2a, 0xf0, 0xff, 0xff, 0x01 };
	_cleanup_free_ uint8_t *raw = malloc(BATCH_RAW_BYTES_MAX);
	size_t body = 0x3ffff0;
	Yagura__Telemetry__Batch *batch = NULL;
	const char *why = "none";

	(void)state;
	assert_non_null(raw);
	memcpy(raw, head, sizeof(head));
	assert_int_equal(repeat(raw + sizeof(head), body, "\x08\x01", 2), body);
	assert_int_equal(batch_unpack(raw, sizeof(head) + body, &batch, &why), -EBADMSG);
	assert_null(batch);
	assert_string_equal(why, "unpacks to too much");
}

/* Merging these one by one would take minutes. */
static void test_merging_bomb(void **state)
{
	_cleanup_free_ uint8_t *raw = malloc(BATCH_RAW_BYTES_MAX);
	Yagura__Telemetry__Batch *batch = NULL;
	const char *why = "none";
	size_t size;

	(void)state;
	assert_non_null(raw);
	size = repeat(raw, BATCH_RAW_BYTES_MAX, "\x2a\x03\x0a\x01\x01", 5);
	assert_int_equal(batch_unpack(raw, size, &batch, &why), -EBADMSG);
	assert_null(batch);
	assert_string_equal(why, "a singular field comes twice");
}

static void test_good_batch(void **state)
{
	const struct sample_batch *sample = *state;
	Yagura__Telemetry__Batch *batch = NULL;
	const char *why = "none";

	assert_int_equal(batch_unpack(sample->raw, sample->raw_size, &batch, &why), 0);
	assert_string_equal(why, "none");
	assert_int_equal(batch->flows->n_cookie, 1);
	batch_unpacked_free(batch);
	batch_unpacked_free(NULL);
}

/* Every outer field is whole, so batch_scan has nothing to say; inside a column it is not. */
static void test_what_only_the_unpacker_sees(void **state)
{
	static const uint8_t raw[] = { 0x08, 0x01, 0x2a, 0x03, 0x0a, 0x01, 0x80 };
	Yagura__Telemetry__Batch *batch = NULL;
	const char *why = "none";

	(void)state;
	assert_int_equal(batch_unpack(raw, sizeof(raw), &batch, &why), -EBADMSG);
	assert_null(batch);
	assert_string_equal(why, "not a protobuf message");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_good_batch, sample_batch_set_up,
						sample_batch_tear_down),
		cmocka_unit_test(test_what_only_the_unpacker_sees),
		cmocka_unit_test(test_unpacking_bomb),
		cmocka_unit_test(test_merging_bomb),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
