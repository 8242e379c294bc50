/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/keeper/executed.h"

#include "bpf/abi/executed.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "sensor/keeper/executed_kind.h"
#include "sensor/keeper/executed_path.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/fsverity.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/ioctl.h>

#ifndef FUSE_SUPER_MAGIC
#define FUSE_SUPER_MAGIC 0x65735546
#endif

struct executed_maps executed_maps_of(const struct bpf_object *object)
{
	return (struct executed_maps){
		.files_fd = bpf_object__find_map_fd_by_name(object, "executed_files"),
		.scripts_fd = bpf_object__find_map_fd_by_name(object, "executed_scripts"),
	};
}

static bool is_same(const struct hash_identity *one, const struct hash_identity *other)
{
	return memcmp(one, other, sizeof(*one)) == 0;
}

/* OK: the kernel side saw it executed, and nobody has executed anything else of that inode since.
 */
static enum hash_status confirm(const struct executed_maps *maps,
				const struct hash_identity *identity,
				struct executed_latest *ret_latest)
{
	const struct executed_file file = { .inode = identity->inode, .device = identity->device };

	if (maps->files_fd < 0 || bpf_map_lookup_elem(maps->files_fd, &file, ret_latest) < 0)
		return HASH_NOT_CONFIRMED;
	if (ret_latest->ctime_ns != identity->ctime_ns)
		return HASH_CHANGED;
	return ret_latest->magic == FUSE_SUPER_MAGIC ? HASH_UNREADABLE : HASH_OK;
}

/* From now on a change would show in its times. */
static bool is_settled(const struct hash_identity *opened)
{
	return clock_realtime_ns() >= opened->ctime_ns + clock_file_tick_ns();
}

/* --- what runs --- */

/*
 * An executable cannot be written to while it runs (ETXTBSY; but for Linux 6.11, 6.12.0 and .1).
 * So what a process has run since its execve() holds what it held then, even if it was linked,
 * unlinked or made another's since, which moves ctime.
 *
 * That it has run it since is known if nobody executed the inode after that: who does so having
 * changed it is noted down with another ctime, so that is looked at once it is open. And an overlay
 * lets who mounted it write to the layer below, so there nothing may have moved.
 */
static enum hash_status judge_running(const struct executed_maps *maps,
				      const struct hash_identity *want,
				      const struct hash_identity *found,
				      struct executed_latest *ret_latest)
{
	enum hash_status status = confirm(maps, want, ret_latest);

	if (status != HASH_OK)
		return status;
	if (found->ctime_ns == want->ctime_ns)
		return HASH_OK;
	if (ret_latest->magic == OVERLAYFS_SUPER_MAGIC && ret_latest->user_ns_level > 0)
		return HASH_CHANGED;
	return HASH_TOUCHED;
}

/* An O_PATH descriptor, -1 when the process has gone or runs something else. */
static int find_running(const struct keeper_hash_request *request, struct hash_identity *ret_found)
{
	const struct hash_identity *want = &request->identity;
	int fd = executed_path_open_running(&request->process, ret_found);

	if (fd >= 0 && (ret_found->inode != want->inode || ret_found->device != want->device ||
			ret_found->bytes != want->bytes || ret_found->mtime_ns != want->mtime_ns)) {
		close(fd);
		fd = -1;
	}
	return fd < 0 ? -1 : fd;
}

static void reopen(int fd, struct executed_file_opened *opened)
{
	opened->fd = executed_path_reopen(fd);
	if (opened->fd < 0)
		opened->status = HASH_UNREADABLE;
}

static void refuse(struct executed_file_opened *opened)
{
	close(opened->fd);
	opened->fd = -1;
	opened->status = HASH_UNSETTLED;
}

static bool open_running(const struct executed_maps *maps,
			 const struct keeper_hash_request *request,
			 struct executed_file_opened *opened)
{
	_cleanup_close_ int fd = find_running(request, &opened->opened);
	struct executed_latest latest;

	if (fd < 0)
		return false;
	opened->status = judge_running(maps, &request->identity, &opened->opened, &latest);
	if (opened->status == HASH_OK || opened->status == HASH_TOUCHED)
		reopen(fd, opened);
	if (opened->fd >= 0 && executed_is_writable(opened->fd))
		refuse(opened);
	return true;
}

/* Whether it still runs, at a time when a change would show: then it has not changed since. */
static void look_at_running(const struct executed_maps *maps,
			    const struct keeper_hash_request *request,
			    struct executed_file_opened *opened)
{
	_cleanup_close_ int fd = -1;
	struct executed_latest latest = { 0 };

	opened->status = HASH_UNSETTLED;
	if (!is_settled(&request->identity))
		return;
	fd = find_running(request, &opened->opened);
	if (fd < 0)
		return;
	opened->status = judge_running(maps, &request->identity, &opened->opened, &latest);
	if (opened->status == HASH_TOUCHED)
		opened->status = HASH_OK;
	if (opened->status == HASH_OK && latest.time_ns != request->time_ns)
		opened->status = HASH_UNSETTLED; /* executed once more within that instant */
}

/* --- what has a name --- */

/* By its name, as the process, its parent, init or, where that is hidden from us, we see it. */
static void open_by_name(const struct keeper_hash_request *request,
			 struct executed_file_opened *opened)
{
	const struct process_key init = { .pid = 1 }, self = { .pid = (uint32_t)getpid() };
	const struct process_key *seers[] = { &request->process, &request->parent, &init, &self };

	opened->status = HASH_VANISHED;
	for (size_t i = 0; i < sizeof(seers) / sizeof(*seers); i++) {
		_cleanup_close_ int fd =
			executed_path_open(seers[i], request->path, &opened->opened);

		if (fd < 0)
			continue;
		opened->status = HASH_CHANGED;
		if (!is_same(&opened->opened, &request->identity))
			continue;
		opened->status = HASH_OK;
		reopen(fd, opened);
		return;
	}
}

/* --- what is asked for --- */

static void open_file(const struct executed_maps *maps, uint64_t bytes_max,
		      const struct keeper_hash_request *request,
		      struct executed_file_opened *opened)
{
	struct executed_latest latest = { 0 };

	opened->identity = request->identity;
	opened->status = confirm(maps, &request->identity, &latest);
	opened->is_volatile = !executed_times_tell(&latest);
	if (opened->status == HASH_OK && request->identity.bytes > bytes_max)
		opened->status = HASH_TOO_LARGE;
	if (opened->status != HASH_OK)
		return;
	if (request->what == KEEPER_HASH_SCRIPT || !open_running(maps, request, opened))
		open_by_name(request, opened);
	if (opened->fd >= 0 && !is_settled(&opened->opened))
		refuse(opened);
}

static void look_at_script(const struct executed_maps *maps,
			   const struct keeper_hash_request *request,
			   struct executed_file_opened *opened)
{
	struct executed_script script;

	opened->status = HASH_NOT_CONFIRMED;
	if (maps->scripts_fd < 0 ||
	    bpf_map_lookup_elem(maps->scripts_fd, &request->process, &script) < 0)
		return;
	opened->status = HASH_OK;
	opened->identity = (struct hash_identity){ .inode = script.inode,
						   .bytes = script.bytes,
						   .ctime_ns = script.ctime_ns,
						   .mtime_ns = script.mtime_ns,
						   .device = script.device };
}

/* Another file system may have been given the number of one that is gone. */
static void look_at_file(const struct executed_maps *maps,
			 const struct keeper_hash_request *request,
			 struct executed_file_opened *opened)
{
	struct executed_latest latest = { 0 };

	opened->identity = request->identity;
	opened->status = confirm(maps, &request->identity, &latest);
	if (opened->status == HASH_OK && !executed_times_tell(&latest))
		opened->status = HASH_UNSETTLED;
}

void executed_open(const struct executed_maps *maps, uint64_t bytes_max,
		   const struct keeper_hash_request *request,
		   struct executed_file_opened *ret_opened)
{
	*ret_opened = (struct executed_file_opened){ .fd = -1 };
	if (request->what == KEEPER_HASH_SCRIPT_LOOK)
		look_at_script(maps, request, ret_opened);
	else if (request->what == KEEPER_HASH_EXECUTABLE_LOOK)
		look_at_running(maps, request, ret_opened);
	else if (request->what == KEEPER_HASH_FILE_LOOK)
		look_at_file(maps, request, ret_opened);
	else
		open_file(maps, bytes_max, request, ret_opened);
}

void executed_measure(int fd, struct keeper_hash_reply *reply)
{
	union {
		struct fsverity_digest digest;
		uint8_t bytes[sizeof(struct fsverity_digest) + KEEPER_VERITY_BYTES_MAX];
	} measured = { 0 };

	measured.digest.digest_size = KEEPER_VERITY_BYTES_MAX;
	if (ioctl(fd, FS_IOC_MEASURE_VERITY, &measured) < 0 ||
	    measured.digest.digest_size > KEEPER_VERITY_BYTES_MAX)
		return;
	reply->verity_algorithm = measured.digest.digest_algorithm;
	reply->verity_bytes = measured.digest.digest_size;
	memcpy(reply->verity, measured.digest.digest, reply->verity_bytes);
}
