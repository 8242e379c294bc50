/* SPDX-License-Identifier: Apache-2.0 */
/* A ring laid out in a memfd as the kernel lays it out; the real one is met in tests/bpf/. */
#include "sensor/kernel/ring.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define DATA_BYTES 4096

struct kernel_side {
	int fd;
	uint8_t *file; /* consumer page, producer page, data, data again */
	struct ring *ring;
};

static uint64_t *consumer(struct kernel_side *kernel)
{
	return (uint64_t *)(void *)kernel->file;
}

static uint64_t *producer(struct kernel_side *kernel)
{
	return (uint64_t *)(void *)(kernel->file + 4096);
}

/* Both copies of the data area, as the kernel maps the same pages twice. */
static void poke(struct kernel_side *kernel, uint64_t at, uint8_t value)
{
	kernel->file[8192 + at % DATA_BYTES] = value;
	kernel->file[8192 + DATA_BYTES + at % DATA_BYTES] = value;
}

static void produce(struct kernel_side *kernel, uint32_t flags, const void *bytes, uint32_t size)
{
	uint64_t at = *producer(kernel);
	uint32_t word = size | flags;

	for (size_t i = 0; i < sizeof(word); i++)
		poke(kernel, at + i, ((const uint8_t *)&word)[i]);
	for (size_t i = 0; i < size; i++)
		poke(kernel, at + BPF_RINGBUF_HDR_SZ + i, ((const uint8_t *)bytes)[i]);
	*producer(kernel) = at + ((size + BPF_RINGBUF_HDR_SZ + 7u) & ~7u);
}

static int setup(void **state)
{
	static struct kernel_side kernel;
	size_t size = 8192 + 2 * DATA_BYTES;

	kernel.fd = memfd_create("ring", MFD_CLOEXEC);
	if (kernel.fd < 0 || ftruncate(kernel.fd, (off_t)size) < 0)
		return -1;
	kernel.file = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, kernel.fd, 0);
	*state = &kernel;
	return ring_open(kernel.fd, DATA_BYTES, &kernel.ring);
}

static int teardown(void **state)
{
	struct kernel_side *kernel = *state;

	ring_close(kernel->ring);
	munmap(kernel->file, 8192 + 2 * DATA_BYTES);
	close(kernel->fd);
	return 0;
}

static void must_read(struct kernel_side *kernel, const char *want)
{
	const uint8_t *bytes;
	size_t size;

	assert_int_equal(ring_next(kernel->ring, &bytes, &size), 1);
	assert_int_equal(size, strlen(want));
	assert_memory_equal(bytes, want, size);
}

static void an_empty_ring_gives_nothing(void **state)
{
	struct kernel_side *kernel = *state;
	const uint8_t *bytes;
	size_t size;

	assert_int_equal(ring_next(kernel->ring, &bytes, &size), 0);
	assert_int_equal(ring_unreleased_bytes(kernel->ring), 0);
}

static void records_come_in_order_and_discarded_ones_do_not(void **state)
{
	struct kernel_side *kernel = *state;

	produce(kernel, 0, "one", 3);
	produce(kernel, BPF_RINGBUF_DISCARD_BIT, "gone", 4);
	produce(kernel, 0, "three", 5);
	must_read(kernel, "one");
	must_read(kernel, "three");
}

static void a_record_being_written_holds_up(void **state)
{
	struct kernel_side *kernel = *state;
	const uint8_t *bytes;
	size_t size;

	produce(kernel, BPF_RINGBUF_BUSY_BIT, "late", 4);
	produce(kernel, 0, "next", 4);
	assert_int_equal(ring_next(kernel->ring, &bytes, &size), -EAGAIN);
	assert_int_equal(ring_read_position(kernel->ring), 0);
	poke(kernel, 3, 0); /* the top byte of the word: no longer busy */
	must_read(kernel, "late");
	must_read(kernel, "next");
}

static void reading_does_not_release(void **state)
{
	struct kernel_side *kernel = *state;

	produce(kernel, 0, "kept", 4);
	must_read(kernel, "kept");
	assert_int_equal(*consumer(kernel), 0);
	assert_int_equal(ring_unreleased_bytes(kernel->ring), 16);
	ring_release(kernel->ring, ring_read_position(kernel->ring));
	assert_int_equal(*consumer(kernel), 16);
	ring_release(kernel->ring, 8); /* never backwards */
	ring_release(kernel->ring, 4096); /* never past what was read */
	assert_int_equal(*consumer(kernel), 16);
}

static void a_second_reader_goes_on_where_it_was_released(void **state)
{
	struct kernel_side *kernel = *state;

	produce(kernel, 0, "first", 5);
	produce(kernel, 0, "second", 6);
	must_read(kernel, "first");
	ring_release(kernel->ring, ring_read_position(kernel->ring));
	must_read(kernel, "second");
	ring_close(kernel->ring);
	assert_int_equal(ring_open(kernel->fd, DATA_BYTES, &kernel->ring), 0);
	must_read(kernel, "second");
}

static void seeking_skips_what_was_written_already(void **state)
{
	struct kernel_side *kernel = *state;

	produce(kernel, 0, "first", 5);
	produce(kernel, 0, "second", 6);
	assert_int_equal(ring_seek(kernel->ring, 4096), -EINVAL);
	assert_int_equal(ring_seek(kernel->ring, 16), 0);
	assert_int_equal(*consumer(kernel), 16);
	assert_int_equal(ring_seek(kernel->ring, 0), -EINVAL);
	must_read(kernel, "second");
}

static void records_wrap_round(void **state)
{
	struct kernel_side *kernel = *state;
	char text[64];

	for (int i = 0; i < 1000; i++) {
		snprintf(text, sizeof(text), "record number %d", i);
		produce(kernel, 0, text, (uint32_t)strlen(text));
		must_read(kernel, text);
		ring_release(kernel->ring, ring_read_position(kernel->ring));
	}
	assert_true(*consumer(kernel) > 4 * DATA_BYTES);
}

static void nonsense_is_told_apart(void **state)
{
	struct kernel_side *kernel = *state;
	const uint8_t *bytes;
	size_t size;

	produce(kernel, 0, "short", 5);
	poke(kernel, 1, 0x7f); /* declares more than was reserved */
	assert_int_equal(ring_next(kernel->ring, &bytes, &size), -EBADMSG);
}

static void only_powers_of_two_of_a_page_are_rings(void **state)
{
	struct kernel_side *kernel = *state;
	struct ring *ring = NULL;

	assert_int_equal(ring_open(kernel->fd, 5000, &ring), -EINVAL);
	assert_int_equal(ring_open(kernel->fd, 1024, &ring), -EINVAL);
	assert_int_equal(ring_open(-1, DATA_BYTES, &ring), -EBADF);
	assert_null(ring);
}

#define RING_TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		RING_TEST(an_empty_ring_gives_nothing),
		RING_TEST(records_come_in_order_and_discarded_ones_do_not),
		RING_TEST(a_record_being_written_holds_up),
		RING_TEST(reading_does_not_release),
		RING_TEST(a_second_reader_goes_on_where_it_was_released),
		RING_TEST(seeking_skips_what_was_written_already),
		RING_TEST(records_wrap_round),
		RING_TEST(nonsense_is_told_apart),
		RING_TEST(only_powers_of_two_of_a_page_are_rings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
