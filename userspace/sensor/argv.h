/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of an argument vector may leave the host, by [argv] of the configuration. Between decoding
 * and everything that keeps: process table, record, batch, spool. px1 is made of what came in.
 */
#ifndef YAGURA_SENSOR_ARGV_H
#define YAGURA_SENSOR_ARGV_H

#include "sensor/process/redact.h"

enum argv_mode {
	ARGV_FULL, /* without its secrets */
	ARGV_SHAPE, /* the elements of its px1 shape (proto/PX1.md, c) */
	ARGV_NONE,
};

/* "full", "shape" or "none"; -EINVAL for anything else. */
int argv_mode_parse(const char *text, enum argv_mode *ret_mode);

struct argv_policy;

/* `rules`: of argv_rule.h, one a line. 0, -EINVAL with what is wrong in ret_error, -ENOMEM. */
int argv_policy_new(enum argv_mode mode, const char *rules, struct argv_policy **ret_policy,
		    char ret_error[ARGV_RULE_ERROR_BYTES]);
/* Takes NULL. */
void argv_policy_free(struct argv_policy *policy);

enum argv_mode argv_policy_mode(const struct argv_policy *policy);

/* `args` is argv, a NUL after each; `args_cut`: there was more. What may leave has the same form,
 * and stays valid until the next call. `count` and `gave_up` are as redact() says, in every mode.
 */
struct redacted argv_leave(struct argv_policy *policy, struct text args, bool args_cut);

#endif
