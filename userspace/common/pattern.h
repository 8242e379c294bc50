/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Regular expressions an operator writes, over bytes somebody hostile chose. PCRE2, for operators
 * know its syntax and it tells at which byte a mistake is. It backtracks, and its own match limit
 * counts anew from each starting point; so each search runs on a budget: a callout before each item
 * of the expression takes one off it, and one for every byte moved over. A search that spends it
 * ends, and says so. Memory is limited, too. (glibc's regexec knows no limit; RE2 would bring C++
 * along.)
 */
#ifndef YAGURA_COMMON_PATTERN_H
#define YAGURA_COMMON_PATTERN_H

#include "common/cursor.h"

#define PATTERN_BYTES_MAX 1024
#define PATTERN_ERROR_BYTES 160

struct pattern;

/* 0; -EINVAL with "WHAT at byte POSITION" in ret_error; -ENOMEM. */
int pattern_new(const char *text, struct pattern **ret_pattern,
		char ret_error[PATTERN_ERROR_BYTES]);
/* Takes NULL. */
void pattern_free(struct pattern *pattern);

/* Searches from byte `from` on, and takes what it costs off *budget. 1: found, ret_span is
 * where its first group begins and ends, or all of it without one (or one that took no part); 0:
 * not there; -EDQUOT: the budget or the memory was spent. */
int pattern_search(struct pattern *pattern, struct cursor bytes, size_t from, uint64_t *budget,
		   size_t ret_span[2]);

#endif
