/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/hasher/slots.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int setup(void **state)
{
	*state = slots_new();
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	slots_free(*state);
	return 0;
}

static uint64_t nanoseconds(struct timespec time)
{
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static int file_of(size_t bytes, uint8_t fill)
{
	uint8_t *content = malloc(bytes + 1);
	int fd = memfd_create("content", 0);

	assert_true(fd >= 0);
	memset(content, fill, bytes);
	assert_int_equal(write(fd, content, bytes), bytes);
	free(content);
	return fd;
}

static struct hash_job job_of(int fd, uint64_t number)
{
	struct hash_job job = { .identity.inode = number, .status = HASH_OK, .wants_md5 = 1 };
	struct stat facts;

	assert_int_equal(fstat(fd, &facts), 0);
	job.opened = (struct hash_identity){ .inode = facts.st_ino,
					     .bytes = (uint64_t)facts.st_size,
					     .ctime_ns = nanoseconds(facts.st_ctim),
					     .mtime_ns = nanoseconds(facts.st_mtim) };
	return job;
}

static struct hash_result next_result(struct slots *slots)
{
	struct hash_result result;
	bool is_done = false;

	while (!is_done)
		slots_step(slots, &is_done, &result);
	return result;
}

static void assert_digest(const uint8_t *digest, const char *kind, size_t bytes, uint8_t fill)
{
	uint8_t *content = malloc(bytes + 1), want[EVP_MAX_MD_SIZE];
	size_t size;

	memset(content, fill, bytes);
	assert_int_equal(EVP_Q_digest(NULL, kind, NULL, content, bytes, want, &size), 1);
	assert_memory_equal(digest, want, size);
	free(content);
}

static const size_t sizes[] = { 0,
				1,
				55,
				64,
				HASHER_PIECE_BYTES - 1,
				HASHER_PIECE_BYTES,
				HASHER_PIECE_BYTES + 1,
				3 * HASHER_PIECE_BYTES + 17 };

static void digests_are_those_of_the_content(void **state)
{
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		int fd = file_of(sizes[i], (uint8_t)i);
		const struct hash_job job = job_of(fd, i);
		struct hash_result result;

		slots_add(*state, &job, fd);
		result = next_result(*state);
		assert_int_equal(result.status, HASH_OK);
		assert_int_equal(result.identity.inode, i);
		assert_digest(result.sha256, "SHA256", sizes[i], (uint8_t)i);
		assert_int_equal(result.has_md5, 1);
		assert_digest(result.md5, "MD5", sizes[i], (uint8_t)i);
		assert_true(slots_are_empty(*state));
		assert_true(fcntl(fd, F_GETFD) < 0); /* closed */
	}
}

/* However many large ones came before it. */
static void a_small_one_waits_for_no_large_one(void **state)
{
	struct hash_job job;
	int fd;

	for (uint64_t i = 1; i < HASHER_SLOTS_MAX; i++) {
		fd = file_of(4 * HASHER_PIECE_BYTES, 1);
		job = job_of(fd, i);
		slots_add(*state, &job, fd);
	}
	assert_false(slots_are_full(*state));
	fd = file_of(100, 2);
	job = job_of(fd, 100);
	slots_add(*state, &job, fd);
	assert_true(slots_are_full(*state));
	assert_int_equal(next_result(*state).identity.inode, 100);
	for (uint64_t i = 1; i < HASHER_SLOTS_MAX; i++)
		assert_int_equal(next_result(*state).status, HASH_OK);
	assert_true(slots_are_empty(*state));
}

static void set_times(int fd, struct stat *facts)
{
	const struct timespec times[2] = { facts->st_atim, facts->st_mtim };

	usleep(20000); /* a file system may tell times apart by ticks only */
	assert_int_equal(futimens(fd, times), 0);
}

static void overwrite_and_put_back_times(int fd, struct stat *facts)
{
	assert_int_equal(pwrite(fd, "x", 1, 0), 1);
	set_times(fd, facts);
}

static enum hash_status status_after(struct slots *slots, void (*change)(int fd, struct stat *))
{
	int fd = file_of(2 * HASHER_PIECE_BYTES, 3), other = dup(fd);
	struct hash_job job = job_of(fd, 7);
	struct hash_result result;
	struct stat facts;
	bool is_done;

	fstat(fd, &facts);
	slots_add(slots, &job, fd);
	slots_step(slots, &is_done, &result);
	assert_false(is_done);
	change(other, &facts);
	close(other);
	result = next_result(slots);
	if (result.status == HASH_CHANGED)
		for (size_t i = 0; i < sizeof(result.sha256); i++)
			assert_int_equal(result.sha256[i], 0);
	return (enum hash_status)result.status;
}

static void grow(int fd, struct stat *facts)
{
	(void)facts;
	assert_int_equal(pwrite(fd, "x", 1, 2 * HASHER_PIECE_BYTES), 1);
}

static void shrink(int fd, struct stat *facts)
{
	(void)facts;
	assert_int_equal(ftruncate(fd, HASHER_PIECE_BYTES), 0);
}

static void overwrite(int fd, struct stat *facts)
{
	(void)facts;
	usleep(20000);
	assert_int_equal(pwrite(fd, "x", 1, 0), 1);
}

static void what_changes_meanwhile_has_no_digest(void **state)
{
	assert_int_equal(status_after(*state, grow), HASH_CHANGED);
	assert_int_equal(status_after(*state, shrink), HASH_CHANGED);
	assert_int_equal(status_after(*state, overwrite), HASH_CHANGED);
	assert_int_equal(status_after(*state, overwrite_and_put_back_times), HASH_CHANGED);
}

static void what_cannot_be_read_says_so(void **state)
{
	int fd = open("/", O_RDONLY | O_DIRECTORY);
	const struct hash_job job = job_of(fd, 9);

	slots_add(*state, &job, fd);
	assert_int_equal(next_result(*state).status, HASH_UNREADABLE);
	assert_true(slots_are_empty(*state));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digests_are_those_of_the_content),
		cmocka_unit_test(a_small_one_waits_for_no_large_one),
		cmocka_unit_test(what_changes_meanwhile_has_no_digest),
		cmocka_unit_test(what_cannot_be_read_says_so),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
