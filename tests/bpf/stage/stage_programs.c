/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf/stage/stage_programs.h"

#include "bpf/abi/config.h"
#include "bpf/first_bytes_test.skel.h"
#include "common/clock.h"
#include "sensor/keeper/instruction.h"
#include "sensor/kernel/arena.h"
#include "sensor/kernel/ring.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#define ARENA_SLOTS 4096
#define RING_BYTES (1u << 20)

struct stage {
	struct first_bytes_test_bpf *skeleton;
	int program[STAGE_PROGRAMS];
	struct arena *arena;
	struct ring *ring;
	struct decoded_event event;
	uint8_t bytes[ARENA_BYTES_MAX];
};

/* 1 when there is an IP header between data and data_end, else 0. */
static const struct bpf_insn sees_a_packet[] = {
	INSTRUCTION(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0),
	INSTRUCTION(BPF_LDX | BPF_MEM | BPF_W, BPF_REG_2, BPF_REG_1,
		    offsetof(struct __sk_buff, data), 0),
	INSTRUCTION(BPF_LDX | BPF_MEM | BPF_W, BPF_REG_3, BPF_REG_1,
		    offsetof(struct __sk_buff, data_end), 0),
	INSTRUCTION(BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_2, 0, 0, 20),
	INSTRUCTION(BPF_JMP | BPF_JGT | BPF_X, BPF_REG_2, BPF_REG_3, 1, 0),
	INSTRUCTION(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 1),
	INSTRUCTION(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
};

/* Up to 6.12 BPF_PROG_RUN leaves data_end unset for programs of cgroup_skb. Asked before ours are
 * loaded: they are not compiled for 5.10, and their frames are too large for 6.1. */
static bool shows_packets(void)
{
	static const uint8_t frame[64] = { [12] = 0x08 }; /* Ethernet: IPv4 */
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame, .data_size_in = sizeof(frame),
		    .repeat = 1);
	int program =
		bpf_prog_load(BPF_PROG_TYPE_CGROUP_SKB, "sees_a_packet", "Dual BSD/GPL",
			      sees_a_packet, sizeof(sees_a_packet) / sizeof(*sees_a_packet), NULL);
	int r = program < 0 ? program : bpf_prog_test_run_opts(program, &options);

	if (program >= 0)
		close(program);
	return r == 0 && options.retval == 1;
}

static int load(struct stage *stage, enum stage_fault fault)
{
	struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
	struct first_bytes_test_bpf *skeleton;
	uint32_t cpus = (uint32_t)libbpf_num_possible_cpus();

	setrlimit(RLIMIT_MEMLOCK, &unlimited); /* kernels before 5.11 charge maps to it */
	skeleton = stage->skeleton = first_bytes_test_bpf__open();
	if (!skeleton)
		return -errno;
	skeleton->rodata->stage_fault = fault;
	skeleton->rodata->probe_config.arena_slots = ARENA_SLOTS;
	if (bpf_map__set_max_entries(skeleton->maps.arena, ARENA_SLOTS) ||
	    bpf_map__set_max_entries(skeleton->maps.ring_bulk, RING_BYTES) ||
	    bpf_map__set_max_entries(skeleton->maps.counters, cpus) ||
	    bpf_map__set_max_entries(skeleton->maps.sequences, cpus))
		return -errno;
	return first_bytes_test_bpf__load(skeleton);
}

static int open_all(struct stage *stage, enum stage_fault fault)
{
	const struct first_bytes_test_bpf *skeleton;
	int r = load(stage, fault);

	if (r < 0)
		return r;
	skeleton = stage->skeleton;
	stage->program[STAGE_IN] = bpf_program__fd(skeleton->progs.stage_in);
	stage->program[STAGE_OUT] = bpf_program__fd(skeleton->progs.stage_out);
	stage->program[STAGE_ACCEPTED] = bpf_program__fd(skeleton->progs.stage_accepted);
	stage->program[STAGE_OVER] = bpf_program__fd(skeleton->progs.stage_over);
	r = arena_open(bpf_map__fd(skeleton->maps.arena), ARENA_SLOTS, &stage->arena);
	if (r < 0)
		return r;
	return ring_open(bpf_map__fd(skeleton->maps.ring_bulk), RING_BYTES, &stage->ring);
}

struct stage_turn *stage_turn(struct stage *stage)
{
	return &stage->skeleton->bss->turn;
}

int stage_run(struct stage *stage, enum stage_program program, const struct stage_frame *frame)
{
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame->at,
		    .data_size_in = (uint32_t)frame->size, .repeat = 1);
	int r = bpf_prog_test_run_opts(stage->program[program], &options);

	if (r < 0)
		return r;
	return options.retval == 1 ? 0 : -EPROTO;
}

int stage_open(enum stage_fault fault, struct stage **ret_stage)
{
	struct stage *stage = calloc(1, sizeof(*stage));
	int r = !stage ? -ENOMEM : shows_packets() ? open_all(stage, fault) : -EOPNOTSUPP;

	if (r < 0)
		stage_close(stage);
	else
		*ret_stage = stage;
	return r;
}

void stage_close(struct stage *stage)
{
	if (!stage)
		return;
	if (stage->ring)
		ring_close(stage->ring);
	arena_close(stage->arena);
	first_bytes_test_bpf__destroy(stage->skeleton);
	free(stage);
}

int stage_drain(struct stage *stage, stage_take_fn take, void *context)
{
	const uint8_t *bytes;
	int count = 0, r;
	size_t size;

	while ((r = ring_next(stage->ring, &bytes, &size)) > 0) {
		r = decode_event(bytes, size, &stage->event);
		ring_release(stage->ring, ring_read_position(stage->ring));
		if (r == 0)
			r = take(context, &stage->event);
		if (r < 0)
			return r;
		count++;
	}
	return r < 0 ? r : count;
}

int stage_bytes(struct stage *stage, const struct event_bytes *event, struct cursor *ret_bytes)
{
	int r = arena_take(stage->arena, event, stage->bytes);

	if (r < 0)
		return r;
	*ret_bytes = cursor_of(stage->bytes, (size_t)r);
	return 0;
}

void stage_settle(struct stage *stage)
{
	uint64_t later_ns = clock_boottime_ns() + 3600 * NS_PER_S;

	/* What was used long ago is closed by one look and freed by the next. */
	arena_reclaim(stage->arena, later_ns, true);
	arena_reclaim(stage->arena, later_ns, true);
}
