/* SPDX-License-Identifier: Apache-2.0 */
#include "telemetry/batch_raw.h"

#include "common/cleanup.h"
#include "support/sample_batch.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#undef UNIT_TESTING /* cmocka's own malloc hides overreads from ASan */
#include <cmocka.h>

static int expect_unknown(void *context, const struct batch_header *header,
			  const struct record *record)
{
	(void)header;
	++*(size_t *)context;
	if (record->class == RECORD_FLOW) {
		assert_int_equal(record->flow.direction, DIRECTION_UNKNOWN);
		assert_string_equal(record_flow_state_name(record->flow.state), "unknown");
		assert_int_equal(record->flow.owner_quality, QUALITY_UNKNOWN);
		assert_int_equal(record->flow.ending, FLOW_ENDING_UNKNOWN);
	} else if (record->class == RECORD_GAP) {
		assert_int_equal(record->gap.reason, GAP_UNKNOWN);
	}
	return 0;
}

static void test_later_enum_values_become_unknown(void **state)
{
	_cleanup_free_ uint8_t *raw = NULL;
	Yagura__Telemetry__Batch *message = sample_batch_unpack(*state);
	const char *why = "none";
	size_t count = 0;
	size_t size = 0;

	message->flow_classes->direction[0] = 3;
	message->flow_classes->state[0] = FLOW_REFUSED + 1;
	message->flow_classes->ending[0] = FLOW_ENDING_CLOSED + 1;
	message->flow_classes->owner_quality[0] = UINT32_MAX;
	message->gaps->reason[0] = GAP_REASON_COUNT;
	raw = sample_batch_pack(message, &size);
	yagura__telemetry__batch__free_unpacked(message, NULL);
	assert_int_equal(sample_decode_raw(raw, size, expect_unknown, &count, &why), 0);
	assert_int_equal(count, RECORD_CLASS_COUNT);
}

/* Without the checksum some pass, as other values; none may crash or give other than it says. */
static void test_flipped_bits_of_the_message(void **state)
{
	struct sample_batch *batch = *state;
	size_t passed = 0;

	for (size_t bit = 0; bit < 8 * batch->raw_size; bit++) {
		const char *why = NULL;
		size_t count = 0;
		int r;

		batch->raw[bit / 8] ^= (uint8_t)(1 << bit % 8);
		r = sample_decode_raw(batch->raw, batch->raw_size, receive_count, &count, &why);
		batch->raw[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_true(r == 0 || r == -EBADMSG);
		assert_true((r == 0) == (why == NULL));
		assert_true(r == 0 || count == 0);
		passed += r == 0;
	}
	assert_in_range(passed, 1, 8 * batch->raw_size - 1);
}

static void test_message_cut_anywhere(void **state)
{
	const struct sample_batch *batch = *state;

	for (size_t size = 0; size < batch->raw_size; size++) {
		_cleanup_free_ uint8_t *exact = malloc(size ? size : 1);
		const char *why = NULL;
		size_t count = 0;
		int r;

		assert_non_null(exact);
		memcpy(exact, batch->raw, size);
		r = sample_decode_raw(exact, size, receive_count, &count, &why);
		assert_true(r == 0 || r == -EBADMSG);
		/* Cut between two fields it may still be a batch, with less in it. */
		assert_in_range(count, 0, r == 0 ? RECORD_CLASS_COUNT - 1 : 0);
	}
}

static void fill_column(uint32_t **ret_values, size_t *ret_count, size_t count)
{
	*ret_values = calloc(count, sizeof(**ret_values));
	assert_non_null(*ret_values);
	*ret_count = count;
}

static void test_too_many_rows(void **state)
{
	const size_t count = 262145;
	_cleanup_free_ uint8_t *raw = NULL;
	Yagura__Telemetry__Batch *message = sample_batch_unpack(*state);
	Yagura__Telemetry__Exits *exits = message->exits;
	const char *why = "none";
	size_t size = 0;

	free(exits->time_ms);
	free(exits->process);
	free(exits->status);
	free(exits->run_us);
	exits->run_us = NULL; /* left out */
	exits->n_run_us = 0;
	exits->time_ms = calloc(count, sizeof(*exits->time_ms));
	exits->status = calloc(count, sizeof(*exits->status));
	exits->n_time_ms = exits->n_status = count;
	fill_column(&exits->process, &exits->n_process, count);
	raw = sample_batch_pack(message, &size);
	yagura__telemetry__batch__free_unpacked(message, NULL);
	assert_int_equal(sample_decode_raw(raw, size, receive_never, NULL, &why), -EBADMSG);
	assert_string_equal(why, "too many rows");
}

static void test_unknown_fields_are_ignored(void **state)
{
	static const char unknown[] = "\xf8\x06\x01\xfa\x06\x03xyz\xf9\x06qwertyui\xfd\x06____";
	const struct sample_batch *batch = *state;
	_cleanup_free_ uint8_t *raw = malloc(batch->raw_size + sizeof(unknown) - 1);
	const char *why = "none";
	size_t count = 0;

	assert_non_null(raw);
	memcpy(raw, unknown, sizeof(unknown) - 1);
	memcpy(raw + sizeof(unknown) - 1, batch->raw, batch->raw_size);
	assert_int_equal(sample_decode_raw(raw, batch->raw_size + sizeof(unknown) - 1,
					   receive_count, &count, &why),
			 0);
	assert_int_equal(count, RECORD_CLASS_COUNT);
}

static void test_header_alone_is_a_batch(void **state)
{
	Yagura__Telemetry__Batch message = YAGURA__TELEMETRY__BATCH__INIT;
	_cleanup_free_ uint8_t *raw = NULL;
	uint8_t boot_id[16] = { 0 };
	const char *why = "none";
	size_t size = 0;

	(void)state;
	message.schema = BATCH_SCHEMA;
	message.boot_id = (ProtobufCBinaryData){ sizeof(boot_id), boot_id };
	raw = sample_batch_pack(&message, &size);
	assert_int_equal(sample_decode_raw(raw, size, receive_never, NULL, &why), 0);
}

#define WITH_BATCH(test)                                                                           \
	cmocka_unit_test_setup_teardown(test, sample_batch_set_up, sample_batch_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_BATCH(test_later_enum_values_become_unknown),
		WITH_BATCH(test_flipped_bits_of_the_message),
		WITH_BATCH(test_message_cut_anywhere),
		WITH_BATCH(test_too_many_rows),
		WITH_BATCH(test_unknown_fields_are_ignored),
		cmocka_unit_test(test_header_alone_is_a_batch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
