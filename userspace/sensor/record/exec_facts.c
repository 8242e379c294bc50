/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/record/exec_facts.h"

#include "telemetry/record.h"

#include <stddef.h>
#include <string.h>
#include <sys/stat.h>

/* The kernel's word for it, and ours. */
static const struct {
	uint32_t flag; /* enum event_exec_flag */
	enum exec_fact fact;
} told[] = {
	{ EXEC_ENTERED_CGROUPNS, FACT_ENTERED_CGROUPNS },
	{ EXEC_ENTERED_IPCNS, FACT_ENTERED_IPCNS },
	{ EXEC_ENTERED_MNTNS, FACT_ENTERED_MNTNS },
	{ EXEC_ENTERED_NETNS, FACT_ENTERED_NETNS },
	{ EXEC_ENTERED_PIDNS, FACT_ENTERED_PIDNS },
	{ EXEC_ENTERED_USERNS, FACT_ENTERED_USERNS },
	{ EXEC_ENTERED_UTSNS, FACT_ENTERED_UTSNS },
	{ EXEC_LD_PRELOAD, FACT_LD_PRELOAD },
	{ EXEC_LD_LIBRARY_PATH, FACT_LD_LIBRARY_PATH },
	{ EXEC_LD_AUDIT, FACT_LD_AUDIT },
	{ EXEC_ENVIRONMENT_CUT, FACT_ENVIRONMENT_CUT },
	{ EXEC_ENVIRONMENT_UNKNOWN, FACT_ENVIRONMENT_UNKNOWN },
	{ EXEC_WRITABLE_DIRECTORY, FACT_WRITABLE_DIRECTORY },
	{ EXEC_NAMESPACE_INIT, FACT_NAMESPACE_INIT },
	{ EXEC_KERNEL_ANCESTOR, FACT_KERNEL_ANCESTOR },
	{ EXEC_ANCESTORS_CUT, FACT_ANCESTORS_CUT },
};

/* Directories that are emptied at boot or from time to time, or that a login makes for itself
 * (file-hierarchy(7)); in a container those of its own mount namespace. */
static const char *const temporary_places[] = {
	"/tmp/", "/var/tmp/", "/dev/shm/", "/dev/mqueue/", "/run/user/", "/run/lock/", "/run/shm/",
};

static bool is_in_temporary_place(const struct decoded_exec *exec)
{
	for (size_t i = 0; i < sizeof(temporary_places) / sizeof(temporary_places[0]); i++)
		if (strncmp(exec->path, temporary_places[i], strlen(temporary_places[i])) == 0)
			return true;
	return false;
}

uint32_t exec_facts(const struct decoded_exec *exec)
{
	uint32_t facts = 0;

	for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++)
		if (exec->fixed.flags & told[i].flag)
			facts |= told[i].fact;
	if (exec->fixed.mode & S_IWOTH && !(exec->fixed.flags & EXEC_MEMFD))
		facts |= FACT_WRITABLE_FILE;
	if (is_in_temporary_place(exec))
		facts |= FACT_TEMPORARY_PLACE;
	return facts;
}
