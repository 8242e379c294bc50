/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/keeper/counter_memory.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int counter_memory_open(int map_fd, int cpu_count, struct counter_memory *ret_memory)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct counter_memory memory = { .cpu_count = cpu_count };
	void *mapped;

	memory.stride = (sizeof(struct counters) + 7) & ~(size_t)7;
	memory.bytes = (memory.stride * (size_t)cpu_count + page - 1) & ~(page - 1);
	mapped = mmap(NULL, memory.bytes, PROT_READ, MAP_SHARED, map_fd, 0);
	if (mapped == MAP_FAILED)
		return -errno;
	memory.at = mapped;
	*ret_memory = memory;
	return 0;
}

void counter_memory_close(struct counter_memory *memory)
{
	if (memory->at)
		munmap((void *)(uintptr_t)memory->at, memory->bytes);
	memory->at = NULL;
}

void counter_memory_read(const struct counter_memory *memory, struct counters *ret_counters)
{
	memset(ret_counters, 0, sizeof(*ret_counters));
	for (int cpu = 0; cpu < memory->cpu_count; cpu++) {
		const volatile uint64_t *value =
			(const volatile uint64_t *)(const void *)(memory->at +
								  memory->stride * (size_t)cpu);

		for (size_t i = 0; i < COUNTER_COUNT; i++)
			ret_counters->value[i] += value[i];
	}
}
