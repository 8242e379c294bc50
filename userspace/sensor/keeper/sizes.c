/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/keeper/sizes.h"

#include "bpf/abi/arena.h"
#include "bpf/abi/config.h"
#include "bpf/yagura.skel.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <sys/stat.h>

static int size_datagrams(struct yagura_bpf *skeleton, const struct loader_options *options)
{
	struct probe_config *config = (struct probe_config *)&skeleton->rodata->probe_config;

	if (options->datagram_idle_ms)
		config->datagram_idle_ms = config->datagram_oneway_idle_ms =
			options->datagram_idle_ms;
	if (options->refused_idle_ms)
		config->refused_idle_ms = options->refused_idle_ms;
	if (options->datagram_flows_max &&
	    bpf_map__set_max_entries(skeleton->maps.datagram_flows, options->datagram_flows_max))
		return -errno;
	return 0;
}

static uint32_t arena_slots(const struct loader_options *options)
{
	uint64_t slots = options->first_bytes ? options->arena_bytes / ARENA_SLOT_BYTES : 0;

	return slots < 2 ? 2 : (uint32_t)slots;
}

/* Slots are numbered in 16 bits where a flow remembers them. */
static int size_first_bytes(struct yagura_bpf *skeleton, const struct loader_options *options)
{
	struct probe_config *config = (struct probe_config *)&skeleton->rodata->probe_config;

	config->looks_at_tcp = options->looks_at_tcp;
	config->first_bytes = options->first_bytes;
	config->arena_slots = arena_slots(options);
	if (config->arena_slots > UINT16_MAX)
		return -E2BIG;
	if (bpf_map__set_max_entries(skeleton->maps.arena, config->arena_slots))
		return -errno;
	if (!(options->looks_at_tcp & PROBE_LOOK_SYN) &&
	    bpf_map__set_max_entries(skeleton->maps.syn_seen, 1))
		return -errno;
	return 0;
}

int sizes_set(struct yagura_bpf *skeleton, const struct loader_options *options, int cgroup_fd,
	      int cpu_count)
{
	uint64_t valuable = options->ring_bytes[EVENT_RING_VALUABLE];
	uint64_t bulk = options->ring_bytes[EVENT_RING_BULK];
	uint32_t cpus = (uint32_t)cpu_count;
	struct stat cgroup;
	int r;

	/* Its inode's number is the group's id (fs/kernfs). */
	if (fstat(cgroup_fd, &cgroup) < 0)
		return -errno;
	skeleton->rodata->probe_config.cgroup_id = cgroup.st_ino;
	skeleton->rodata->probe_config.wakeup_fill_bytes =
		(uint32_t)((valuable < bulk ? valuable : bulk) / 4);
	skeleton->rodata->probe_config.args_bytes_max = options->args_bytes;
	skeleton->rodata->probe_config.sweep_interval_ms = options->sweep_interval_ms;
	if (bpf_map__set_max_entries(skeleton->maps.ring_valuable, (uint32_t)valuable) ||
	    bpf_map__set_max_entries(skeleton->maps.ring_bulk, (uint32_t)bulk) ||
	    bpf_map__set_max_entries(skeleton->maps.counters, cpus) ||
	    bpf_map__set_max_entries(skeleton->maps.sequences, cpus) ||
	    bpf_map__set_max_entries(skeleton->maps.exec_scratch, cpus))
		return -errno;
	r = size_first_bytes(skeleton, options);
	return r < 0 ? r : size_datagrams(skeleton, options);
}
