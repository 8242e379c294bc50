/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/keeper/mountinfo.h"

#include "common/cleanup.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* "36 35 98:0 /root /mount options… - kind source options": the third field is the file system's
 * own device. */
int mountinfo_find(const char *mountinfo, uint64_t mount_id, struct mount_facts *ret_facts)
{
	_cleanup_fclose_ FILE *mounts = fopen(mountinfo, "re");
	_cleanup_free_ char *line = NULL;
	size_t size = 0;

	if (!mounts)
		return -errno;
	while (getline(&line, &size, mounts) > 0) {
		struct mount_facts facts = { 0 };
		unsigned major, minor;
		const char *kind;
		uint64_t id;

		if (sscanf(line, "%" SCNu64 " %*u %u:%u", &id, &major, &minor) != 3 ||
		    id != mount_id)
			continue;
		kind = strstr(line, " - "); /* names hold no blank: written \040 */
		if (!kind || sscanf(kind, " - %31s", facts.kind) != 1)
			return -EBADMSG;
		facts.device = mountinfo_device(major, minor);
		*ret_facts = facts;
		return 0;
	}
	return -ENODEV;
}
