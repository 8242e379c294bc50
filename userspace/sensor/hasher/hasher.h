/* SPDX-License-Identifier: Apache-2.0 */
/* The process that reads what was executed: descriptors in, digests out, nothing else. */
#ifndef YAGURA_HASHER_HASHER_H
#define YAGURA_HASHER_HASHER_H

#include <stdint.h>

struct hasher_options {
	const char *user; /* whom it becomes; NULL or "": nobody else */
	uint64_t bytes_per_s; /* read at most; 0: any number */
};

/* Takes jobs from `jobs` and sends what becomes of them to `results`, until the other end of `jobs`
 * is closed. Does not return: the process ends with 0, or with 1 when it could not lock itself in
 * (the log says why). */
_Noreturn void hasher_run(const struct hasher_options *options, int jobs, int results);

#endif
