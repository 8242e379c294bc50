/* SPDX-License-Identifier: Apache-2.0 */
/* Two texts of NDJSON, flow by flow and key by key. */
#ifndef YAGURA_TESTS_BPF_STAGE_NDJSON_COMPARE_H
#define YAGURA_TESTS_BPF_STAGE_NDJSON_COMPARE_H

#include <stddef.h>

/* How many lines differ, or are there only once. The first ones are said on standard error, under
 * `title`; NULL: none are. */
size_t ndjson_compare(const char *title, const char *one, const char *other);

#endif
