/* SPDX-License-Identifier: Apache-2.0 */
/* argv as records carry it, one argument at a time. Private to telemetry/. */
#ifndef YAGURA_TELEMETRY_ARGS_H
#define YAGURA_TELEMETRY_ARGS_H

#include "telemetry/record.h"

#include <string.h>

/* Takes the bytes up to the next NUL off *rest, which is not empty, and the NUL with them. The last
 * argument of a cut argv lacks its own. */
static inline struct text args_take(struct text *rest)
{
	size_t length = strnlen(rest->at, rest->length);
	size_t taken = length < rest->length ? length + 1 : length;
	struct text argument = { .at = rest->at, .length = length };

	rest->at += taken;
	rest->length -= taken;
	return argument;
}

#endif
