/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files to be hashed, by identity: waiting, with the hasher, or done a moment ago. Private to
 * content/.
 */
#ifndef YAGURA_CONTENT_WANTED_H
#define YAGURA_CONTENT_WANTED_H

#include "sensor/content/content.h"

#include <string.h>
#include <uthash.h>

enum wanted_state { WANTED_WAITING, WANTED_ASKED, WANTED_DONE };

struct wanted {
	struct hash_identity identity; /* the key */
	enum wanted_state state;
	uint64_t done_ns;
	uint64_t again_ns; /* not asked for before */
	uint32_t tries; /* that came to nothing */
	/* What became of it. */
	struct record_hash hash;
	uint8_t md5[HASH_MD5_BYTES];
	bool has_md5;
	/* Whom to ask, and by what name. */
	uint32_t what; /* enum keeper_hash_what */
	struct process_key process;
	struct process_key parent;
	uint64_t time_ns; /* of its execve() */
	bool is_volatile; /* known of that execution alone, and as long as it runs */
	struct wanted *prev, *next; /* in the order they came */
	UT_hash_handle hh;
	size_t path_bytes;
	char path[];
};

struct wanted_table {
	struct wanted *by_identity;
	struct wanted *order;
	uint32_t count;
	uint32_t asked;
	uint32_t asked_large;
	uint64_t asked_bytes;
};

/* Whether what is found out says nothing of that process's execution. */
static inline bool wanted_is_of_another(const struct wanted *wanted,
					const struct process_key *process)
{
	return wanted->is_volatile && memcmp(&wanted->process, process, sizeof(*process)) != 0;
}

void wanted_free_all(struct wanted_table *table);
struct wanted *wanted_find(const struct wanted_table *table, const struct hash_identity *identity);
/* NULL when there are CONTENT_WANTED_MAX, or without memory. */
struct wanted *wanted_add(struct wanted_table *table, const struct hash_identity *identity,
			  struct text path);
void wanted_drop(struct wanted_table *table, struct wanted *wanted);
void wanted_set_state(struct wanted_table *table, struct wanted *wanted, enum wanted_state state);
/* The next to ask for, small ones first; NULL when none waits or enough are with the hasher. */
struct wanted *wanted_next(const struct wanted_table *table, uint64_t now_ns);
/* Forgets those done longer than a moment ago. */
void wanted_expire(struct wanted_table *table, uint64_t now_ns);

#endif
