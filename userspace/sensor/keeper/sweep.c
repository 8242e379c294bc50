/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/keeper/sweep.h"

#include "sensor/keeper/probe_table.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define SWEEP_SECONDS 1

static const char *const swept[] = { PROBE_DATAGRAM_SWEEP, PROBE_DATAGRAM_SWEEP_MANY,
				     PROBE_DATAGRAM_SWEEP_OTHER, PROBE_REFUSED_SWEEP };

int sweep_open(void)
{
	const struct itimerspec period = { { SWEEP_SECONDS, 0 }, { SWEEP_SECONDS, 0 } };
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

	if (fd < 0)
		return -errno;
	if (timerfd_settime(fd, 0, &period, NULL) < 0) {
		int r = -errno;

		close(fd);
		return r;
	}
	return fd;
}

/* A walk over the table of flows costs its size even when nothing is in it. Each socket that has
 * flows there is in a table an eighth as large, from before the first of them to behind the last.
 */
static bool is_due(const struct loader *loader, const char *probe)
{
	uint64_t cookie;
	int many;

	if (strcmp(probe, PROBE_DATAGRAM_SWEEP_MANY) != 0)
		return true;
	many = bpf_object__find_map_fd_by_name(loader_object(loader), "datagram_many");
	return many < 0 || bpf_map_get_next_key(many, NULL, &cookie) == 0 || errno != ENOENT;
}

void sweep_run(struct loader *loader, int fd)
{
	uint64_t expirations;

	if (read(fd, &expirations, sizeof(expirations)) != sizeof(expirations))
		return;
	for (size_t i = 0; i < sizeof(swept) / sizeof(*swept); i++)
		if (is_due(loader, swept[i]))
			loader_iterate(loader, swept[i]);
}
