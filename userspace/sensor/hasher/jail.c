/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/hasher/jail.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static int become(const char *user, char ret_error[JAIL_ERROR_BYTES])
{
	const struct passwd *entry;

	errno = 0;
	entry = getpwnam(user);
	if (!entry) {
		snprintf(ret_error, JAIL_ERROR_BYTES, "there is no user '%.64s'", user);
		return -ENOENT;
	}
	if (setgroups(0, NULL) < 0 || setresgid(entry->pw_gid, entry->pw_gid, entry->pw_gid) < 0 ||
	    setresuid(entry->pw_uid, entry->pw_uid, entry->pw_uid) < 0) {
		int r = -errno;

		snprintf(ret_error, JAIL_ERROR_BYTES, "cannot become '%.64s': %s", user,
			 strerror(-r));
		return r;
	}
	return 0;
}

static int drop_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };

	return syscall(SYS_capset, &header, none) < 0 ? -errno : 0;
}

int jail_drop_privileges(const char *user, char ret_error[JAIL_ERROR_BYTES])
{
	int r = user && *user ? become(user, ret_error) : 0;

	if (r < 0)
		return r;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		r = -errno;
	if (r == 0)
		r = drop_capabilities();
	if (r < 0)
		snprintf(ret_error, JAIL_ERROR_BYTES, "cannot give up privileges: %s",
			 strerror(-r));
	return r;
}

int jail_close(void)
{
	static const int allowed[] = {
		SCMP_SYS(pread64),	   SCMP_SYS(fstat),	      SCMP_SYS(close),
		SCMP_SYS(recvmsg),	   SCMP_SYS(sendmsg),	      SCMP_SYS(clock_gettime),
		SCMP_SYS(clock_nanosleep), SCMP_SYS(restart_syscall), SCMP_SYS(exit),
		SCMP_SYS(exit_group),
	};
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int r = filter ? 0 : -ENOMEM;

	for (size_t i = 0; i < sizeof(allowed) / sizeof(*allowed) && r == 0; i++)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
	if (r == 0)
		r = seccomp_load(filter);
	if (r < 0 && filter) /* else it stays: freeing memory may take a system call */
		seccomp_release(filter);
	return r;
}
