/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf/stage/stage_programs.h"

#include "bpf/abi/config.h"
#include "bpf/first_bytes_test.skel.h"
#include "common/clock.h"
#include "sensor/kernel/arena.h"
#include "sensor/kernel/ring.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>

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
	return options.retval == 1 ? 0 : -EOPNOTSUPP;
}

/* Do programs see the bytes of a packet that BPF_PROG_RUN makes? Of no flow. */
static int try_it(struct stage *stage)
{
	const struct stage_segment segment = { .ttl = 1 };
	struct stage_frame frame;

	stage_frame_build(&frame, &segment);
	return stage_run(stage, STAGE_OUT, &frame);
}

int stage_open(enum stage_fault fault, struct stage **ret_stage)
{
	struct stage *stage = calloc(1, sizeof(*stage));
	int r = stage ? open_all(stage, fault) : -ENOMEM;

	if (r == 0)
		r = try_it(stage);
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
