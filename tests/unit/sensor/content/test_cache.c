/* SPDX-License-Identifier: Apache-2.0 */
/* Digests in memory and on disk. */
#include "sensor/content/cache_file.h"

#include "support/temp_dir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#undef UNIT_TESTING /* cmocka's own malloc hides overreads from ASan */
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define DISK (8u << 20 | 1)
#define UNNAMED 51u

static const uint8_t boot[16] = "this boot is one";
static const uint8_t other_boot[16] = "this is another!";

static struct content_entry entry_of(uint64_t inode, uint8_t content)
{
	struct content_entry entry = { .identity = { .inode = inode, .device = DISK },
				       .has_md5 = true,
				       .verity = { .algorithm = 1, .bytes = 32 },
				       .ima = { .algorithm = 6, .bytes = 64 } };

	memset(entry.sha256, content, sizeof(entry.sha256));
	memset(entry.md5, content + 1, sizeof(entry.md5));
	memset(entry.verity.digest, content + 2, 32);
	memset(entry.ima.digest, content + 3, 64);
	return entry;
}

static struct content_entry *put(struct content_cache *cache, uint64_t inode, uint8_t content)
{
	const struct content_entry entry = entry_of(inode, content);

	return content_cache_put(cache, &entry);
}

static bool has(struct content_cache *cache, uint64_t inode)
{
	const struct content_entry entry = entry_of(inode, 0);

	return content_cache_find(cache, &entry.identity) != NULL;
}

static void every_part_of_an_identity_counts(void **state)
{
	struct content_cache *cache = content_cache_new(8);
	struct content_entry entry = entry_of(7, 1);
	struct hash_identity others[] = { entry.identity, entry.identity, entry.identity,
					  entry.identity, entry.identity };

	(void)state;
	others[0].inode++;
	others[1].bytes++;
	others[2].ctime_ns++;
	others[3].mtime_ns++;
	others[4].device++;
	assert_non_null(content_cache_put(cache, &entry));
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		assert_null(content_cache_find(cache, &others[i]));
	assert_non_null(content_cache_find(cache, &entry.identity));
	content_cache_free(cache);
}

static void the_one_asked_for_longest_ago_gives_way(void **state)
{
	struct content_cache *cache = content_cache_new(3);

	(void)state;
	for (uint8_t i = 1; i <= 3; i++)
		put(cache, i, i);
	assert_true(has(cache, 1));
	put(cache, 4, 4);
	assert_int_equal(content_cache_count(cache), 3);
	assert_false(has(cache, 2));
	assert_true(has(cache, 1) && has(cache, 3) && has(cache, 4));
	content_cache_free(cache);
}

static void a_content_is_new_once(void **state)
{
	struct content_cache *cache = content_cache_new(3);

	(void)state;
	assert_true(put(cache, 1, 9)->is_new);
	assert_false(put(cache, 2, 9)->is_new); /* a copy */
	put(cache, 3, 1);
	put(cache, 4, 2);
	put(cache, 5, 3);
	assert_true(put(cache, 6, 9)->is_new); /* forgotten meanwhile */
	content_cache_free(cache);
}

struct image {
	uint8_t *bytes;
	size_t size;
};

/* Inodes 1 and 2 on a disk, 3 on a file system without a device. */
static struct image image(void)
{
	struct content_cache *cache = content_cache_new(8);
	struct content_entry unnamed = entry_of(3, 3);
	struct image image = { 0 };

	put(cache, 1, 1);
	put(cache, 2, 2);
	unnamed.identity.device = UNNAMED;
	content_cache_put(cache, &unnamed);
	assert_int_equal(cache_file_write(cache, boot, &image.bytes, &image.size), 0);
	content_cache_free(cache);
	return image;
}

static void what_is_read_is_what_was_written(void **state)
{
	struct content_cache *cache = content_cache_new(8);
	const struct content_entry want = entry_of(2, 2), *got;
	struct image written = image();

	(void)state;
	assert_int_equal(cache_file_read(written.bytes, written.size, boot, cache), 0);
	assert_int_equal(content_cache_count(cache), 3);
	got = content_cache_find(cache, &want.identity);
	assert_non_null(got);
	assert_memory_equal(got->sha256, want.sha256, sizeof(want.sha256));
	assert_memory_equal(got->md5, want.md5, sizeof(want.md5));
	assert_memory_equal(&got->verity, &want.verity, sizeof(want.verity));
	assert_memory_equal(&got->ima, &want.ima, sizeof(want.ima));
	assert_true(got->has_md5);
	assert_false(got->is_new);
	assert_false(put(cache, 9, 2)->is_new); /* its content is known, too */
	free(written.bytes);
	content_cache_free(cache);
}

static void after_a_reboot_unnamed_devices_are_left_out(void **state)
{
	struct content_cache *cache = content_cache_new(8);
	struct image written = image();

	(void)state;
	assert_int_equal(cache_file_read(written.bytes, written.size, other_boot, cache), 0);
	assert_int_equal(content_cache_count(cache), 2);
	assert_true(has(cache, 1) && has(cache, 2));
	free(written.bytes);
	content_cache_free(cache);
}

static void no_prefix_passes_for_the_whole(void **state)
{
	struct image written = image();

	(void)state;
	for (size_t size = 0; size < written.size; size++) {
		struct content_cache *cache = content_cache_new(8);
		uint8_t *exact = malloc(size + !size);

		memcpy(exact, written.bytes, size);
		assert_int_equal(cache_file_read(exact, size, boot, cache), -EBADMSG);
		assert_int_equal(content_cache_count(cache), 0);
		free(exact);
		content_cache_free(cache);
	}
	free(written.bytes);
}

static void no_flipped_bit_passes(void **state)
{
	struct image written = image();

	(void)state;
	for (size_t bit = 0; bit < 8 * written.size; bit++) {
		struct content_cache *cache = content_cache_new(8);

		written.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_equal(cache_file_read(written.bytes, written.size, boot, cache),
				 -EBADMSG);
		written.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		content_cache_free(cache);
	}
	free(written.bytes);
}

static void a_file_is_replaced_as_a_whole(void **state)
{
	struct content_cache *cache = content_cache_new(8), *read = content_cache_new(8);
	char *directory = temp_dir_new(), *path = temp_dir_path(directory, "hashes");
	struct stat facts;

	(void)state;
	assert_int_equal(cache_file_load(path, boot, read), -ENOENT);
	put(cache, 1, 1);
	assert_true(content_cache_has_grown(cache));
	assert_false(content_cache_has_grown(cache));
	assert_int_equal(cache_file_save(path, boot, cache), 0);
	put(cache, 2, 2);
	assert_int_equal(cache_file_save(path, boot, cache), 0);
	assert_int_equal(cache_file_load(path, boot, read), 0);
	assert_int_equal(content_cache_count(read), 2);
	assert_int_equal(stat(path, &facts), 0);
	assert_int_equal(facts.st_mode & 0777, 0600);
	assert_int_equal(truncate(path, 20), 0);
	assert_int_equal(cache_file_load(path, boot, read), -EBADMSG);
	temp_dir_remove(directory);
	free(path);
	content_cache_free(cache);
	content_cache_free(read);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_part_of_an_identity_counts),
		cmocka_unit_test(the_one_asked_for_longest_ago_gives_way),
		cmocka_unit_test(a_content_is_new_once),
		cmocka_unit_test(what_is_read_is_what_was_written),
		cmocka_unit_test(after_a_reboot_unnamed_devices_are_left_out),
		cmocka_unit_test(no_prefix_passes_for_the_whole),
		cmocka_unit_test(no_flipped_bit_passes),
		cmocka_unit_test(a_file_is_replaced_as_a_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
