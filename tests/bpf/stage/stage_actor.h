/* SPDX-License-Identifier: Apache-2.0 */
/* A flow as the programs are shown it: its socket's counters, its packets, its handshake. */
#ifndef YAGURA_TESTS_BPF_STAGE_ACTOR_H
#define YAGURA_TESTS_BPF_STAGE_ACTOR_H

#include "bpf/stage/stage_programs.h"
#include "bpf/stage/stage_sent.h"
#include "bpf/stage/stage_watcher.h"

/* A flow. */
struct actor {
	struct stage_watcher *watcher;
	uint64_t cookie;
	struct sent sent[TRACK_ENDS];
	bool is_partly;
	bool gives_up; /* what lies behind a hole comes again */
	bool is_waiting; /* a SYN met the listener, and no socket is accepted yet */
	bool is_begun; /* a datagram came */
	enum track_end first; /* who sent it: its source, says the kernel */
};

struct stage_watcher {
	struct watcher watcher;
	enum stage_role role;
	struct stage *stage;
	uint64_t cookies;
	struct stage_stats stats;
	struct stage_frame frame;
};

bool stage_is_tcp(const struct watch *watch);

/* What the socket has counted of a direction, as the next packet finds it. */
struct stage_turn *stage_actor_turn(struct actor *actor, const struct watch *watch,
				    enum track_end sender);
/* A segment without payload, to be filled in. */
struct stage_segment stage_actor_segment(const struct track_flow *flow, enum track_end sender);
/* Lets a packet pass that has been set up. 0 or -errno. */
int stage_actor_pass(struct actor *actor, enum track_end sender,
		     const struct stage_segment *segment);

/* A SYN passes, or its answer. 0 or -errno. */
int stage_actor_syn(struct actor *actor, const struct watch *watch, const struct packet *packet,
		    const struct segment *read);
/* The connection that a SYN began has a socket of its own from now on, if it waits for one. 0 or
 * -errno. */
int stage_actor_accept(struct actor *actor, const struct watch *watch);

#endif
