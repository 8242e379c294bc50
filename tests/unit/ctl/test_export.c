/* SPDX-License-Identifier: Apache-2.0 */
/* What is exported, protoc reads: a program that has nothing of ours but the schema. */
#include "ctl/export.h"

#include "common/seglog.h"
#include "support/sample_records.h"
#include "support/temp_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#undef UNIT_TESTING /* cmocka's own malloc hides overreads from ASan */
#include <cmocka.h>

#define TEXT_BYTES (64u << 10)

static int set_up(void **state)
{
	*state = temp_dir_new();
	return 0;
}

static int tear_down(void **state)
{
	temp_dir_remove(*state);
	return 0;
}

/* Two batches of an epoch: what the second shares with the first it does not tell again. */
static void fill_spool(const char *directory)
{
	const struct seglog_options options = {
		.directory = directory, .lane = 0, .generation = 1, .segment_bytes_max = 1 << 20
	};
	struct batch_encoder *encoder = batch_encoder_new(&sample_header);
	struct record records[] = { sample_exec(), sample_exit() };
	struct seglog_recovery recovery = { 0 };
	struct seglog *log = NULL;
	uint64_t seq;

	assert_int_equal(seglog_open(&options, NULL, NULL, &log, &recovery), 0);
	for (size_t i = 0; i < 2; i++) {
		struct batch_bytes made;

		assert_int_equal(batch_encoder_add(encoder, &records[i]), 0);
		assert_int_equal(batch_encoder_finish(encoder, &made), 0);
		assert_int_equal(seglog_append(log, SEGMENT_BATCH, "aux", 3, made.bytes,
					       (uint32_t)made.size, 1, &seq),
				 0);
		free(made.bytes);
	}
	seglog_close(log);
	batch_encoder_free(encoder);
}

static char *decode(const char *directory, const char *name)
{
	static char text[TEXT_BYTES];
	char command[1024];
	size_t size;
	FILE *protoc;

	snprintf(
		command, sizeof(command),
		"protoc --proto_path=proto --decode=yagura.telemetry.Batch telemetry.proto < %s/%s",
		directory, name);
	protoc = popen(command, "r");
	assert_non_null(protoc);
	size = fread(text, 1, sizeof(text) - 1, protoc);
	text[size] = '\0';
	assert_int_equal(pclose(protoc), 0);
	return text;
}

static void protoc_reads_what_is_exported(void **state)
{
	struct export_result result;
	char error[EXPORT_ERROR_BYTES] = "";
	const char *text;

	fill_spool(*state);
	assert_int_equal(export_spool(*state, *state, &result, error), 0);
	assert_int_equal(result.batches, 2);
	assert_int_equal(result.damaged, 0);
	text = decode(*state, "a-0000000000000001.pb");
	assert_non_null(strstr(text, "schema: 4\n"));
	assert_non_null(strstr(text, "texts: \"/usr/bin/curl\"\n"));
	assert_non_null(strstr(text, "pid: 4711\n"));
	assert_non_null(strstr(text, "execs {\n"));
	assert_null(strstr(text, "epoch_index"));
	text = decode(*state, "a-0000000000000002.pb");
	assert_non_null(strstr(text, "epoch_index: 1\n"));
	assert_non_null(strstr(text, "exits {\n"));
	assert_null(strstr(text, "/usr/bin/curl"));
	assert_false(strchr(text, '?')); /* every field has its name */
}

static void damage(const char *directory, const char *name, long offset)
{
	char *path = temp_dir_path(directory, name);
	int fd = open(path, O_RDWR | O_CLOEXEC);
	char byte;

	assert_int_equal(pread(fd, &byte, 1, offset), 1);
	byte ^= 1;
	assert_int_equal(pwrite(fd, &byte, 1, offset), 1);
	close(fd);
	free(path);
}

static void damage_is_passed_over(void **state)
{
	struct export_result result;
	char error[EXPORT_ERROR_BYTES] = "";

	fill_spool(*state);
	damage(*state, "a-0000000000000001.seg", SEGMENT_HEADER_BYTES + SEGMENT_RECORD_BYTES + 9);
	assert_int_equal(export_spool(*state, *state, &result, error), 0);
	assert_int_equal(result.batches, 1);
	assert_int_equal(result.damaged, 1);
	decode(*state, "a-0000000000000002.pb");
}

static void what_is_no_directory_is_said(void **state)
{
	struct export_result result;
	char error[EXPORT_ERROR_BYTES] = "";

	assert_int_equal(export_spool("/nowhere", *state, &result, error), -ENOENT);
	assert_non_null(strstr(error, "/nowhere"));
	assert_int_equal(export_spool(*state, "/nowhere", &result, error), -ENOENT);
	assert_non_null(strstr(error, "it must exist"));
	assert_int_equal(export_spool(*state, *state, &result, error), 0);
	assert_int_equal(result.batches, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(protoc_reads_what_is_exported),
		TEST(damage_is_passed_over),
		TEST(what_is_no_directory_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
