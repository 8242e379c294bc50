/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes of somebody else's. */
#ifndef YAGURA_TELEMETRY_TEXT_H
#define YAGURA_TELEMETRY_TEXT_H

#include <stddef.h>

/* Not NUL-terminated and not necessarily UTF-8. */
struct text {
	const char *at;
	size_t length;
};

#endif
