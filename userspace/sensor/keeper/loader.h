/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loads and attaches the BPF programs; the only room that knows libbpf. Everything attached is held
 * by descriptors of this process: when it ends, however it ends, the kernel detaches all of it.
 */
#ifndef YAGURA_KEEPER_LOADER_H
#define YAGURA_KEEPER_LOADER_H

#include "bpf/abi/counters.h"
#include "bpf/abi/event.h"
#include "sensor/keeper/requests.h"

#include <stdint.h>

#define LOADER_ERROR_BYTES 512

struct bpf_object;
struct loader;

struct loader_options {
	const char *cgroup; /* NULL or "": the root of the cgroup2 hierarchy */
	uint64_t ring_bytes[EVENT_RING_COUNT];
	uint32_t args_bytes;
	uint32_t looks_at_tcp; /* enum probe_look; 0: nothing of these, nor any cost */
	uint32_t first_bytes; /* bit n: protocol n of bpf/lib/dissect.h; 0: none */
	uint64_t arena_bytes; /* of slots for first bytes */
	uint32_t sweep_interval_ms;
	/* 0: as the BPF object has it. */
	uint32_t datagram_idle_ms; /* silence that ends a flow of datagrams, answered or not */
	uint32_t refused_idle_ms;
	uint32_t datagram_flows_max; /* of sockets with many peers */
};

/* Opens, configures and loads. 0, or -errno with one line in ret_error (what is missing and what to
 * do); then nothing stays loaded. */
int loader_open(const struct loader_options *options, struct loader **ret_loader,
		char ret_error[LOADER_ERROR_BYTES]);
/* From here on it sees. 0, or -errno with one line in ret_error. */
int loader_attach(struct loader *loader, char ret_error[LOADER_ERROR_BYTES]);
/* Detaches every hook: nothing new is seen. Iterators still run, rings and counters stay. */
void loader_detach(struct loader *loader);
/* Detaches and unloads everything. Takes NULL. */
void loader_close(struct loader *loader);

/* The ring's map descriptor; stays the loader's. */
int loader_ring_fd(const struct loader *loader, enum event_ring ring);
/* The arena of first bytes, likewise, and of how many slots it is. */
int loader_arena_fd(const struct loader *loader);
uint32_t loader_arena_slots(const struct loader *loader);
/* All CPUs added up, read from mapped memory: no system call. */
void loader_counters(const struct loader *loader, struct counters *ret_counters);
void loader_probes(const struct loader *loader, struct keeper_probes *ret_probes);
/* For those of this room that look into maps; stays the loader's. */
struct bpf_object *loader_object(const struct loader *loader);
uint64_t loader_cpu_count(const struct loader *loader);
const char *loader_cgroup(const struct loader *loader);
/* Runs the iterator of a row of the probe table; its events go into the rings. 0, -EOPNOTSUPP (not
 * attached here) or -errno. */
int loader_iterate(struct loader *loader, const char *probe_name);

#endif
