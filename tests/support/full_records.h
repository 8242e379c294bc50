/* SPDX-License-Identifier: Apache-2.0 */
/* Records in which every field says something, so that one that gets lost on the way is seen. */
#ifndef YAGURA_TESTS_SUPPORT_FULL_RECORDS_H
#define YAGURA_TESTS_SUPPORT_FULL_RECORDS_H

#include "telemetry/record.h"

#include <stddef.h>

enum fullness {
	FULL_DISTINCT, /* each number and text another one, small; flags set, enums 2 */
	FULL_MOST, /* each as large as its type, or as what carries it, allows */
};

/* Texts live until the next call of the same class. */
struct record full_record(enum record_class class, enum fullness fullness);
/* The same, distinct, but of its flags only the n-th is set. False when it has no more. */
bool full_record_one_flag(enum record_class class, size_t n, struct record *ret_record);

/* The name of a field that is 0 or empty ("args"), or NULL when there is none. */
const char *full_record_lacks(const struct record *record);

#endif
