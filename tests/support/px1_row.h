/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of tests/vectors/px1.tsv (proto/PX1.md explains the columns). */
#ifndef YAGURA_SUPPORT_PX1_ROW_H
#define YAGURA_SUPPORT_PX1_ROW_H

#include "sensor/fingerprint/px1.h"

#define PX1_ROW_ANCESTORS_MAX 64

struct px1_row {
	char *line; /* what the texts point into */
	const char *name;
	struct px1_input input;
	struct px1_ancestor ancestors[PX1_ROW_ANCESTORS_MAX];
	char *args;
	const char *shape; /* NULL: none */
	char *ancestry; /* decoded; NULL: none */
	size_t ancestry_length;
	const char *px1;
};

/* Takes a line without its newline. False when it is no row as it must be; free it either way. */
bool px1_row_read(const char *line, struct px1_row *ret_row);
void px1_row_free(struct px1_row *row);

#endif
