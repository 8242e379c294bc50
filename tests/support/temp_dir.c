/* SPDX-License-Identifier: Apache-2.0 */
#include "support/temp_dir.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

char *temp_dir_path(const char *directory, const char *name)
{
	char *path = NULL;

	assert_true(asprintf(&path, "%s/%s", directory, name) > 0);
	return path;
}

char *temp_dir_new(void)
{
	const char *parent = getenv("TMPDIR");
	char *directory = temp_dir_path(parent ? parent : "/tmp", "yagura-test-XXXXXX");

	assert_non_null(mkdtemp(directory));
	return directory;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *place)
{
	(void)status;
	(void)type;
	(void)place;
	return remove(path);
}

void temp_dir_remove(char *directory)
{
	if (!directory)
		return;
	assert_int_equal(nftw(directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS), 0);
	free(directory);
}

void temp_dir_write(const char *directory, const char *name, const void *bytes, size_t size)
{
	char *path = temp_dir_path(directory, name);
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
	free(path);
}
