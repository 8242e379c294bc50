/* SPDX-License-Identifier: Apache-2.0 */
#include "common/segment.h"

#include "common/put.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/hex.h"

static const struct segment_header header = {
	.sensor = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 },
	.generation = 0x1122334455667788ull,
	.first_seq = 42,
	.created_ms = 1700000000000ull,
	.lane = 1,
};

/* A whole record as it lies in a file, in a block of exactly its size. */
static uint8_t *make_record(uint64_t seq, const char *aux, const char *payload, size_t *ret_size)
{
	const struct segment_record record = {
		.seq = seq,
		.type = SEGMENT_BATCH,
		.aux_size = (uint16_t)strlen(aux),
		.payload_size = (uint32_t)strlen(payload),
		.aux = (const uint8_t *)aux,
		.payload = (const uint8_t *)payload,
	};
	size_t size = SEGMENT_RECORD_BYTES + record.aux_size + record.payload_size;
	uint8_t *bytes = malloc(size);

	assert_non_null(bytes);
	segment_record_write(bytes, &record);
	memcpy(bytes + SEGMENT_RECORD_BYTES, aux, record.aux_size);
	memcpy(bytes + SEGMENT_RECORD_BYTES + record.aux_size, payload, record.payload_size);
	*ret_size = size;
	return bytes;
}

static void check_header_round_trip(void **state)
{
	uint8_t bytes[SEGMENT_HEADER_BYTES];
	struct segment_header read;

	(void)state;
	memset(bytes, 0xa5, sizeof(bytes));
	segment_header_write(bytes, &header);
	assert_memory_equal(bytes, "YAGSEG01\1\2\3", 11);
	assert_int_equal(segment_header_read(bytes, sizeof(bytes), &read), 0);
	assert_memory_equal(read.sensor, header.sensor, sizeof(header.sensor));
	assert_true(read.generation == header.generation);
	assert_true(read.first_seq == 42);
	assert_true(read.created_ms == header.created_ms);
	assert_int_equal(read.lane, 1);
}

static void check_header_damage(void **state)
{
	uint8_t bytes[SEGMENT_HEADER_BYTES];
	struct segment_header read = { .lane = 0xa5 };

	(void)state;
	segment_header_write(bytes, &header);
	for (size_t cut = 0; cut < sizeof(bytes); cut++) {
		uint8_t *prefix = hex_copy(bytes, cut);

		assert_int_equal(segment_header_read(prefix, cut, &read), -EBADMSG);
		free(prefix);
	}
	for (size_t bit = 0; bit < 8 * sizeof(bytes); bit++) {
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(segment_header_read(bytes, sizeof(bytes), &read), -EBADMSG);
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_int_equal(read.lane, 0xa5);
}

static void check_record_round_trip(void **state)
{
	struct segment_record read;
	size_t size;
	uint8_t *bytes = make_record(7, "mark", "payload", &size);

	(void)state;
	assert_int_equal(segment_record_read(bytes, size, &read), size);
	assert_true(read.seq == 7);
	assert_int_equal(read.type, SEGMENT_BATCH);
	assert_int_equal(read.aux_size, 4);
	assert_memory_equal(read.aux, "mark", 4);
	assert_int_equal(read.payload_size, 7);
	assert_memory_equal(read.payload, "payload", 7);
	free(bytes);
}

/* The layout is a file format: it may not change by accident. */
static void check_record_layout(void **state)
{
	size_t size;
	uint8_t *bytes = make_record(0x0102030405060708ull, "A", "BC", &size);
	char *hex = hex_encode(bytes, size - 7);

	(void)state;
	assert_string_equal(hex, "5952010000010000000000020102030405060708");
	assert_memory_equal(bytes + SEGMENT_RECORD_BYTES, "ABC", 3);
	free(hex);
	free(bytes);
}

static void check_record_empty(void **state)
{
	struct segment_record read;
	size_t size;
	uint8_t *bytes = make_record(1, "", "", &size);

	(void)state;
	assert_int_equal(size, SEGMENT_RECORD_BYTES);
	assert_int_equal(segment_record_read(bytes, size, &read), size);
	assert_int_equal(segment_record_read(bytes, 0, &read), -ENODATA);
	free(bytes);
}

static void check_record_prefixes(void **state)
{
	struct segment_record read = { .type = 0xa5 };
	size_t size;
	uint8_t *bytes = make_record(7, "mark", "payload", &size);

	(void)state;
	for (size_t cut = 1; cut < size; cut++) {
		uint8_t *prefix = hex_copy(bytes, cut);

		assert_int_equal(segment_record_read(prefix, cut, &read), -EAGAIN);
		free(prefix);
	}
	assert_int_equal(read.type, 0xa5);
	free(bytes);
}

static void check_record_flipped_bits(void **state)
{
	struct segment_record read = { .type = 0xa5 };
	size_t size;
	uint8_t *bytes = make_record(7, "mark", "payload", &size);

	(void)state;
	for (size_t bit = 0; bit < 8 * size; bit++) {
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_true(segment_record_read(bytes, size, &read) < 0);
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_int_equal(read.type, 0xa5);
	free(bytes);
}

/* A record that declares more than the format allows is refused before its bytes are looked for,
 * whatever its checksum says. */
static void check_record_limits(void **state)
{
	static uint8_t body[SEGMENT_AUX_BYTES_MAX + 1 + SEGMENT_PAYLOAD_BYTES_MAX + 1];
	static uint8_t bytes[SEGMENT_RECORD_BYTES + sizeof(body)];
	struct segment_record record = { .seq = 1,
					 .type = SEGMENT_BATCH,
					 .aux = body,
					 .payload = body,
					 .aux_size = SEGMENT_AUX_BYTES_MAX,
					 .payload_size = SEGMENT_PAYLOAD_BYTES_MAX };
	struct segment_record read;

	(void)state;
	segment_record_write(bytes, &record);
	assert_int_equal(segment_record_read(bytes, sizeof(bytes), &read), sizeof(bytes) - 2);
	record.aux_size++;
	segment_record_write(bytes, &record);
	assert_int_equal(segment_record_read(bytes, sizeof(bytes), &read), -EBADMSG);
	assert_int_equal(segment_record_read(bytes, SEGMENT_RECORD_BYTES, &read), -EBADMSG);
	record.aux_size--;
	record.payload_size++;
	segment_record_write(bytes, &record);
	assert_int_equal(segment_record_read(bytes, sizeof(bytes), &read), -EBADMSG);
}

static void check_resync(void **state)
{
	size_t first_size;
	size_t second_size;
	uint8_t *first = make_record(1, "mark", "YRYRYR", &first_size);
	uint8_t *second = make_record(2, "", "x", &second_size);
	uint8_t *bytes = malloc(first_size + second_size);

	(void)state;
	assert_non_null(bytes);
	memcpy(bytes, first, first_size);
	memcpy(bytes + first_size, second, second_size);
	assert_int_equal(segment_resync(bytes, first_size + second_size), first_size);
	/* The second one torn: nothing whole is left. */
	assert_int_equal(segment_resync(bytes, first_size + second_size - 1),
			 first_size + second_size - 1);
	/* The second one damaged. */
	bytes[first_size + 3] ^= 1;
	assert_int_equal(segment_resync(bytes, first_size + second_size), first_size + second_size);
	assert_int_equal(segment_resync(bytes, 0), 0);
	assert_int_equal(segment_resync(bytes, 1), 1);
	free(bytes);
	free(first);
	free(second);
}

/* Heads without a right checksum, one after the other, each claiming half of the rest: summing all
 * of them up would cost 20 GB. The search gives up long before the sound record at the end. */
static void check_resync_effort(void **state)
{
	const size_t size = 1 << 20;
	uint8_t *bytes = calloc(1, size);
	size_t record_size;
	uint8_t *record = make_record(1, "", "x", &record_size);
	const size_t end = size - record_size;

	(void)state;
	assert_non_null(bytes);
	memcpy(bytes + end, record, record_size);
	assert_int_equal(segment_resync(bytes, size), end);
	for (size_t at = 0; at + SEGMENT_RECORD_BYTES <= end; at += 12) {
		put_be(bytes + at, 0x5952, 2);
		put_be(bytes + at + 8, (size - at) / 2, 4);
	}
	assert_int_equal(segment_resync(bytes, size), size);
	free(bytes);
	free(record);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(check_header_round_trip),
		cmocka_unit_test(check_header_damage),
		cmocka_unit_test(check_record_round_trip),
		cmocka_unit_test(check_record_layout),
		cmocka_unit_test(check_record_empty),
		cmocka_unit_test(check_record_prefixes),
		cmocka_unit_test(check_record_flipped_bits),
		cmocka_unit_test(check_record_limits),
		cmocka_unit_test(check_resync),
		cmocka_unit_test(check_resync_effort),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
