/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A path as the kernel sends it: names from the leaf up to the root, a NUL after each.
 */
#ifndef YAGURA_DECODE_NAMES_H
#define YAGURA_DECODE_NAMES_H

#include "common/cursor.h"

#include <stdbool.h>
#include <stddef.h>

/* Turns `names` round into `path` ("/usr/bin/ls"), NUL-terminated; `path` has room for as many
 * bytes as `names` and two more. One that was cut lacks its beginning, so it gets no leading slash:
 * nobody shall take it for a whole one. Without any name the path is empty. Its length, or -EBADMSG
 * when the bytes are no such chain. */
int names_join(struct cursor names, bool is_cut, char *path);

#endif
