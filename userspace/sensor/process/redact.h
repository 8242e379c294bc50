/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes secrets out of argument vectors before anybody keeps them: what the built-in rules know
 * (redact_rules.c), then what the operator's rules say. Each secret becomes REDACTED. No I/O, no
 * clock; the time it takes is bounded whatever the arguments are.
 *
 * An operator's rules are those of sensor/config/argv_rule.h.
 */
#ifndef YAGURA_PROCESS_REDACT_H
#define YAGURA_PROCESS_REDACT_H

#include "sensor/config/argv_rule.h"
#include "telemetry/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REDACTED "[REDACTED]"
#define REDACT_RULES_MAX 64 /* of the operator */
#define REDACT_ARGS_BYTES_MAX (64 * 1024)
/* What the operator's expressions may cost, all together for one vector: some tens of milliseconds.
 */
#define REDACT_BUDGET 2000000

struct redacted {
	struct text args; /* the ones given when nothing was found, else the redactor's until its
			     next use */
	uint32_t count; /* secrets taken out; neighbours that touch count once */
	bool gave_up; /* too many secrets, or the budget was spent: all but the first argument is
			 gone */
};

struct redactor;

/* `rules`: one a line; NULL or "" for none but the built-in ones. 0; -EINVAL with what is wrong in
 * ret_error; -ENOMEM. */
int redactor_new(const char *rules, struct redactor **ret_redactor,
		 char ret_error[ARGV_RULE_ERROR_BYTES]);
/* Takes NULL. */
void redactor_free(struct redactor *redactor);

/* `args` is argv, a NUL after each. */
struct redacted redact(struct redactor *redactor, struct text args);

#endif
