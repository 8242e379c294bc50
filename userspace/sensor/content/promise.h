/* SPDX-License-Identifier: Apache-2.0 */
/* Execs that were told without their hashes: what the update will say. Private to content/. */
#ifndef YAGURA_CONTENT_PROMISE_H
#define YAGURA_CONTENT_PROMISE_H

#include "sensor/content/content.h"

struct promise {
	struct process_key process;
	uint32_t uid;
	uint32_t gid;
	uint32_t mnt_ns;
	struct hash_identity identity; /* of what is PENDING in `facts` */
	struct hash_identity script_identity;
	struct content_facts facts;
	struct promise *prev, *next;
	size_t px1_bytes;
	char px1[RECORD_PX1_BYTES];
	size_t path_bytes;
	char path[];
};

struct promises {
	struct promise *open; /* something of it is PENDING */
	struct promise *ready; /* to be told */
	struct promise *told; /* the last one: its texts are still in use */
	uint32_t count; /* open and ready */
};

/* NULL when there are CONTENT_PROMISES_MAX, or without memory. */
struct promise *promise_add(struct promises *promises, const struct decoded_exec *exec,
			    const struct content_facts *facts);
bool promise_is_open(const struct promise *promise);
/* It moves on to be told. */
void promise_close(struct promises *promises, struct promise *promise);
/* The oldest to be told, in `told` from now on; NULL when there is none. */
const struct promise *promise_take(struct promises *promises);
void promise_free_all(struct promises *promises);

#endif
