/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the executed files hold: asked of the cache, else of the keeper, who has it hashed. An exec
 * whose hash takes long is told without, against the promise of an update.
 */
#ifndef YAGURA_CONTENT_CONTENT_H
#define YAGURA_CONTENT_CONTENT_H

#include "sensor/content/cache.h"
#include "sensor/content/packages.h"
#include "sensor/decode/decode.h"
#include "sensor/keeper/requests.h"
#include "telemetry/record.h"

#include <stdbool.h>

/* How long an exec waits for a first hash, and the largest file it waits for: it lies in the ring
 * that long, and others behind it. */
#define CONTENT_PATIENCE_NS (500ull * 1000000ull)
#define CONTENT_WAITED_BYTES_MAX (8ull << 20)
/* Execs told without, whose update is still to come; more are told without a promise. */
#define CONTENT_PROMISES_MAX 1024u
/* Files that wait to be hashed. */
#define CONTENT_WANTED_MAX 2048u
/* Of these so many are with the hasher at once, half of them large ones. */
#define CONTENT_ASKED_MAX 16u

struct content;

struct content_options {
	uint64_t bytes_max; /* larger files are not hashed; 0: none is */
	uint64_t bytes_per_s; /* that the hasher reads; 0: no limit */
	uint32_t host_mnt_ns; /* whose files the packages brought; 0: not known */
	const char *packages_root; /* see packages_new() */
	/* KEEPER_HASH; 0 with a reply, or -errno. */
	int (*ask)(void *context, const struct keeper_hash_request *request,
		   struct keeper_hash_reply *ret_reply);
	void (*restart_hasher)(void *context);
	void *context;
};

/* What a record says. */
struct content_facts {
	struct record_hash hash;
	struct record_hash script_hash;
	bool first_seen;
};

enum content_answer {
	CONTENT_READY,
	CONTENT_WAIT, /* soon: read the event again when there is news, or in a while */
	CONTENT_PROMISED, /* one status is PENDING, an update follows */
};

/* NULL without memory. `cache` becomes its own. */
struct content *content_new(const struct content_options *options, struct content_cache *cache);
/* Takes NULL. */
void content_free(struct content *content);
struct content_cache *content_cache(struct content *content);

/* What is known of an execution, or has to be found out. With `may_wait` an event younger than
 * CONTENT_PATIENCE_NS may have to wait. */
enum content_answer content_look(struct content *content, const struct decoded_exec *exec,
				 bool may_wait, uint64_t now_ns, struct content_facts *ret_facts);
/* An exec that is to be looked at soon: its file is asked for meanwhile. */
void content_look_ahead(struct content *content, const struct decoded_exec *exec, uint64_t now_ns);
/* What the exec that was answered PROMISED last is called: its update will say so. */
void content_promise_px1(struct content *content, const struct process_key *process,
			 struct text px1);
/* From the hasher. */
void content_take(struct content *content, const struct hash_result *result, uint64_t now_ns);
/* Asks for what waits, gives up what takes too long, reads on in the package database. Often. */
void content_step(struct content *content, uint64_t now_ns);
/* No more is to come: what was promised is told as STOPPED. */
void content_stop(struct content *content);

/* Fills *ret_update (but for the time) with the next promise that can be kept; its texts live until
 * the next call. False when there is none now. */
bool content_next_update(struct content *content, struct record_exec_update *ret_update);
/* Since the worker started. */
struct content_stats {
	uint64_t hits; /* digests that were there when an exec asked */
	uint64_t misses; /* files that had to be asked for */
	uint64_t read_bytes; /* that the hasher went through for what it answered */
	/* Of executables and scripts: what was told in the end. */
	uint64_t told[HASH_STATUS_COUNT];
	uint32_t entries; /* of the cache, now */
	uint32_t waiting; /* files to be asked for, now */
	uint32_t asked; /* files with the hasher, now */
	uint32_t promised; /* execs told without, now */
};
void content_stats(const struct content *content, struct content_stats *ret_stats);

/* Promises not kept yet. */
uint32_t content_promised(const struct content *content);

#endif
