/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/record/exec_facts.h"

#include "telemetry/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct fact_case {
	const char *path;
	uint32_t flags;
	uint32_t mode;
	uint32_t facts;
} cases[] = {
	{ "/usr/bin/ls", 0, 0100755, 0 },
	{ "/tmp/x", 0, 0100755, FACT_TEMPORARY_PLACE },
	{ "/var/tmp/a/b", 0, 0100755, FACT_TEMPORARY_PLACE },
	{ "/dev/shm/x", 0, 0100755, FACT_TEMPORARY_PLACE },
	{ "/run/user/1000/x", 0, 0100755, FACT_TEMPORARY_PLACE },
	{ "/tmpfs/x", 0, 0100755, 0 },
	{ "/srv/tmp/x", 0, 0100755, 0 },
	{ "tmp/x", EXEC_PATH_TRUNCATED, 0100755, 0 }, /* its beginning lacks */
	{ "", EXEC_PATH_UNREADABLE, 0, 0 },
	{ "/x", 0, 0100757, FACT_WRITABLE_FILE },
	{ "/x", 0, 0100775, 0 },
	{ "/memfd:x", EXEC_MEMFD | EXEC_DELETED, 0100777, 0 }, /* all of them have that mode */
	{ "/x", EXEC_WRITABLE_DIRECTORY, 0100755, FACT_WRITABLE_DIRECTORY },
	{ "/x", EXEC_ENTERED_CGROUPNS, 0, FACT_ENTERED_CGROUPNS },
	{ "/x", EXEC_ENTERED_IPCNS, 0, FACT_ENTERED_IPCNS },
	{ "/x", EXEC_ENTERED_MNTNS, 0, FACT_ENTERED_MNTNS },
	{ "/x", EXEC_ENTERED_NETNS, 0, FACT_ENTERED_NETNS },
	{ "/x", EXEC_ENTERED_PIDNS, 0, FACT_ENTERED_PIDNS },
	{ "/x", EXEC_ENTERED_USERNS, 0, FACT_ENTERED_USERNS },
	{ "/x", EXEC_ENTERED_UTSNS, 0, FACT_ENTERED_UTSNS },
	{ "/x", EXEC_LD_PRELOAD, 0, FACT_LD_PRELOAD },
	{ "/x", EXEC_LD_LIBRARY_PATH, 0, FACT_LD_LIBRARY_PATH },
	{ "/x", EXEC_LD_AUDIT, 0, FACT_LD_AUDIT },
	{ "/x", EXEC_ENVIRONMENT_CUT, 0, FACT_ENVIRONMENT_CUT },
	{ "/x", EXEC_ENVIRONMENT_UNKNOWN, 0, FACT_ENVIRONMENT_UNKNOWN },
	{ "/x", EXEC_NAMESPACE_INIT, 0, FACT_NAMESPACE_INIT },
	{ "/x", EXEC_KERNEL_ANCESTOR, 0, FACT_KERNEL_ANCESTOR },
	{ "/x", EXEC_ANCESTORS_CUT, 0, FACT_ANCESTORS_CUT },
	{ "/x", EXEC_PRIVILEGED | EXEC_NO_NEW_PRIVS | EXEC_FROM_THREAD, 0, 0 },
};

static void check(void **state)
{
	static struct decoded_exec exec;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(exec.path, sizeof(exec.path), "%s", cases[i].path);
		exec.path_length = strlen(exec.path);
		exec.fixed.flags = cases[i].flags;
		exec.fixed.mode = cases[i].mode;
		if (exec_facts(&exec) != cases[i].facts)
			fail_msg("row %zu, %s: %#x", i, cases[i].path, exec_facts(&exec));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(check) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
