/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the worker may ask of the keeper, over a SOCK_SEQPACKET pair: fixed-size requests, one
 * fixed-size reply each, in order. The reply to KEEPER_DESCRIBE carries descriptors (SCM_RIGHTS) in
 * the order of enum keeper_descriptor. The keeper checks length, verb and argument and answers
 * -EINVAL to the rest.
 */
#ifndef YAGURA_KEEPER_REQUESTS_H
#define YAGURA_KEEPER_REQUESTS_H

#include "bpf/abi/config.h"
#include "bpf/abi/counters.h"
#include "bpf/abi/event.h"
#include "sensor/hasher/hash_message.h"

#include <stdint.h>

enum keeper_verb {
	KEEPER_DESCRIBE = 1, /* what this kernel and this keeper are; passes the descriptors */
	KEEPER_COUNTERS = 2, /* the BPF counters, all CPUs added up */
	KEEPER_PROBES = 3, /* every row of the probe table and what became of it */
	KEEPER_SNAPSHOT = 4, /* lists the running processes into the valuable ring */
	KEEPER_SWEEP = 5, /* tells of the open flows that are due, into the bulk ring */
	KEEPER_THROTTLES = 6, /* tells what was left out of groups over budget, valuable ring */
	KEEPER_MAPS = 7, /* every map: its room and its memory */
	KEEPER_LIVE = 8, /* struct live_config as it is */
	KEEPER_HASH = 9, /* opens what was executed and gives it to the hasher */
	KEEPER_HASHER_RESTART = 10, /* it has not answered for long */
};

enum keeper_descriptor {
	KEEPER_FD_RING_VALUABLE,
	KEEPER_FD_RING_BULK,
	KEEPER_FD_ARENA, /* slots of first bytes: bpf/abi/arena.h */
	KEEPER_FD_STATE, /* memfd that outlives a worker: see process/journal.h */
	KEEPER_FD_HASHES, /* what the hasher sends: struct hash_result */
	KEEPER_FD_COUNT
};

#define KEEPER_PROBES_MAX 64
#define KEEPER_MAPS_MAX 64
#define KEEPER_TEXT_BYTES 64

enum keeper_hash_what {
	KEEPER_HASH_EXECUTABLE = 1,
	KEEPER_HASH_SCRIPT = 2,
	/* These open nothing for the hasher. */
	KEEPER_HASH_SCRIPT_LOOK = 3, /* says which file it is */
	KEEPER_HASH_EXECUTABLE_LOOK = 4, /* whether the process still runs what it executed then */
	KEEPER_HASH_FILE_LOOK = 5, /* whether the times of what was executed tell what it holds */
};

/* All zero for other verbs. Whom to ask for the file, and which: what the kernel side did not note
 * down as executed is refused, whatever is asked. */
struct keeper_hash_request {
	struct process_key process;
	struct process_key parent; /* it may show the file when the process has gone */
	struct hash_identity identity; /* SCRIPT_LOOK tells a script's */
	uint64_t time_ns; /* of the execve(), as in its event */
	uint32_t what; /* enum keeper_hash_what */
	uint32_t wants_md5;
	char path[EVENT_PATH_BYTES_MAX]; /* absolute, NUL-terminated; "" not known */
};

struct keeper_request {
	uint64_t id; /* echoed in the reply */
	uint32_t verb;
	uint32_t argument; /* 0: no verb takes one yet */
	struct keeper_hash_request hash;
};

#define KEEPER_VERITY_BYTES_MAX 64

/* What IMA measured. */
struct keeper_digest {
	/* Of linux/hash_info.h, where 0 is MD4, which nobody uses: here it is none. */
	uint32_t algorithm;
	uint8_t digest[KEEPER_VERITY_BYTES_MAX]; /* its length follows */
};

struct keeper_hash_reply {
	struct hash_identity identity; /* of what was asked for, as far as it is known */
	/* enum hash_status. PENDING: the hasher has it, struct hash_result follows with this
	 * identity. OK, of what was looked at only: this is the script; it still runs. */
	uint32_t status;
	uint32_t verity_algorithm; /* FS_VERITY_HASH_ALG_…; 0: the file has no fs-verity */
	uint32_t verity_bytes;
	uint32_t
		is_volatile; /* it may change, once it runs no more, and its times would not tell */
	uint8_t verity[KEEPER_VERITY_BYTES_MAX];
	struct keeper_digest ima; /* of an executable, whatever has become of it since */
};

struct keeper_description {
	uint64_t instance; /* random at each start of the keeper */
	uint64_t ring_bytes[EVENT_RING_COUNT]; /* sizes of the data areas, powers of two */
	uint64_t state_bytes; /* of the memfd */
	uint64_t arena_slots;
	uint64_t worker_restarts; /* since the keeper started */
	uint64_t cpu_count; /* possible ones */
	uint32_t mnt_ns; /* inode number of init's mount namespace, else ours; 0: not readable */
	uint32_t reserved;
	char kernel_release[KEEPER_TEXT_BYTES];
	char cgroup[256]; /* where the cgroup programs are attached */
};

enum keeper_probe_state {
	KEEPER_PROBE_ATTACHED = 1,
	KEEPER_PROBE_UNAVAILABLE = 2, /* this kernel refused every way of it: `reason` says why */
};

struct keeper_probe {
	char name[KEEPER_TEXT_BYTES];
	char program[KEEPER_TEXT_BYTES]; /* the one that serves it, "" when unavailable */
	/* Why it is unavailable or, attached, what its best program lacks here; "" when nothing. */
	char reason[KEEPER_TEXT_BYTES];
	uint32_t state; /* enum keeper_probe_state */
	uint32_t required;
	uint32_t enhanced; /* its best program is of the tier that is used where allowed */
	uint32_t makes; /* enum event_kind that is missing for each time it was skipped */
	uint64_t skipped; /* times the kernel did not run it, because one of its sort was running */
};

struct keeper_probes {
	uint32_t count;
	uint32_t reserved;
	struct keeper_probe probe[KEEPER_PROBES_MAX];
};

#define KEEPER_UNCOUNTED UINT64_MAX

struct keeper_map {
	char name[KEEPER_TEXT_BYTES];
	char type[KEEPER_TEXT_BYTES];
	uint64_t bytes; /* of kernel memory, at most; what is bound to sockets is not in it */
	uint64_t entries_max; /* of rings: bytes */
	uint64_t entries; /* KEEPER_UNCOUNTED where counting them would cost much */
};

struct keeper_maps {
	uint32_t count;
	uint32_t reserved;
	struct keeper_map map[KEEPER_MAPS_MAX];
};

struct keeper_reply {
	uint64_t id;
	uint32_t verb;
	int32_t result; /* 0 or -errno; the union is only filled on 0 */
	union {
		struct keeper_description description;
		struct counters counters;
		struct keeper_probes probes;
		struct keeper_maps maps;
		struct live_config live;
		struct keeper_hash_reply hash;
	};
};

#endif
