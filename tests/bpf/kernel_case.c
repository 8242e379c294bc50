/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf/kernel_case.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include <cmocka.h>

int kernel_version(void)
{
	struct utsname host;
	int major = 0, minor = 0;

	assert_int_equal(uname(&host), 0);
	assert_int_equal(sscanf(host.release, "%d.%d", &major, &minor), 2);
	return major * 1000 + minor;
}

bool is_old_kernel(void)
{
	return kernel_version() < 5012;
}

/* Whether the first line of a file of the kernel's holds a word. */
static bool kernel_says(const char *path, const char *word)
{
	FILE *file = fopen(path, "re");
	char line[512] = "";

	if (!file)
		return false;
	if (!fgets(line, sizeof(line), file))
		line[0] = '\0';
	fclose(file);
	return strstr(line, word) != NULL;
}

bool is_confidential(void)
{
	return kernel_says("/sys/kernel/security/lockdown", "[confidentiality]");
}

bool is_bpf_security_module(void)
{
	return kernel_says("/sys/kernel/security/lsm", "bpf");
}

bool events_are_skipped(void)
{
	return is_guest() && kernel_version() >= 7000 &&
	       kernel_says("/proc/cmdline", "preempt=full");
}

bool is_guest(void)
{
	struct utsname host;

	assert_int_equal(uname(&host), 0);
	return strcmp(host.nodename, "guest") == 0;
}
