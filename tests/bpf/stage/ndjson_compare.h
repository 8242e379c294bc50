/* SPDX-License-Identifier: Apache-2.0 */
/* Two texts of NDJSON, flow by flow and key by key. */
#ifndef YAGURA_TESTS_BPF_STAGE_NDJSON_COMPARE_H
#define YAGURA_TESTS_BPF_STAGE_NDJSON_COMPARE_H

#include <stddef.h>

/* A key that may differ, and why. */
struct ndjson_exception {
	const char *object;
	const char *key;
	const char *reason;
	size_t used; /* times it did */
};

/* How many lines differ, or are there only once. The first ones are said on standard error, under
 * `title`; NULL: none are. Of `exceptions` the last has no reason. */
size_t ndjson_compare(const char *title, const char *one, const char *other,
		      struct ndjson_exception *exceptions);

#endif
