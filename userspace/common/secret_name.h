/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether the name of an option or a variable says that its value is a secret, such as
 * "--db-password" or "PGPASSWORD" (proto/PX1.md, c.3). Redaction and px1 ask the same question.
 */
#ifndef YAGURA_COMMON_SECRET_NAME_H
#define YAGURA_COMMON_SECRET_NAME_H

#include "common/cursor.h"

#define SECRET_NAME_BYTES_MAX 64

bool secret_name_is(struct cursor name);

#endif
