/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf/group_case.h"

#include "sensor/keeper/cgroup.h"
#include "sensor/keeper/place.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void group_own_path(char *ret_path, size_t size)
{
	FILE *file = fopen("/proc/self/cgroup", "re");
	char line[512];

	assert_non_null(file);
	ret_path[0] = '\0';
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, "0::", 3) == 0)
			snprintf(ret_path, size, "%s", line + 3);
	}
	fclose(file);
	assert_string_not_equal(ret_path, "");
}

void group_make(struct group *ret_group, const char *name)
{
	char root[256], error[256];
	int fd;

	assert_int_equal(cgroup_open(NULL, &fd, root, sizeof(root), error, sizeof(error)), 0);
	snprintf(ret_group->directory, sizeof(ret_group->directory), "%s/yagura-test-%s-%d", root,
		 name, (int)getpid());
	assert_int_equal(mkdir(ret_group->directory, 0755), 0);
	assert_int_equal(place_cgroup(fd, ret_group->directory + strlen(root), &ret_group->id), 0);
	close(fd);
}

/* Its last process may not have quite gone. */
void group_remove(const struct group *group)
{
	for (int attempt = 0; attempt < 100 && rmdir(group->directory) < 0; attempt++)
		usleep(10000);
	assert_int_equal(access(group->directory, F_OK), -1);
}

pid_t group_fork(const struct group *group)
{
	char path[600];
	pid_t pid = fork();
	int fd;

	if (pid != 0)
		return pid;
	snprintf(path, sizeof(path), "%s/cgroup.procs", group->directory);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "0", 1) != 1)
		_exit(99);
	close(fd);
	return 0;
}

void policy_set(struct probe_fixture *fixture, struct policy policy)
{
	char error[POLICY_ERROR_BYTES] = "";

	policy.drop = policy.drop ? policy.drop : "";
	policy.keep = policy.keep ? policy.keep : "";
	if (policy_apply(&policy, fixture->loader, error) < 0)
		fail_msg("%s", error);
}
