/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the running kernel lets BPF programs do, where supported kernels differ. Found out by trial:
 * version numbers lie where distributions carry patches back, and lockdown is a matter of the boot.
 */
#ifndef YAGURA_KEEPER_FEATURES_H
#define YAGURA_KEEPER_FEATURES_H

#include <stdint.h>

/* X(NAME, text): the text follows "this kernel has no ". */
#define FEATURES(X)                                                                                \
	X(ATOMICS, "atomic instructions that return the old value")                                \
	X(CURRENT_TASK, "typed access to the current task")                                        \
	X(KERNEL_READS, "free reading of kernel memory (lockdown)")                                \
	X(TRACING_STORAGE, "socket storage in tracepoints")                                        \
	X(FUNCTION_EXIT, "programs at the end of functions that see their result")                 \
	X(SECURITY_HOOKS, "programs at security hooks")                                            \
	X(FIRST_BYTES, "verifier that takes the search for first bytes of TCP")

enum feature_index {
#define FEATURE_INDEX(NAME, text) FEATURE_INDEX_##NAME,
	FEATURES(FEATURE_INDEX)
#undef FEATURE_INDEX
		FEATURE_COUNT
};

enum feature {
#define FEATURE_BIT(NAME, text) FEATURE_##NAME = 1u << FEATURE_INDEX_##NAME,
	FEATURES(FEATURE_BIT)
#undef FEATURE_BIT
};

/* Too large a program for a trial: taken for granted until the kernel refuses it (loader.c). */
#define FEATURES_ASSUMED FEATURE_FIRST_BYTES

struct btf;

/* Tries each with a program of a few instructions, but for those assumed. `kernel`: its types. A
 * set of enum feature. */
uint32_t features_detect(const struct btf *kernel);
/* What is missing when `feature` (one bit) is; never NULL. */
const char *feature_text(uint32_t feature);

#endif
