/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/keeper/net_namespaces.h"

#include "common/cleanup.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct visits {
	int (*visit)(void *context);
	void *context;
	ino_t seen[NET_NAMESPACES_MAX];
	size_t count;
	int result; /* the first error */
};

/* The latest is the likeliest: processes of a container follow each other. */
static bool is_new(struct visits *visits, ino_t number)
{
	for (size_t i = visits->count; i > 0; i--)
		if (visits->seen[i - 1] == number)
			return false;
	if (visits->count == NET_NAMESPACES_MAX)
		return false;
	visits->seen[visits->count++] = number;
	return true;
}

static void visit_one(struct visits *visits, int fd)
{
	int r;

	if (setns(fd, CLONE_NEWNET) < 0)
		return;
	r = visits->visit(visits->context);
	if (visits->result == 0)
		visits->result = r;
}

static void visit_of_process(struct visits *visits, int proc, const char *pid)
{
	char name[64];
	struct stat facts;
	int fd;

	snprintf(name, sizeof(name), "%.32s/ns/net", pid);
	if (fstatat(proc, name, &facts, 0) < 0 || !is_new(visits, facts.st_ino))
		return;
	fd = openat(proc, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	visit_one(visits, fd);
	close(fd);
}

/* --- those that are mounted: ip-netns(8) and container engines keep namespaces so --- */

/* In place: a blank, tab, line end or backslash of a name is written as three octal digits. */
static void unescape(char *text)
{
	char *to = text;

	for (const char *from = text; *from; to++) {
		unsigned byte;

		if (*from == '\\' && sscanf(from, "\\%3o", &byte) == 1 && strnlen(from, 4) == 4) {
			*to = (char)byte;
			from += 4;
		} else {
			*to = *from++;
		}
	}
	*to = '\0';
}

/* "36 35 0:4 net:[4026532201] /run/netns/blue rw - nsfs nsfs rw": `ret_path` is freed by the
 * caller, NULL when the line is of another mount. */
static ino_t mounted_namespace(const char *line, char **ret_path)
{
	unsigned long number = 0;

	*ret_path = NULL;
	if (!strstr(line, " - nsfs ") ||
	    sscanf(line, "%*u %*u %*s net:[%lu] %ms", &number, ret_path) != 2)
		return 0;
	unescape(*ret_path);
	return number;
}

static FILE *open_list(int process)
{
	int fd = openat(process, "mountinfo", O_RDONLY | O_CLOEXEC);
	FILE *list = fd < 0 ? NULL : fdopen(fd, "r");

	if (!list && fd >= 0)
		close(fd);
	return list;
}

/* Where nothing but root mounts anything, and so nobody's program has to answer. */
static void visit_mounted(struct visits *visits, int proc, const char *seer)
{
	_cleanup_close_ int process = openat(proc, seer, O_PATH | O_DIRECTORY | O_CLOEXEC);
	_cleanup_close_ int root = openat(process, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	_cleanup_fclose_ FILE *mounts = open_list(process);
	_cleanup_free_ char *line = NULL;
	size_t size = 0;

	while (root >= 0 && mounts && visits->result == 0 && getline(&line, &size, mounts) > 0) {
		_cleanup_free_ char *path = NULL;
		ino_t number = mounted_namespace(line, &path);
		_cleanup_close_ int fd = -1;

		if (!path || path[0] != '/' || !is_new(visits, number))
			continue;
		fd = openat(root, path + 1, O_RDONLY | O_CLOEXEC);
		if (fd >= 0)
			visit_one(visits, fd);
	}
}

int net_namespaces_visit(int (*visit)(void *context), void *context)
{
	_cleanup_close_ int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	struct visits visits = { .visit = visit, .context = context };
	const struct dirent *entry;
	DIR *proc;

	if (own < 0)
		return -errno;
	proc = opendir("/proc");
	if (!proc)
		return -errno;
	visit_of_process(&visits, dirfd(proc), "self");
	while (visits.result == 0 && (entry = readdir(proc)))
		if (isdigit((unsigned char)entry->d_name[0]))
			visit_of_process(&visits, dirfd(proc), entry->d_name);
	visit_mounted(&visits, dirfd(proc), "self");
	visit_mounted(&visits, dirfd(proc), "1"); /* ours may be another mount namespace */
	closedir(proc);
	if (setns(own, CLONE_NEWNET) < 0)
		return -errno;
	return visits.result;
}
