/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The shape of an argument vector (proto/PX1.md, c): options stay, values become placeholders.
 * Pure; one pass, no allocation.
 */
#ifndef YAGURA_FINGERPRINT_PX1_SHAPE_H
#define YAGURA_FINGERPRINT_PX1_SHAPE_H

#include "telemetry/text.h"

#include <stdbool.h>
#include <stddef.h>

/* Only arguments that end within so many bytes count. */
#define PX1_WINDOW_BYTES 4096
/* An argument of n bytes and its NUL give at most 6 * (n + 1): the empty one "<>* ", one of a byte
 * "<secret> ", and so on; "<more>" may follow. */
#define PX1_SHAPE_BYTES_MAX (6 * PX1_WINDOW_BYTES + 8)

/* `args` is argv, a NUL after each; `args_cut`: there was more of it. Returns what was written into
 * `ret_shape`, which has PX1_SHAPE_BYTES_MAX bytes; `at` is NULL when it was cut too early. */
struct text px1_shape(struct text args, bool args_cut, char *ret_shape);
/* How many arguments there are, 99 for more; -1 when it was cut before that many. */
int px1_count(struct text args, bool args_cut);

#endif
