/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/intake/entry.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t sensor[16] = { 1, 2, 3, 4 };
static uint8_t payload[] = "payload";

struct bytes {
	uint8_t aux[ENTRY_AUX_BYTES_MAX];
	uint8_t payload[ENTRY_ARRIVAL_BYTES_MAX];
	struct segment_record record;
};

static void write_entry(struct bytes *bytes, const struct entry *entry)
{
	bytes->record = (struct segment_record){ .seq = 77, .type = (uint8_t)entry->type };
	bytes->record.aux = bytes->aux;
	bytes->record.aux_size = (uint16_t)entry_write_aux(bytes->aux, entry);
	bytes->record.payload = payload;
	bytes->record.payload_size = sizeof(payload);
	if (entry->type != ENTRY_ARRIVAL)
		return;
	bytes->record.payload = bytes->payload;
	bytes->record.payload_size = (uint32_t)entry_write_arrival(bytes->payload, &entry->arrival);
}

static void no_prefix_passes(const struct bytes *bytes)
{
	struct segment_record record = bytes->record;
	struct entry entry;

	for (record.aux_size = 0; record.aux_size < bytes->record.aux_size; record.aux_size++)
		assert_int_equal(entry_read(&record, &entry), -EBADMSG);
	if (record.type != ENTRY_ARRIVAL)
		return;
	for (record.payload_size = 0; record.payload_size < bytes->record.payload_size;
	     record.payload_size++)
		assert_int_equal(entry_read(&record, &entry), -EBADMSG);
}

static void batch_comes_back(void **state)
{
	struct entry entry = { .type = ENTRY_BATCH,
			       .time_ns = 5,
			       .batch = { .generation = UINT64_MAX,
					  .seq = INT64_MAX,
					  .missing_first = 9,
					  .epoch_index = 3,
					  .history_bytes = 2,
					  .lane = 1,
					  .raw_bytes = 1000 } };
	struct entry found;
	struct bytes bytes;

	(void)state;
	memcpy(entry.sensor, sensor, 16);
	write_entry(&bytes, &entry);
	assert_int_equal(entry_read(&bytes.record, &found), 0);
	assert_int_equal(found.type, ENTRY_BATCH);
	assert_true(found.position == 77 && found.time_ns == 5);
	assert_memory_equal(found.sensor, sensor, 16);
	assert_true(found.batch.generation == UINT64_MAX && found.batch.seq == INT64_MAX);
	assert_true(found.batch.missing_first == 9 && found.batch.epoch_index == 3);
	assert_true(found.batch.lane == 1 && found.batch.raw_bytes == 1000);
	assert_ptr_equal(found.batch.history, payload);
	assert_int_equal(found.batch.history_bytes, 2);
	assert_ptr_equal(found.batch.payload, payload + 2);
	assert_int_equal(found.batch.payload_bytes, sizeof(payload) - 2);
	no_prefix_passes(&bytes);
}

static void what_no_batch_says_is_refused(void **state)
{
	struct entry entry = { .type = ENTRY_BATCH, .batch = { .seq = 5 } };
	struct entry found;
	struct bytes bytes;

	(void)state;
	entry.batch.missing_first = 5;
	write_entry(&bytes, &entry);
	assert_int_equal(entry_read(&bytes.record, &found), -EBADMSG);
	entry.batch.missing_first = 0;
	entry.batch.history_bytes = 1; /* of no epoch */
	write_entry(&bytes, &entry);
	assert_int_equal(entry_read(&bytes.record, &found), -EBADMSG);
	entry.batch.epoch_index = 1;
	entry.batch.history_bytes = sizeof(payload) + 1;
	write_entry(&bytes, &entry);
	assert_int_equal(entry_read(&bytes.record, &found), -EBADMSG);
	entry.batch.history_bytes = 0;
	write_entry(&bytes, &entry);
	assert_int_equal(entry_read(&bytes.record, &found), -EBADMSG);
	entry.batch.epoch_index = 0;
	entry.batch.lane = VERIFY_LANES;
	write_entry(&bytes, &entry);
	assert_int_equal(entry_read(&bytes.record, &found), -EBADMSG);
	entry.batch.lane = 0;
	write_entry(&bytes, &entry);
	assert_int_equal(entry_read(&bytes.record, &found), 0);
	bytes.aux[0]++; /* the version */
	assert_int_equal(entry_read(&bytes.record, &found), -EBADMSG);
	bytes.aux[0]--;
	bytes.record.type = 99;
	assert_int_equal(entry_read(&bytes.record, &found), -EBADMSG);
}

static void arrival_comes_back(void **state)
{
	struct entry entry = { .type = ENTRY_ARRIVAL,
			       .time_ns = 6,
			       .arrival = { .hello = { .lanes = { { 1, 2 }, { 3, 4 } },
						       .generation = 7,
						       .instance = 8,
						       .boot_id = { 9 },
						       .version = "0.1",
						       .kernel = "6.1",
						       .host = "web" },
					    .tls_version = "TLSv1.3",
					    .tls_group = "x25519",
					    .is_rewound = { false, true },
					    .marks = { 0, 12 } } };
	struct entry found;
	struct bytes bytes;

	(void)state;
	memcpy(entry.sensor, sensor, 16);
	memset(entry.arrival.hello.host, 'h', VERIFY_TEXT_BYTES - 1);
	write_entry(&bytes, &entry);
	assert_int_equal(entry_read(&bytes.record, &found), 0);
	assert_memory_equal(&found.arrival.hello, &entry.arrival.hello,
			    sizeof(struct verify_hello));
	assert_string_equal(found.arrival.tls_version, "TLSv1.3");
	assert_string_equal(found.arrival.tls_group, "x25519");
	assert_false(found.arrival.is_rewound[0]);
	assert_true(found.arrival.is_rewound[1] && found.arrival.marks[1] == 12);
	no_prefix_passes(&bytes);
}

static void short_ones_come_back(void **state)
{
	struct entry leave = { .type = ENTRY_LEAVE, .time_ns = 3 };
	struct entry start = { .type = ENTRY_START, .time_ns = 4 };
	struct entry checkpoint = { .type = ENTRY_CHECKPOINT };
	struct entry found;
	struct bytes bytes;

	(void)state;
	memcpy(leave.sensor, sensor, 16);
	write_entry(&bytes, &leave);
	assert_int_equal(entry_read(&bytes.record, &found), 0);
	assert_memory_equal(found.sensor, sensor, 16);
	no_prefix_passes(&bytes);
	write_entry(&bytes, &start);
	assert_int_equal(entry_read(&bytes.record, &found), 0);
	assert_true(found.time_ns == 4);
	no_prefix_passes(&bytes);
	write_entry(&bytes, &checkpoint);
	assert_int_equal(entry_read(&bytes.record, &found), 0);
	assert_int_equal(found.checkpoint.size, sizeof(payload));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(batch_comes_back),
		cmocka_unit_test(what_no_batch_says_is_refused),
		cmocka_unit_test(arrival_comes_back),
		cmocka_unit_test(short_ones_come_back),
	};

	return cmocka_run_group_tests_name("entry", tests, NULL, NULL);
}
