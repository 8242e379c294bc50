/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/keeper/executed.h"

#include "bpf/abi/executed.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/procdir.h"
#include "sensor/keeper/executed_path.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fsverity.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#ifndef FUSE_SUPER_MAGIC
#define FUSE_SUPER_MAGIC 0x65735546
#endif
/* Of ctime a kernel keeps ticks only; of the time of an execve() every nanosecond. */
#define CTIME_SLACK_NS (10 * NS_PER_MS)

struct executed_maps executed_maps_of(const struct bpf_object *object)
{
	return (struct executed_maps){
		.files_fd = bpf_object__find_map_fd_by_name(object, "executed_files"),
		.scripts_fd = bpf_object__find_map_fd_by_name(object, "executed_scripts"),
	};
}

/* --- the executable --- */

static bool is_noted(const struct executed_maps *maps, const struct hash_identity *identity,
		     uint32_t *ret_magic)
{
	const struct executed_file file = { .inode = identity->inode,
					    .ctime_ns = identity->ctime_ns,
					    .device = identity->device };

	return maps->files_fd >= 0 && bpf_map_lookup_elem(maps->files_fd, &file, ret_magic) == 0;
}

/* What the process runs, whatever has become of its name. The very inode that was executed: the
 * device need not be looked at where its number and times agree. */
static bool open_running(const struct keeper_hash_request *request,
			 struct executed_file_opened *opened)
{
	const struct hash_identity *want = &request->identity;
	_cleanup_close_ int process = procdir_open("/proc", (pid_t)request->process.pid);
	int fd;

	if (process < 0 || procdir_check_start(process, request->process.start_ns) < 0)
		return false;
	fd = openat(process, "exe", O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return false;
	if (!executed_path_facts(fd, &opened->opened) || opened->opened.inode != want->inode ||
	    opened->opened.bytes != want->bytes || opened->opened.mtime_ns != want->mtime_ns) {
		close(fd);
		return false;
	}
	opened->fd = fd;
	opened->status = opened->opened.ctime_ns == want->ctime_ns ? HASH_OK : HASH_TOUCHED;
	return true;
}

static bool is_same(const struct hash_identity *one, const struct hash_identity *other)
{
	return memcmp(one, other, sizeof(*one)) == 0;
}

/* By its name, as the process, its parent, init or, where that is hidden from us, we see it. */
static void open_by_name(const struct keeper_hash_request *request,
			 struct executed_file_opened *opened)
{
	const struct process_key init = { .pid = 1 }, self = { .pid = (uint32_t)getpid() };
	const struct process_key *seers[] = { &request->process, &request->parent, &init, &self };

	opened->status = HASH_VANISHED;
	if (request->path[0] != '/')
		return;
	for (size_t i = 0; i < sizeof(seers) / sizeof(*seers); i++) {
		struct hash_identity found;
		int fd = executed_path_open(seers[i], request->path, &found);

		if (fd >= 0 && is_same(&found, &request->identity)) {
			opened->opened = found;
			opened->fd = executed_path_reopen(fd);
			opened->status = opened->fd >= 0 ? HASH_OK : HASH_UNREADABLE;
			close(fd);
			return;
		}
		if (fd >= 0) {
			opened->status = HASH_CHANGED;
			close(fd);
		}
	}
}

static void open_executable(const struct executed_maps *maps, uint64_t bytes_max,
			    const struct keeper_hash_request *request,
			    struct executed_file_opened *opened)
{
	uint32_t magic = 0;

	opened->identity = request->identity;
	if (!is_noted(maps, &request->identity, &magic))
		opened->status = HASH_NOT_CONFIRMED;
	else if (magic == FUSE_SUPER_MAGIC)
		opened->status = HASH_UNREADABLE;
	else if (request->identity.bytes > bytes_max)
		opened->status = HASH_TOO_LARGE;
	else if (!open_running(request, opened))
		open_by_name(request, opened);
}

/* --- the script --- */

/* Whether it can be the file that was executed: it must not have changed since, a program in its
 * place would have had to be there before, under this name. */
static enum hash_status judge_script(int fd, const struct executed_script *script,
				     const struct hash_identity *found)
{
	uint64_t exec_ns = script->time_ns + clock_boot_epoch_ns();
	struct stat facts;

	if (fstat(fd, &facts) < 0 || (facts.st_mode & 0111) == 0)
		return HASH_CHANGED;
	return found->ctime_ns <= exec_ns + CTIME_SLACK_NS ? HASH_OK : HASH_CHANGED;
}

static void open_script(const struct executed_maps *maps, uint64_t bytes_max,
			const struct keeper_hash_request *request,
			struct executed_file_opened *opened)
{
	struct executed_script script;
	int fd;

	if (maps->scripts_fd < 0 ||
	    bpf_map_lookup_elem(maps->scripts_fd, &request->process, &script) < 0 ||
	    script.name_bytes == 0 || script.name_bytes >= sizeof(script.name)) {
		opened->status = HASH_NOT_CONFIRMED;
		return;
	}
	script.name[script.name_bytes] = '\0';
	fd = executed_path_open_script(&request->process, &request->parent, &script,
				       &opened->opened);
	if (fd < 0) {
		opened->status = fd == -EACCES ? HASH_UNREADABLE : HASH_VANISHED;
		return;
	}
	opened->identity = opened->opened;
	opened->status = judge_script(fd, &script, &opened->opened);
	if (opened->status == HASH_OK && opened->opened.bytes > bytes_max)
		opened->status = HASH_TOO_LARGE;
	if (opened->status == HASH_OK && request->what == KEEPER_HASH_SCRIPT) {
		opened->fd = executed_path_reopen(fd);
		if (opened->fd < 0)
			opened->status = HASH_UNREADABLE;
	}
	close(fd);
}

void executed_open(const struct executed_maps *maps, uint64_t bytes_max,
		   const struct keeper_hash_request *request,
		   struct executed_file_opened *ret_opened)
{
	*ret_opened = (struct executed_file_opened){ .fd = -1 };
	if (request->what == KEEPER_HASH_EXECUTABLE)
		open_executable(maps, bytes_max, request, ret_opened);
	else
		open_script(maps, bytes_max, request, ret_opened);
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
