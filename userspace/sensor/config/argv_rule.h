/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One redaction rule as it stands in the configuration file:
 *
 *   option --code      its value goes: --code=value, or the next argument; "-c": -cvalue, too
 *   match tk_[0-9]+    a PCRE2 expression over each argument: its first group goes, or all of it
 */
#ifndef YAGURA_CONFIG_ARGV_RULE_H
#define YAGURA_CONFIG_ARGV_RULE_H

#include "common/pattern.h"

#define ARGV_RULE_ERROR_BYTES (PATTERN_ERROR_BYTES + 64)

struct argv_rule {
	const char *option; /* within the text that was parsed; NULL: `pattern` is set */
	struct pattern *pattern; /* pattern_free it */
};

/* 0; -EINVAL with what it must be in ret_error; -ENOMEM. */
int argv_rule_parse(const char *text, struct argv_rule *ret_rule,
		    char ret_error[ARGV_RULE_ERROR_BYTES]);

#endif
