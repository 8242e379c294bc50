/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that is given back, and what stays as it was. */
#include "common/resident.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHUNKS 1000
#define CHUNK_BYTES 16384
#define TABLE_BYTES (4u << 20)

/* Read-only pages of this program, each another one. */
static const char table[TABLE_BYTES] = { [0] = 'a',
					 [TABLE_BYTES / 2] = 'b',
					 [TABLE_BYTES - 1] = 'c' };
static int number = 1; /* in a segment that may be written */
static int *const pointer = &number; /* relocated at start */

static long resident_bytes(void)
{
	long pages = -1;
	FILE *file = fopen("/proc/self/statm", "re");

	if (!file || fscanf(file, "%*d %ld", &pages) != 1)
		fail_msg("/proc/self/statm cannot be read");
	fclose(file);
	return pages * sysconf(_SC_PAGESIZE);
}

static unsigned int read_table(void)
{
	volatile const char *at = table;
	unsigned int sum = 0;

	for (size_t i = 0; i < TABLE_BYTES; i += 1024)
		sum += (unsigned char)at[i];
	return sum + (unsigned char)at[TABLE_BYTES - 1];
}

static void pages_that_were_only_read_go_and_come_again(void **state)
{
	unsigned int sum = read_table();
	long before = resident_bytes();

	(void)state;
	resident_give_back();
	assert_true(before - resident_bytes() > (long)TABLE_BYTES / 2);
	assert_int_equal(read_table(), sum);
	assert_int_equal(sum, 'a' + 'b' + 'c');
}

static void what_was_written_stays(void **state)
{
	static char filled[CHUNK_BYTES];
	char *kept = malloc(CHUNK_BYTES);

	(void)state;
	memset(filled, 5, sizeof(filled));
	memset(kept, 6, CHUNK_BYTES);
	number = 7;
	resident_give_back();
	assert_int_equal(*pointer, 7);
	assert_int_equal(filled[CHUNK_BYTES - 1], 5);
	assert_int_equal(kept[CHUNK_BYTES - 1], 6);
	free(kept);
}

#ifndef __SANITIZE_ADDRESS__ /* whose heap is another, and gives nothing back */
/* A piece in use at the top keeps the heap from shrinking by itself. */
static void free_heap_below_what_is_used_goes(void **state)
{
	static char *chunks[CHUNKS];
	long before;

	(void)state;
	for (size_t i = 0; i < CHUNKS; i++) {
		chunks[i] = malloc(CHUNK_BYTES);
		memset(chunks[i], 1, CHUNK_BYTES);
	}
	for (size_t i = 0; i < CHUNKS - 1; i++)
		free(chunks[i]);
	before = resident_bytes();
	resident_give_back();
	assert_true(before - resident_bytes() > CHUNKS * CHUNK_BYTES / 2);
	free(chunks[CHUNKS - 1]);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages_that_were_only_read_go_and_come_again),
		cmocka_unit_test(what_was_written_stays),
#ifndef __SANITIZE_ADDRESS__
		cmocka_unit_test(free_heap_below_what_is_used_goes),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
