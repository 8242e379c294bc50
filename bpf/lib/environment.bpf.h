/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Whether an environment has variables that make the dynamic linker load what they name. Looked for
 * here, so that no value leaves the kernel; eight bytes at a time, as a byte at a time would cost
 * an exec handler more than all else it does.
 */
#ifndef YAGURA_LIB_ENVIRONMENT_BPF_H
#define YAGURA_LIB_ENVIRONMENT_BPF_H

#include "scratch.bpf.h"

#define EACH_BYTE 0x0101010101010101ull
#define HIGH_BITS (EACH_BYTE << 7)
#define ENVIRONMENT_BLOCK_WORDS 32

/* Compares with a constant: the loop is unrolled, and no string is left to be looked up. */
#define VARIABLE(function, text)                                                                   \
	static __always_inline bool function(const char *bytes, __u32 left)                        \
	{                                                                                          \
		const char name[] = text "=";                                                      \
		__u32 i;                                                                           \
                                                                                                   \
		if (left < sizeof(name) - 1)                                                       \
			return false;                                                              \
		for (i = 0; i < sizeof(name) - 1; i++)                                             \
			if (bytes[i] != name[i])                                                   \
				return false;                                                      \
		return true;                                                                       \
	}
VARIABLE(is_preload, "LD_PRELOAD")
VARIABLE(is_library_path, "LD_LIBRARY_PATH")
VARIABLE(is_audit, "LD_AUDIT")

/* Functions of numbers, verified once each: inlined, the verifier would walk through all of them
 * for each byte of thousands. This one says which variable's name begins at `at`: a flag, or 0. */
__weak __noinline int environment_name(__u32 at, __u32 size)
{
	struct exec_scratch *scratch = scratch_of_cpu();
	const char *bytes;

	if (!scratch || at >= size || at >= ENVIRONMENT_BYTES_MAX)
		return 0;
	bytes = (const char *)scratch->environment;
	if ((bytes - 1)[at] != '\0') /* at - 1 might be anything, says the verifier of 6.1 */
		return 0;
	if (is_preload(bytes + at, size - at))
		return EXEC_LD_PRELOAD;
	if (is_library_path(bytes + at, size - at))
		return EXEC_LD_LIBRARY_PATH;
	if (is_audit(bytes + at, size - at))
		return EXEC_LD_AUDIT;
	return 0;
}

/* Of a word that has an 'L' in it. */
__weak __noinline int environment_word(__u64 word, __u32 at, __u32 size)
{
	__u32 found = 0, i;

	for (i = 0; i < sizeof(word); i++)
		if ((__u8)(word >> 8 * i) == 0)
			found |= (__u32)environment_name(at + i, size);
	return (int)found;
}

__weak __noinline int environment_block(__u32 first, __u32 size)
{
	struct exec_scratch *scratch = scratch_of_cpu();
	__u32 found = 0, i;

	if (!scratch || first > ENVIRONMENT_WORDS - ENVIRONMENT_BLOCK_WORDS)
		return 0;
	for (i = 0; i < ENVIRONMENT_BLOCK_WORDS; i++) {
		/* A byte that is 'L' is now 0: only such make a high bit of the next line, the
		 * first in memory being the lowest, as BPF counts where we run. */
		__u64 word = scratch->environment[first + i] ^ EACH_BYTE * 'L';

		if ((word - EACH_BYTE) & ~word & HIGH_BITS)
			found |= (__u32)environment_word(word, (first + i) * sizeof(word), size);
	}
	return (int)found;
}

static __always_inline __u32 environment_look(__u32 size)
{
	__u32 found = 0, i;

	for (i = 0; i < ENVIRONMENT_WORDS; i += ENVIRONMENT_BLOCK_WORDS) {
		if (i * sizeof(__u64) >= size)
			break;
		found |= (__u32)environment_block(i, size);
	}
	return found;
}

static __always_inline void environment_fill(struct exec_scratch *scratch, struct event_exec *event,
					     struct mm_struct *mm)
{
	__u64 start = mm->env_start;
	__u64 size = mm->env_end - start;

	if (size > ENVIRONMENT_BYTES_MAX) {
		size = ENVIRONMENT_BYTES_MAX;
		event->flags |= EXEC_ENVIRONMENT_CUT;
	}
	if (user_bytes(scratch->environment, size, (void *)start))
		event->flags |= EXEC_ENVIRONMENT_UNKNOWN;
	else
		event->flags |= environment_look((__u32)size);
}

#endif
