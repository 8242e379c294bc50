/* SPDX-License-Identifier: Apache-2.0 */
/* The counters of the BPF programs, mapped: read without a system call. */
#ifndef YAGURA_KEEPER_COUNTER_MEMORY_H
#define YAGURA_KEEPER_COUNTER_MEMORY_H

#include "bpf/abi/counters.h"

#include <stddef.h>
#include <stdint.h>

struct counter_memory {
	const uint8_t *at; /* an entry of `stride` bytes a CPU; NULL: closed */
	size_t stride;
	size_t bytes;
	int cpu_count;
};

/* 0 or -errno. The descriptor stays the caller's. */
int counter_memory_open(int map_fd, int cpu_count, struct counter_memory *ret_memory);
void counter_memory_close(struct counter_memory *memory);
/* All CPUs added up. */
void counter_memory_read(const struct counter_memory *memory, struct counters *ret_counters);

#endif
