/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON as people read it. Knows no command: an object becomes aligned lines, an object inside it an
 * indented block, an array of objects a table. Values may hold what a hostile process called
 * itself: characters that steer a terminal or turn text round are written as escapes.
 */
#ifndef YAGURA_CTL_RENDER_H
#define YAGURA_CTL_RENDER_H

#include "proto/control.pb-c.h"

#include <stdio.h>

/* One row of an answer. 0, or -EBADMSG when it is not a JSON object. */
int render_row(FILE *to, const char *json);
/* The rows of a list: a table, one line saying that there are none. */
struct json_t;
void render_rows(FILE *to, const struct json_t *array);
/* The commands a daemon offers, with their arguments. */
void render_commands(FILE *to, const Yagura__Control__Welcome *welcome);
/* `text` (valid UTF-8) as it may be shown; the number of columns it takes. NULL counts only. */
size_t render_text(FILE *to, const char *text);

#endif
