/* SPDX-License-Identifier: Apache-2.0 */
/* What a program was allowed to do when it was started, and how that compares with the one before.
 * Pure. */
#ifndef YAGURA_PROCESS_RIGHTS_H
#define YAGURA_PROCESS_RIGHTS_H

#include "bpf/abi/event.h"

#include <stdint.h>

struct process_rights {
	uint64_t permitted; /* bit n: capability n of capabilities(7) */
	uint64_t effective;
	uint64_t ambient;
	uint32_t euid; /* UINT32_MAX: nothing is known */
	uint32_t user_ns; /* capabilities are worth what this is worth */
};

struct process_rights process_rights_of(const struct event_exec *event);
/*
 * Bits of enum exec_fact: in which sets `after` has a capability that `before` had not. Without an
 * execve, or a new user namespace, the permitted set only shrinks: so what is said to be gained
 * there was gained by this execve, but a program that had given up capabilities itself may gain
 * them back unsaid.
 */
uint32_t process_rights_gained(const struct process_rights *before,
			       const struct process_rights *after);
/* The effective user before, when it was another one; else UINT32_MAX. */
uint32_t process_rights_former_euid(const struct process_rights *before,
				    const struct process_rights *after);

#endif
