/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows of one answer, as people or programs want them. As JSON the shape says nothing of the
 * number: one object for a command with one row; {"processes":[…]} for one that answers with a
 * list, however short; one object a line for one that goes on.
 */
#ifndef YAGURA_CTL_ANSWER_H
#define YAGURA_CTL_ANSWER_H

#include "proto/control.pb-c.h"

#include <stdbool.h>
#include <stdio.h>

struct json_t;

struct answer {
	FILE *to;
	bool as_json;
	const Yagura__Control__Command *command;
	bool has_lines; /* rows came with their lines: no table is left to write */
	struct json_t *rows; /* of a list, as long as it is not whole */
};

/* One row, as client_call gives it; `context` is the answer. 0, -EBADMSG (no JSON object), -ENOMEM,
 * or -EIO. */
int answer_row(void *context, const char *json, const char *line);
/* Nothing more comes: writes a list. 0 or -EIO. Frees what the answer holds in any case. */
int answer_end(struct answer *answer, bool is_whole);

#endif
