/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets that options give away. Private to process/redact*. */
#ifndef YAGURA_PROCESS_REDACT_WORDS_H
#define YAGURA_PROCESS_REDACT_WORDS_H

#include "sensor/process/redact_rules.h"
#include "sensor/process/redact_spans.h"

/* Adds what the rules about words find in argv (a NUL after each argument): the built-in ones, then
 * `more`, which ends as redact_rules does. */
void redact_words(const struct redact_rule *more, struct cursor args, struct redact_spans *spans);

#endif
