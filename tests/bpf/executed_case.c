/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf/executed_case.h"
#include "common/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

struct executed_maps maps_of(const struct probe_fixture *fixture)
{
	return executed_maps_of(loader_object(fixture->loader));
}

struct keeper_hash_request *request_of(const struct probe_fixture *fixture, uint32_t what)
{
	static struct keeper_hash_request request;
	const struct decoded_exec *exec = &fixture->event.exec;
	const struct event_exec *fixed = &exec->fixed;

	memset(&request, 0, sizeof(request));
	request.process = fixed->process;
	request.parent = fixed->parent;
	request.time_ns = fixed->header.time_ns;
	request.identity = (struct hash_identity){ .inode = fixed->inode,
						   .bytes = fixed->file_bytes,
						   .ctime_ns = fixed->ctime_ns,
						   .mtime_ns = fixed->mtime_ns,
						   .device = fixed->device };
	request.what = what;
	assert_true(exec->path_length < sizeof(request.path));
	memcpy(request.path, exec->path, exec->path_length);
	return &request;
}

enum hash_status open_as(const struct probe_fixture *fixture,
			 const struct keeper_hash_request *request, int *ret_fd)
{
	const struct executed_maps maps = maps_of(fixture);
	struct executed_file_opened opened;

	executed_open(&maps, LARGEST, request, &opened);
	if (ret_fd)
		*ret_fd = opened.fd;
	else if (opened.fd >= 0)
		close(opened.fd);
	return opened.status;
}

void assert_holds(int fd, const char *path)
{
	char one[512] = "", other[512] = "";
	int want = open(path, O_RDONLY);
	ssize_t size;

	assert_true(fd >= 0 && want >= 0);
	size = read(want, other, sizeof(other));
	assert_true(size > 0);
	assert_int_equal(pread(fd, one, sizeof(one), 0), size);
	assert_memory_equal(one, other, (size_t)size);
	close(want);
	close(fd);
}

void settle(void)
{
	usleep((useconds_t)(2 * clock_file_tick_ns() / NS_PER_US));
}

struct hash_identity identity_of_file(const char *path)
{
	struct stat facts;

	assert_int_equal(stat(path, &facts), 0);
	return (struct hash_identity){
		.inode = facts.st_ino,
		.bytes = (uint64_t)facts.st_size,
		.ctime_ns = (uint64_t)facts.st_ctim.tv_sec * 1000000000u +
			    (uint64_t)facts.st_ctim.tv_nsec,
		.mtime_ns = (uint64_t)facts.st_mtim.tv_sec * 1000000000u +
			    (uint64_t)facts.st_mtim.tv_nsec,
		.device = major(facts.st_dev) << 20 | minor(facts.st_dev),
	};
}
