/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/workplace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static int make_directory(const char *path, char *ret_error, size_t error_size)
{
	if (mkdir(path, 0700) == 0 || errno == EEXIST)
		return 0;
	snprintf(ret_error, error_size,
		 "cannot make directory %s: %s; make its parent, or set [sensor] state_directory",
		 path, strerror(errno));
	return -errno;
}

static int lock_directory(const char *path, struct workplace *workplace, char *ret_error,
			  size_t error_size)
{
	char lock_path[WORKPLACE_PATH_BYTES + 8];
	int r;

	snprintf(lock_path, sizeof(lock_path), "%s/lock", path);
	workplace->lock = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (workplace->lock < 0) {
		r = -errno;
		snprintf(ret_error, error_size, "cannot open %s: %s", lock_path, strerror(-r));
		return r;
	}
	if (flock(workplace->lock, LOCK_EX | LOCK_NB) == 0)
		return 0;
	r = errno == EWOULDBLOCK ? -EBUSY : -errno;
	snprintf(ret_error, error_size,
		 "%s is in use by another yagurad; stop it first, or set "
		 "another [sensor] state_directory",
		 path);
	workplace_close(workplace);
	return r;
}

int workplace_open(const char *state_directory, struct workplace *ret_workplace, char *ret_error,
		   size_t error_size)
{
	struct workplace workplace = { .lock = -1 };
	int r;

	if (snprintf(workplace.spool_directory, sizeof(workplace.spool_directory), "%s/spool",
		     state_directory) >= (int)sizeof(workplace.spool_directory)) {
		snprintf(ret_error, error_size, "[sensor] state_directory is too long");
		return -ENAMETOOLONG;
	}
	r = make_directory(state_directory, ret_error, error_size);
	if (r == 0)
		r = make_directory(workplace.spool_directory, ret_error, error_size);
	if (r == 0)
		r = lock_directory(state_directory, &workplace, ret_error, error_size);
	if (r == 0)
		*ret_workplace = workplace;
	return r;
}

void workplace_close(struct workplace *workplace)
{
	if (workplace->lock >= 0)
		close(workplace->lock);
	workplace->lock = -1;
}
