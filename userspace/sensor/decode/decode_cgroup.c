/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/decode/decode.h"
#include "sensor/decode/names.h"

#include <errno.h>

int decode_cgroup(struct cursor record, struct decoded_event *ret_event)
{
	struct decoded_cgroup *cgroup = &ret_event->cgroup;
	struct event_cgroup fixed;
	struct cursor path;
	int length;

	if (!cursor_copy(&record, &fixed, sizeof(fixed)) ||
	    fixed.path_bytes > EVENT_CGROUP_BYTES_MAX ||
	    (fixed.flags & ~(__u32)CGROUP_PATH_TRUNCATED) != 0)
		return -EBADMSG;
	path = cursor_take(&record, fixed.path_bytes);
	if (!cursor_done(&record))
		return -EBADMSG;
	length = names_join(path, (fixed.flags & CGROUP_PATH_TRUNCATED) != 0, cgroup->path);
	if (length < 0)
		return -EBADMSG;
	if (length == 0)
		cgroup->path[length++] = '/';
	cgroup->path[length] = '\0';
	cgroup->path_length = (size_t)length;
	cgroup->id = fixed.cgroup_id;
	return 0;
}
