/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files being hashed, a piece of each in turn: a small one never waits for a large one. All memory
 * is taken when they are made, as the jail lets nobody ask for more.
 */
#ifndef YAGURA_HASHER_SLOTS_H
#define YAGURA_HASHER_SLOTS_H

#include "sensor/hasher/hash_message.h"

#include <stdbool.h>
#include <stddef.h>

#define HASHER_SLOTS_MAX 16
#define HASHER_PIECE_BYTES (128u << 10)

struct slots;

/* NULL without memory, or when there is no SHA-256. MD5 may lack (FIPS): then no result has it. */
struct slots *slots_new(void);
/* Takes NULL. Closes what is open. */
void slots_free(struct slots *slots);

bool slots_are_full(const struct slots *slots);
bool slots_are_empty(const struct slots *slots);
/* Takes over `fd`. There must be a free slot. */
void slots_add(struct slots *slots, const struct hash_job *job, int fd);
/* Reads and hashes one piece of the next file. How many bytes that was; true in *ret_is_done when
 * that file has ended, then *ret_result is filled and its descriptor closed. */
size_t slots_step(struct slots *slots, bool *ret_is_done, struct hash_result *ret_result);

#endif
