/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A nested object as a flat list: each value by its path, what only says which of several as
 * labels. The names in an array ("probes", an element's "name"), and the keys of an object that
 * holds one object for each of something ("conservation", by class), are such labels.
 */
#ifndef YAGURA_CONTROL_FLATTEN_H
#define YAGURA_CONTROL_FLATTEN_H

#include <stddef.h>

struct json_t;

#define FLATTEN_TEXT_BYTES 512

struct flat_value {
	char path[FLATTEN_TEXT_BYTES]; /* "conservation.generated" */
	char labels[FLATTEN_TEXT_BYTES]; /* `class="exec"`, commas between; "" none. Values are
					  * escaped as the text format of Prometheus wants it. */
	const struct json_t *value; /* number, boolean or text */
};

/* Calls `take` for each, in the order they stand, until it answers other than 0; that answer, 0, or
 * -E2BIG (a path or its labels are too long, or nested deeper than anything here is). */
int flatten(const struct json_t *object, int (*take)(void *context, const struct flat_value *value),
	    void *context);
/* The value as a line of Prometheus's text format (version 0.0.4), without the newline:
 * `yagura_conservation_generated{class="exec"} 7`. Booleans are 0 and 1; of a text the line says
 * that it has this value: `yagura_ship_state{value="connected"} 1`. 0 or -E2BIG. */
int flatten_prometheus(const struct flat_value *value, char *ret_line, size_t size);

#endif
