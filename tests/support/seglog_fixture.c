/* SPDX-License-Identifier: Apache-2.0 */
#include "support/seglog_fixture.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/temp_dir.h"

int seglog_fixture_set_up(void **state)
{
	struct seglog_fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->directory = temp_dir_new();
	f->options = (struct seglog_options){ .directory = f->directory,
					      .sensor = { 1, 2, 3 },
					      .generation = 7,
					      .segment_bytes_max = THREE_RECORDS,
					      .now_ms = 1000 };
	*state = f;
	return 0;
}

int seglog_fixture_tear_down(void **state)
{
	struct seglog_fixture *f = *state;

	seglog_close(f->log);
	temp_dir_remove(f->directory);
	free(f);
	return 0;
}

static void fill(uint64_t seq, char aux[AUX_BYTES + 1], char payload[PAYLOAD_BYTES + 1])
{
	snprintf(aux, AUX_BYTES + 1, "%04" PRIu64, seq % 10000);
	snprintf(payload, PAYLOAD_BYTES + 1, "payload %08" PRIu64, seq % 100000000);
}

static void assert_record(const struct segment_record *record, uint64_t seq)
{
	char aux[AUX_BYTES + 1];
	char payload[PAYLOAD_BYTES + 1];

	fill(seq, aux, payload);
	assert_true(record->seq == seq);
	assert_int_equal(record->type, SEGMENT_BATCH);
	assert_int_equal(record->aux_size, AUX_BYTES);
	assert_memory_equal(record->aux, aux, AUX_BYTES);
	assert_int_equal(record->payload_size, PAYLOAD_BYTES);
	assert_memory_equal(record->payload, payload, PAYLOAD_BYTES);
}

void seglog_fixture_see(void *context, const struct segment_record *record)
{
	struct seglog_fixture *f = context;

	assert_record(record, record->seq);
	assert_true(f->seen_count < sizeof(f->seen) / sizeof(f->seen[0]));
	f->seen[f->seen_count++] = record->seq;
}

int seglog_fixture_reopen(struct seglog_fixture *f)
{
	seglog_close(f->log);
	f->log = NULL;
	f->seen_count = 0;
	return seglog_open(&f->options, seglog_fixture_see, f, &f->log, &f->recovery);
}

int seglog_fixture_append(struct seglog_fixture *f, uint64_t *ret_seq)
{
	char aux[AUX_BYTES + 1];
	char payload[PAYLOAD_BYTES + 1];

	fill(seglog_next_seq(f->log), aux, payload);
	return seglog_append(f->log, SEGMENT_BATCH, aux, AUX_BYTES, payload, PAYLOAD_BYTES, 2000,
			     ret_seq);
}

void seglog_fixture_append_up_to(struct seglog_fixture *f, uint64_t last)
{
	uint64_t seq = 0;

	while (seglog_next_seq(f->log) <= last) {
		uint64_t want = seglog_next_seq(f->log);

		assert_int_equal(seglog_fixture_append(f, &seq), 0);
		assert_true(seq == want);
	}
}

int seglog_fixture_read_seq(struct seglog_fixture *f, uint64_t seq)
{
	struct segment_record record;
	int r = seglog_read(f->log, seq, &record);

	if (r == 0)
		assert_record(&record, seq);
	return r;
}

void seglog_fixture_assert_readable(struct seglog_fixture *f, uint64_t first, uint64_t last)
{
	for (uint64_t seq = first; seq <= last; seq++)
		assert_int_equal(seglog_fixture_read_seq(f, seq), 0);
}

bool seglog_fixture_exists(struct seglog_fixture *f, const char *name)
{
	char *path = temp_dir_path(f->directory, name);
	bool is_there = access(path, F_OK) == 0;

	free(path);
	return is_there;
}

off_t seglog_fixture_file_size(struct seglog_fixture *f, const char *name)
{
	char *path = temp_dir_path(f->directory, name);
	struct stat status;

	assert_int_equal(stat(path, &status), 0);
	free(path);
	return status.st_size;
}

uint8_t *seglog_fixture_file_bytes(struct seglog_fixture *f, const char *name, size_t *ret_size)
{
	size_t size = (size_t)seglog_fixture_file_size(f, name);
	char *path = temp_dir_path(f->directory, name);
	uint8_t *bytes = malloc(size + 1);
	FILE *file = fopen(path, "re");

	assert_non_null(file);
	assert_int_equal(fread(bytes, 1, size, file), size);
	fclose(file);
	free(path);
	*ret_size = size;
	return bytes;
}

void seglog_fixture_damage(struct seglog_fixture *f, const char *name, size_t offset)
{
	size_t size;
	uint8_t *bytes = seglog_fixture_file_bytes(f, name, &size);

	assert_true(offset < size);
	bytes[offset] ^= 0xff;
	temp_dir_write(f->directory, name, bytes, size);
	free(bytes);
}
