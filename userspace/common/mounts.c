/* SPDX-License-Identifier: Apache-2.0 */
#include "common/mounts.h"

#include "common/cleanup.h"

#include <mntent.h>
#include <stdio.h>
#include <string.h>

static void cleanup_endmntentp(FILE **file)
{
	if (*file)
		endmntent(*file);
}

bool mounts_find(const char *type, char *ret_path, size_t size)
{
	_cleanup_(cleanup_endmntentp) FILE *mounts = setmntent("/proc/self/mounts", "re");
	struct mntent *entry;

	while (mounts && (entry = getmntent(mounts))) {
		if (strcmp(entry->mnt_type, type) == 0) {
			snprintf(ret_path, size, "%s", entry->mnt_dir);
			return true;
		}
	}
	return false;
}
