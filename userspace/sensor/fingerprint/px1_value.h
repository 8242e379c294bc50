/* SPDX-License-Identifier: Apache-2.0 */
/* What stands for a value in a px1 shape (proto/PX1.md, c.2). Pure. */
#ifndef YAGURA_FINGERPRINT_PX1_VALUE_H
#define YAGURA_FINGERPRINT_PX1_VALUE_H

#include "common/cursor.h"

/* "<n>", "</tmp>", … : never NULL, never freed. */
const char *px1_class_of(struct cursor value);
/* Padded base64, which would else pass for NAME=VALUE. */
bool px1_is_padded_base64(struct cursor value);

#endif
