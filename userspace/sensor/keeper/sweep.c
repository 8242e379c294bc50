/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/keeper/sweep.h"

#include "sensor/keeper/probe_table.h"

#include <errno.h>
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

void sweep_run(struct loader *loader, int fd)
{
	uint64_t expirations;

	if (read(fd, &expirations, sizeof(expirations)) != sizeof(expirations))
		return;
	for (size_t i = 0; i < sizeof(swept) / sizeof(*swept); i++)
		loader_iterate(loader, swept[i]);
}
