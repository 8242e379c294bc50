/* SPDX-License-Identifier: Apache-2.0 */
/* What first bytes say, through a batch and back. */
#include "telemetry/batch_codec.h"

#include "common/cleanup.h"
#include "support/full_records.h"
#include "support/sample_batch.h"
#include "support/sample_records.h"
#include "telemetry/batch_raw.h"
#include "telemetry/batch_rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#undef UNIT_TESTING /* cmocka's own malloc hides overreads from ASan */
#include <cmocka.h>

static int set_up(void **state)
{
	*state = batch_encoder_new(&sample_header);
	return *state ? 0 : -1;
}

static int tear_down(void **state)
{
	batch_encoder_free(*state);
	return 0;
}

static void finish(struct batch_encoder *encoder, struct sample_batch *ret_batch)
{
	size_t estimate = batch_encoder_bytes(encoder);

	sample_batch_finish(encoder, ret_batch);
	assert_in_range(ret_batch->raw_size, 1, estimate);
}

static void assert_comes_back(struct batch_encoder *encoder, const struct record *record,
			      const struct record *want)
{
	struct sample_batch batch = { 0 };

	assert_int_equal(batch_encoder_add(encoder, record), 0);
	finish(encoder, &batch);
	assert_decodes_to(batch.bytes, batch.size, batch.raw_size, want, 1);
	sample_batch_free(&batch);
}

static struct record flow_with(const struct mark *marks, size_t count)
{
	struct record record = sample_flow();

	record.flow.marks = marks;
	record.flow.mark_count = count;
	return record;
}

/* Lists of one group are aligned: the order, repeats and empty values are part of them. */
static void order_repeats_and_empty_values_stay(void **state)
{
	static const struct mark marks[] = {
		{ MARK_DNS_ANSWER_DATA, TEXT("192.0.2.1") }, { MARK_DNS_ANSWER_TTL, TEXT("60") },
		{ MARK_DNS_ANSWER_DATA, TEXT("") },	     { MARK_DNS_ANSWER_TTL, TEXT("60") },
		{ MARK_DNS_ANSWER_DATA, TEXT("192.0.2.1") }, { MARK_ALPN, TEXT("h2\0\xff") },
		{ MARK_DNS_ANSWER_DATA, TEXT("") },
	};
	struct record record = flow_with(marks, sizeof(marks) / sizeof(marks[0]));

	assert_comes_back(*state, &record, &record);
}

static void flows_share_lists(void **state)
{
	struct record record = sample_marked_flow();
	Yagura__Telemetry__Batch *message;
	struct sample_batch batch = { 0 };
	struct mark other[3];

	for (size_t i = 0; i < 100; i++)
		assert_int_equal(batch_encoder_add(*state, &record), 0);
	memcpy(other, record.flow.marks, sizeof(other));
	other[2].value = TEXT("another");
	record.flow.marks = other;
	assert_int_equal(batch_encoder_add(*state, &record), 0);
	finish(*state, &batch);
	message = sample_batch_unpack(&batch);
	assert_int_equal(message->schema, BATCH_SCHEMA);
	assert_int_equal(message->marks->n_kind, 4);
	assert_int_equal(message->fingerprints->n_mark, 4); /* JA4 twice, what the peer says once */
	assert_int_equal(message->flow_classes->n_fingerprint, 2);
	assert_int_equal(message->flow_classes->fingerprint[0], 1);
	assert_int_equal(message->flow_classes->fingerprint[1], 4);
	assert_int_equal(message->peers->n_fingerprint, 1);
	assert_int_equal(message->peers->fingerprint[0], 3);
	yagura__telemetry__batch__free_unpacked(message, NULL);
	sample_batch_free(&batch);
}

static void flows_without_cost_nothing(void **state)
{
	struct record record = sample_flow();
	Yagura__Telemetry__Batch *message;
	struct sample_batch batch = { 0 };

	assert_int_equal(batch_encoder_add(*state, &record), 0);
	finish(*state, &batch);
	message = sample_batch_unpack(&batch);
	assert_null(message->marks);
	assert_null(message->fingerprints);
	assert_int_equal(message->peers->n_fingerprint, 0);
	assert_int_equal(message->flows->n_splt, 0);
	assert_int_equal(message->peers->n_name, 0);
	yagura__telemetry__batch__free_unpacked(message, NULL);
	sample_batch_free(&batch);
}

/* The encoder keeps to what the decoder takes, whatever it is given. */
static void too_many_are_cut(void **state)
{
	struct mark marks[MARKS_MAX + 1];
	struct record record = flow_with(marks, MARKS_MAX + 1);
	struct record want = flow_with(marks, MARKS_MAX);

	for (size_t i = 0; i <= MARKS_MAX; i++)
		marks[i] = (struct mark){ MARK_NPF, TEXT("x") };
	assert_comes_back(*state, &record, &want);
}

static void too_long_ones_are_cut(void **state)
{
	static char value[MARK_VALUE_BYTES_MAX + 1];
	struct mark marks[5];
	struct record record = flow_with(marks, 5);
	struct record want = flow_with(marks, 4);

	memset(value, 'v', sizeof(value));
	for (size_t i = 0; i < 5; i++)
		marks[i] = (struct mark){ MARK_NPF, { value, MARK_VALUE_BYTES_MAX } };
	assert_comes_back(*state, &record, &want);
	marks[2].value.length++;
	want.flow.mark_count = 2;
	assert_comes_back(*state, &record, &want);
}

/* Kinds of a later version, in the middle of a list, at its ends, or all of it. */
static void unknown_kinds_are_skipped(void **state)
{
	static const struct mark sent[] = {
		{ MARK_KIND_COUNT, TEXT("later") },	 { MARK_JA4, TEXT("t13d") },
		{ (enum mark_kind)70000, TEXT("l") },	 { MARK_NPF, TEXT("tls/1") },
		{ (enum mark_kind) - 1, TEXT("later") },
	};
	static const struct mark known[] = { { MARK_JA4, TEXT("t13d") },
					     { MARK_NPF, TEXT("tls/1") } };
	struct record record = flow_with(sent, 5);
	struct record want = flow_with(known, 2);

	assert_comes_back(*state, &record, &want);
	record.flow.mark_count = 1;
	want.flow.mark_count = 0;
	assert_comes_back(*state, &record, &want);
}

static void sequences(void **state)
{
	struct record record = sample_flow();

	record.flow.splt =
		(struct record_splt){ 4, { 1, -1, INT16_MAX, INT16_MIN }, { 0, 255, 1 } };
	assert_comes_back(*state, &record, &record);
	record.flow.splt.count = SPLT_MAX;
	assert_comes_back(*state, &record, &record);
}

/* A batch fills up by the rows of its tables, too, and says so before a list does not fit. */
static void distinct_lists_fill_it(void **state)
{
	char names[2][16];
	struct mark marks[MARKS_MAX];
	struct record record = flow_with(marks, MARKS_MAX);
	struct sample_batch batch = { 0 };
	uint32_t added = 0;
	size_t count = 0;

	for (size_t i = 0; i < MARKS_MAX; i++)
		marks[i] = (struct mark){ MARK_NPF, TEXT("x") };
	for (;; added++) {
		snprintf(names[0], sizeof(names[0]), "%u", added);
		marks[0].value = (struct text){ names[0], strlen(names[0]) };
		if (batch_encoder_add(*state, &record) < 0)
			break;
	}
	assert_in_range(added, 65536 / MARKS_MAX - 2, 65536 / MARKS_MAX);
	assert_false(batch_encoder_takes_any(*state));
	finish(*state, &batch);
	assert_int_equal(
		sample_decode(batch.bytes, batch.size, batch.raw_size, receive_count, &count, NULL),
		0);
	assert_int_equal(count, added);
	sample_batch_free(&batch);
}

/* What is cut off may be whole fields, but a flow never comes with part of its list. */
static void no_prefix_passes_for_the_whole(void **state)
{
	struct record record = full_record(RECORD_FLOW, FULL_DISTINCT);
	struct sample_batch batch = { 0 };
	size_t decoded = 0;

	assert_int_equal(batch_encoder_add(*state, &record), 0);
	finish(*state, &batch);
	for (size_t size = 0; size < batch.raw_size; size++) {
		_cleanup_free_ uint8_t *prefix = malloc(size ? size : 1);
		const char *why = NULL;
		size_t count = 0;

		assert_non_null(prefix);
		memcpy(prefix, batch.raw, size);
		if (sample_decode_raw(prefix, size, receive_count, &count, &why) == 0)
			decoded += count;
	}
	assert_int_equal(decoded, 0);
	sample_batch_free(&batch);
}

#define WITH_ENCODER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_ENCODER(order_repeats_and_empty_values_stay),
		WITH_ENCODER(flows_share_lists),
		WITH_ENCODER(flows_without_cost_nothing),
		WITH_ENCODER(too_many_are_cut),
		WITH_ENCODER(too_long_ones_are_cut),
		WITH_ENCODER(unknown_kinds_are_skipped),
		WITH_ENCODER(sequences),
		WITH_ENCODER(distinct_lists_fill_it),
		WITH_ENCODER(no_prefix_passes_for_the_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
