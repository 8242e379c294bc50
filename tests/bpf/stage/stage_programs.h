/* SPDX-License-Identifier: Apache-2.0 */
/* first_bytes_test.bpf.c, loaded: run by BPF_PROG_RUN, and read as the worker reads what is told.
 */
#ifndef YAGURA_TESTS_BPF_STAGE_PROGRAMS_H
#define YAGURA_TESTS_BPF_STAGE_PROGRAMS_H

#include "bpf/stage/stage.h"
#include "bpf/stage/stage_frame.h"
#include "sensor/decode/decode.h"

enum stage_program {
	STAGE_IN, /* a packet arrives */
	STAGE_OUT, /* a packet leaves */
	STAGE_ACCEPTED, /* the handshake that a SYN began is complete; the frame is not looked at */
	STAGE_OVER, /* the flow has ended; likewise */
	STAGE_PROGRAMS
};

struct stage;

/* Loads the programs, `fault` planted in them. 0 or -errno; -EOPNOTSUPP: BPF_PROG_RUN shows them no
 * bytes of a packet, as on 6.1. */
int stage_open(enum stage_fault fault, struct stage **ret_stage);
/* Takes NULL. */
void stage_close(struct stage *stage);

/* What the next run is told. */
struct stage_turn *stage_turn(struct stage *stage);
/* 0 or -errno. */
int stage_run(struct stage *stage, enum stage_program program, const struct stage_frame *frame);

/* 0 or -errno. */
typedef int (*stage_take_fn)(void *context, const struct decoded_event *event);
/* Hands out all events that wait. How many, or -errno. */
int stage_drain(struct stage *stage, stage_take_fn take, void *context);
/* The bytes that an event tells of, valid until the next call. 0 or -errno. */
int stage_bytes(struct stage *stage, const struct event_bytes *event, struct cursor *ret_bytes);
/* Frees every slot: no flow goes on. */
void stage_settle(struct stage *stage);

#endif
