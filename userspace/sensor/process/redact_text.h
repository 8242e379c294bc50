/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets that show wherever they stand: tokens, headers, URLs. Private to process/redact*. */
#ifndef YAGURA_PROCESS_REDACT_TEXT_H
#define YAGURA_PROCESS_REDACT_TEXT_H

#include "sensor/process/redact_rules.h"
#include "sensor/process/redact_spans.h"

/* Adds what all rules of that kind find in argv (a NUL after each argument). Time grows with its
 * length. */
void redact_text(struct cursor args, struct redact_spans *spans);

/* Blanks and what a shell takes for the end of a word. */
bool redact_is_delimiter(uint8_t c);
bool redact_is_quote(uint8_t c);
/* What comes before the first byte that is of the class, or a NUL. */
struct cursor redact_until(struct cursor from, bool (*is_end)(uint8_t));
/* What comes before the first `end`, or a NUL. */
struct cursor redact_until_byte(struct cursor from, uint8_t end);

#endif
