/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/process/procfs.h"

#include "common/cleanup.h"
#include "common/procdir.h"

long procfs_args(const char *proc, const struct process_key *key, char *ret_args, size_t size)
{
	_cleanup_close_ int directory = procdir_open(proc, (pid_t)key->pid);
	long length;
	int r;

	if (directory < 0)
		return directory;
	r = procdir_check_start(directory, key->start_ns);
	if (r < 0)
		return r;
	length = procdir_read(directory, "cmdline", ret_args, size);
	if (length < 0)
		return length;
	r = procdir_check_start(directory, key->start_ns);
	return r < 0 ? r : length;
}
