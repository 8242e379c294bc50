/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a batch's payload can be decoded: what nobody can read must not be acknowledged. */
#ifndef YAGURA_COLLECTOR_CONTENT_H
#define YAGURA_COLLECTOR_CONTENT_H

#include "collector/verify/verify.h"

/* NULL, or a constant text that says what is wrong. */
const char *content_check(const struct verify_batch *batch);

#endif
