/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/keeper/maps.h"

#include "common/cleanup.h"
#include "common/log.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Walking the keys is one system call each: fine for maps that are small or mostly empty. */
#define COUNT_STEPS_MAX 2048
#define KEY_BYTES_MAX 64

/* What the kernel itself says, or 0. Before 6.4 it left out what is not an entry's bytes, and it
 * counts no entry that is yet to come. */
static uint64_t charged_bytes(int fd)
{
	_cleanup_fclose_ FILE *file = NULL;
	char path[64], line[128];
	uint64_t bytes = 0;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "memlock: %" SCNu64, &bytes) == 1)
			break;
	return bytes;
}

/* What an entry that is allocated on its own takes: a power of two, with the kernel's 48 bytes. */
static uint64_t allocation_bytes(uint64_t entry_bytes)
{
	uint64_t bytes = 64;

	while (bytes < entry_bytes + 48)
		bytes *= 2;
	return bytes;
}

/* As much as it can take. A ring is its data area, two pages of positions and the pages of its own
 * description. */
static uint64_t bound_bytes(const struct bpf_map_info *info)
{
	uint64_t entry = (uint64_t)info->key_size + info->value_size;
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	if (info->type == BPF_MAP_TYPE_RINGBUF)
		return info->max_entries + 3 * page;
	if (info->map_flags & BPF_F_NO_PREALLOC)
		entry = allocation_bytes(entry);
	return info->max_entries * entry;
}

static bool is_countable(const struct bpf_map_info *info)
{
	bool is_kept_by_key =
		info->type == BPF_MAP_TYPE_HASH || info->type == BPF_MAP_TYPE_LPM_TRIE;

	return is_kept_by_key && info->key_size <= KEY_BYTES_MAX;
}

static uint64_t count_entries(int fd, const struct bpf_map_info *info)
{
	uint8_t key[KEY_BYTES_MAX];
	uint64_t count = 0;
	void *from = NULL;

	if (!is_countable(info))
		return KEEPER_UNCOUNTED;
	while (count <= COUNT_STEPS_MAX && bpf_map_get_next_key(fd, from, key) == 0) {
		from = key;
		count++;
	}
	return count <= COUNT_STEPS_MAX ? count : KEEPER_UNCOUNTED;
}

static void describe(const struct bpf_map *map, struct keeper_map *ret_map)
{
	struct bpf_map_info info = { 0 };
	__u32 size = sizeof(info);
	int fd = bpf_map__fd(map);
	const char *type;
	uint64_t bound;

	snprintf(ret_map->name, sizeof(ret_map->name), "%s", bpf_map__name(map));
	if (bpf_obj_get_info_by_fd(fd, &info, &size) < 0)
		return;
	type = libbpf_bpf_map_type_str((enum bpf_map_type)info.type);
	snprintf(ret_map->type, sizeof(ret_map->type), "%s", type ? type : "?");
	bound = bound_bytes(&info);
	ret_map->bytes = charged_bytes(fd);
	if (ret_map->bytes < bound)
		ret_map->bytes = bound;
	ret_map->entries_max = info.max_entries;
	ret_map->entries = count_entries(fd, &info);
}

void maps_describe(const struct loader *loader, struct keeper_maps *ret_maps)
{
	const struct bpf_map *map;

	memset(ret_maps, 0, sizeof(*ret_maps));
	bpf_object__for_each_map(map, loader_object(loader))
	{
		if (bpf_map__fd(map) >= 0 && ret_maps->count < KEEPER_MAPS_MAX)
			describe(map, &ret_maps->map[ret_maps->count++]);
	}
}

void maps_log(const struct loader *loader)
{
	const struct keeper_map *largest;
	struct keeper_maps maps;
	uint64_t total = 0;

	maps_describe(loader, &maps);
	largest = &maps.map[0];
	for (uint32_t i = 0; i < maps.count; i++) {
		const struct keeper_map *map = &maps.map[i];

		log_debug("keeper", "map %s: %s, %" PRIu64 " entries, %" PRIu64 " KiB", map->name,
			  map->type, map->entries_max, map->bytes / 1024);
		total += map->bytes;
		if (map->bytes > largest->bytes)
			largest = map;
	}
	log_info("keeper", "%u BPF maps take %" PRIu64 " KiB at most, %s %" PRIu64 " of them",
		 maps.count, total / 1024, largest->name, largest->bytes / 1024);
}
