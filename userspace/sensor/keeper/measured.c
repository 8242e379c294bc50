/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/keeper/measured.h"

#include "bpf/abi/executed.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <string.h>

int measured_map_of(const struct bpf_object *object)
{
	int fd = bpf_object__find_map_fd_by_name(object, "executed_digests");

	return fd < 0 ? -1 : fd;
}

struct keeper_digest measured_find(int map_fd, const struct hash_identity *identity)
{
	const struct executed_content file = { .inode = identity->inode,
					       .ctime_ns = identity->ctime_ns,
					       .device = identity->device };
	struct keeper_digest found = { 0 };
	struct executed_digest digest;

	if (map_fd < 0 || bpf_map_lookup_elem(map_fd, &file, &digest) < 0)
		return found;
	found.algorithm = digest.algorithm;
	memcpy(found.digest, digest.digest, sizeof(found.digest));
	return found;
}
