/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/keeper/iterator.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <sys/types.h>
#include <unistd.h>

int iterator_run(const struct bpf_link *link)
{
	char ignored[256];
	ssize_t got;
	int fd = bpf_iter_create(bpf_link__fd(link));
	int r;

	if (fd < 0)
		return -errno;
	do
		got = read(fd, ignored, sizeof(ignored));
	while (got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR)));
	r = got < 0 ? -errno : 0;
	close(fd);
	return r;
}
