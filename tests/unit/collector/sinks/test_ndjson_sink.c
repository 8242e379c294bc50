/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/sinks/ndjson.h"

#include "collector/sinks/place_file.h"
#include "support/temp_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define OUTPUT_BYTES (1u << 20)

struct fixture {
	char *directory;
	char *files; /* where they are */
	struct sink_options options;
	struct sink_place place;
	void *sink;
};

static int open_sink(struct fixture *f)
{
	char error[SINK_ERROR_BYTES] = "";

	return ndjson_sink.open(&f->options, &f->sink, error);
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->directory = temp_dir_new();
	f->files = temp_dir_path(f->directory, "ndjson");
	f->options = (struct sink_options){
		.directory = f->directory,
		.ndjson = { .is_enabled = true, .rotate_bytes = 1u << 30, .rotate_s = 1000000 }
	};
	f->place.generation = 5;
	*state = f;
	return open_sink(f);
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	ndjson_sink.close(f->sink);
	temp_dir_remove(f->directory);
	free(f->files);
	free(f);
	return 0;
}

static void put(struct fixture *f, uint64_t count)
{
	static const uint8_t sensor[16] = { 1 };
	const struct record record = { .class = RECORD_GAP, .gap = { .count = count } };
	const struct sink_item item = { .sensor = sensor, .record = &record };

	assert_int_equal(ndjson_sink.write(f->sink, &item), 0);
}

static void flush(struct fixture *f)
{
	f->place.position++;
	assert_int_equal(ndjson_sink.flush(f->sink, &f->place), 0);
}

/* As after a kill: nothing is flushed or closed in order. */
static void reopen(struct fixture *f)
{
	ndjson_sink.close(f->sink);
	assert_int_equal(open_sink(f), 0);
}

static size_t read_file(const char *directory, const char *name, char *ret_text, size_t room)
{
	char *path = temp_dir_path(directory, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t size = read(fd, ret_text, room);

	close(fd);
	free(path);
	assert_true(size >= 0);
	return (size_t)size;
}

static int is_ours(const struct dirent *entry)
{
	return strncmp(entry->d_name, "yagura-", 7) == 0;
}

/* The counts in all files, in their order, as "1 2 3"; how many files there are. */
static size_t counts(struct fixture *f, char *ret_counts)
{
	static char text[OUTPUT_BYTES];
	struct dirent **names;
	int files = scandir(f->files, &names, is_ours, alphasort);
	size_t length = 0;

	assert_true(files >= 0);
	for (int i = 0; i < files; i++) {
		length += read_file(f->files, names[i]->d_name, text + length,
				    sizeof(text) - 1 - length);
		free(names[i]);
	}
	free(names);
	text[length] = '\0';
	ret_counts[0] = '\0';
	for (const char *at = text; (at = strstr(at, "\"count\":")); at++)
		sprintf(ret_counts + strlen(ret_counts), "%s%ld", ret_counts[0] ? " " : "",
			atol(at + 8));
	return (size_t)files;
}

static void expect(struct fixture *f, const char *want)
{
	char found[4096];

	counts(f, found);
	assert_string_equal(found, want);
}

static void lines_and_place_go_together(void **state)
{
	struct fixture *f = *state;
	struct sink_place found;

	put(f, 1);
	put(f, 2);
	flush(f);
	put(f, 3);
	reopen(f);
	expect(f, "1 2");
	assert_int_equal(ndjson_sink.place(f->sink, &found), 0);
	assert_true(found.generation == 5 && found.position == 1);
	put(f, 3);
	flush(f);
	expect(f, "1 2 3");
}

/* Killed between writing the lines and the place: they are cut off, and written again. */
static void what_the_place_does_not_know_is_cut_off(void **state)
{
	struct fixture *f = *state;
	char *path = temp_dir_path(f->files, "place");
	char *kept = temp_dir_path(f->files, "kept");

	put(f, 1);
	flush(f);
	assert_int_equal(link(path, kept), 0); /* it is replaced, not written over */
	put(f, 2);
	flush(f);
	expect(f, "1 2");
	assert_int_equal(rename(kept, path), 0);
	reopen(f);
	expect(f, "1");
	put(f, 2);
	flush(f);
	expect(f, "1 2");
	free(path);
	free(kept);
}

static void discarded_lines_are_gone(void **state)
{
	struct fixture *f = *state;

	put(f, 1);
	flush(f);
	for (uint64_t i = 0; i < 20000; i++) /* more than waits in memory */
		put(f, 7);
	ndjson_sink.discard(f->sink);
	expect(f, "1");
	put(f, 2);
	flush(f);
	expect(f, "1 2");
}

static void files_follow_each_other(void **state)
{
	struct fixture *f = *state;
	char found[4096];

	f->options.ndjson.rotate_bytes = 1;
	reopen(f);
	for (uint64_t i = 1; i <= 4; i++) {
		put(f, i);
		flush(f);
	}
	assert_int_equal(counts(f, found), 4);
	assert_string_equal(found, "1 2 3 4");
	f->options.ndjson.files_max = 2;
	reopen(f);
	put(f, 5);
	flush(f);
	put(f, 6);
	flush(f);
	assert_int_equal(counts(f, found), 2);
	assert_non_null(strstr(found, "6"));
	assert_null(strstr(found, "1"));
}

static void a_file_begun_for_nothing_goes(void **state)
{
	struct fixture *f = *state;
	char *stray = temp_dir_path(f->files, "yagura-7fffffffffffffff.ndjson");

	put(f, 1);
	flush(f);
	close(open(stray, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	reopen(f);
	assert_int_equal(access(stray, F_OK), -1);
	expect(f, "1");
	free(stray);
}

static void a_file_taken_away_is_followed_by_another(void **state)
{
	struct fixture *f = *state;
	struct dirent **names;
	char *path;

	put(f, 1);
	flush(f);
	assert_int_equal(scandir(f->files, &names, is_ours, alphasort), 1);
	path = temp_dir_path(f->files, names[0]->d_name);
	unlink(path);
	reopen(f);
	put(f, 2);
	flush(f);
	expect(f, "2");
	free(path);
	free(names[0]);
	free(names);
}

static void a_damaged_place_is_refused(void **state)
{
	struct fixture *f = *state;
	char *path = temp_dir_path(f->files, "place");
	int fd;

	put(f, 1);
	flush(f);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, "9", 1, 20), 1);
	close(fd);
	free(path);
	ndjson_sink.close(f->sink);
	f->sink = NULL;
	assert_int_equal(open_sink(f), -EBADMSG);
	expect(f, "1");
	f->options.ndjson.is_enabled = false;
	assert_int_equal(open_sink(f), -ECANCELED);
}

static int tear_down_closed(void **state)
{
	struct fixture *f = *state;

	temp_dir_remove(f->directory);
	free(f->files);
	free(f);
	return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(lines_and_place_go_together),
		TEST(what_the_place_does_not_know_is_cut_off),
		TEST(discarded_lines_are_gone),
		TEST(files_follow_each_other),
		TEST(a_file_begun_for_nothing_goes),
		TEST(a_file_taken_away_is_followed_by_another),
		cmocka_unit_test_setup_teardown(a_damaged_place_is_refused, set_up,
						tear_down_closed),
	};

	return cmocka_run_group_tests_name("ndjson sink", tests, NULL, NULL);
}
