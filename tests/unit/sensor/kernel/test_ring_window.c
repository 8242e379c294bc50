/* SPDX-License-Identifier: Apache-2.0 */
/* Records of any size at any place of a ring of which only a window is mapped. */
#include "sensor/kernel/ring.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>

#include "support/ring_case.h"

#define DATA_BYTES 4096

/* The byte at `i` of record `n`: told apart from its neighbours and from other records'. */
static uint8_t byte_of(uint64_t n, uint64_t i)
{
	return (uint8_t)(n * 31 + i * 7 + i / 256);
}

static void produce_number(struct kernel_side *kernel, uint64_t n, uint32_t flags, uint32_t size)
{
	static uint8_t bytes[1024 * 1024];

	assert_true(size <= sizeof(bytes));
	for (uint32_t i = 0; i < size; i++)
		bytes[i] = byte_of(n, i);
	produce(kernel, flags, bytes, size);
}

static void must_read_number(struct kernel_side *kernel, uint64_t n, size_t want_size)
{
	const uint8_t *bytes;
	size_t size;

	assert_int_equal(ring_next(kernel->ring, &bytes, &size), 1);
	assert_int_equal(size, want_size);
	for (size_t i = 0; i < size; i++)
		if (bytes[i] != byte_of(n, i))
			fail_msg("record %llu: byte %zu is wrong", (unsigned long long)n, i);
}

/* A record begins at every place of the data, and so is cut by its end after every byte. */
static void a_record_is_whole_wherever_it_begins(void **state)
{
	const uint32_t sizes[] = { 0, 1, 8, 9, 250, DATA_BYTES - BPF_RINGBUF_HDR_SZ };

	(void)state;
	for (uint64_t begin = 0; begin < DATA_BYTES; begin += 8)
		for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
			struct kernel_side kernel;

			assert_int_equal(open_kernel(&kernel, DATA_BYTES, begin), 0);
			produce_number(&kernel, begin + i, 0, sizes[i]);
			must_read_number(&kernel, begin + i, sizes[i]);
			close_kernel(&kernel);
		}
}

static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u; /* Numerical Recipes' LCG: the same each run */
	return *state >> 8;
}

/* Four times round the ring: a backlog of records of any size, some of them discarded, is read and
 * released. */
static void run_backlogs(uint64_t data_bytes, uint32_t size_max)
{
	uint32_t random = (uint32_t)data_bytes + size_max;
	struct kernel_side kernel;
	uint32_t sizes[64];
	const uint8_t *bytes;
	size_t size;

	assert_int_equal(open_kernel(&kernel, data_bytes, 0), 0);
	for (uint64_t n = 0; *consumer(&kernel) < 4 * data_bytes;) {
		uint64_t count = 0;

		while (count < 64 && *producer(&kernel) - *consumer(&kernel) + size_max +
						     2 * BPF_RINGBUF_HDR_SZ <=
					     data_bytes) {
			sizes[count] = next_random(&random) % (size_max + 1);
			produce_number(&kernel, n + count,
				       sizes[count] % 5 ? 0 : BPF_RINGBUF_DISCARD_BIT,
				       sizes[count]);
			count++;
		}
		for (uint64_t i = 0; i < count; i++)
			if (sizes[i] % 5)
				must_read_number(&kernel, n + i, sizes[i]);
		assert_int_equal(ring_next(kernel.ring, &bytes, &size), 0);
		n += count;
		ring_release(kernel.ring, ring_read_position(kernel.ring));
	}
	close_kernel(&kernel);
}

/* Rings smaller than the window, larger, and with records larger than it. */
static void any_sizes_are_read_as_written(void **state)
{
	(void)state;
	run_backlogs(4096, 64);
	run_backlogs(4096, 2000);
	run_backlogs(65536, 600);
	run_backlogs(65536, 40000);
	run_backlogs(1024 * 1024, 40000);
	run_backlogs(2 * 1024 * 1024, 700 * 1024);
}

static long resident_bytes(void)
{
	long pages = -1;
	FILE *file = fopen("/proc/self/statm", "re");

	if (!file || fscanf(file, "%*d %ld", &pages) != 1)
		fail_msg("/proc/self/statm cannot be read");
	fclose(file);
	return pages * sysconf(_SC_PAGESIZE);
}

static void read_all(struct kernel_side *kernel)
{
	const uint8_t *bytes;
	size_t size;

	while (ring_next(kernel->ring, &bytes, &size) == 1)
		for (size_t i = 0; i < size; i += 1000)
			assert_int_equal(bytes[i], byte_of(0, i));
	assert_int_equal(ring_read_position(kernel->ring), *producer(kernel));
}

/* The kernel maps every page of its rings at once; a memfd only shows what was touched, so every
 * page is looked at. A ring that is read through stays mapped in part, until it rests. */
static void what_is_mapped_is_bounded_and_given_back(void **state)
{
	const uint64_t data_bytes = 32 * 1024 * 1024;
	struct kernel_side kernel;
	long before;

	(void)state;
	assert_int_equal(open_kernel(&kernel, data_bytes, 0), 0);
	while (*producer(&kernel) + 40016 < data_bytes)
		produce_number(&kernel, 0, 0, 40000);
	madvise(kernel.file, kernel.file_bytes, MADV_DONTNEED); /* what this side has mapped */
	before = resident_bytes();
	read_all(&kernel);
	assert_true(resident_bytes() - before < 10 * 1024 * 1024);
	ring_rest(kernel.ring);
	assert_true(resident_bytes() - before > 1024 * 1024); /* was busy since the last time */
	ring_rest(kernel.ring);
	assert_true(resident_bytes() - before < 1024 * 1024);
	ring_release(kernel.ring, ring_read_position(kernel.ring));
	produce_number(&kernel, 0, 0, 40000);
	read_all(&kernel);
	close_kernel(&kernel);
}

/* No memory to map with stands for it: the descriptor has gone. Nothing is lost by it. */
static void a_window_that_cannot_be_mapped_is_an_error(void **state)
{
	struct kernel_side kernel;
	int kept;
	const uint8_t *bytes;
	size_t size;

	(void)state;
	assert_int_equal(open_kernel(&kernel, DATA_BYTES, 0), 0);
	kept = dup(kernel.fd);
	produce_number(&kernel, 1, 0, 500);
	close(kernel.fd);
	assert_int_equal(ring_next(kernel.ring, &bytes, &size), -EBADF);
	assert_int_equal(ring_read_position(kernel.ring), 0);
	assert_int_equal(dup2(kept, kernel.fd), kernel.fd);
	close(kept);
	must_read_number(&kernel, 1, 500);
	close_kernel(&kernel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_record_is_whole_wherever_it_begins),
		cmocka_unit_test(any_sizes_are_read_as_written),
		cmocka_unit_test(what_is_mapped_is_bounded_and_given_back),
		cmocka_unit_test(a_window_that_cannot_be_mapped_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
