/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/config/argv_rule.h"

#include <errno.h>
#include <stdio.h>

static int fail(char ret_error[ARGV_RULE_ERROR_BYTES], const char *wanted, const char *why)
{
	snprintf(ret_error, ARGV_RULE_ERROR_BYTES, "%s%s", wanted, why);
	return -EINVAL;
}

static int parse_option(const char *name, struct argv_rule *ret_rule,
			char ret_error[ARGV_RULE_ERROR_BYTES])
{
	if (name[0] != '-' || name[1] == '\0' || name[strcspn(name, " \t=")] != '\0')
		return fail(ret_error, "an option that begins with '-', without a blank or '='",
			    "");
	*ret_rule = (struct argv_rule){ .option = name };
	return 0;
}

static int parse_match(const char *text, struct argv_rule *ret_rule,
		       char ret_error[ARGV_RULE_ERROR_BYTES])
{
	char why[PATTERN_ERROR_BYTES] = "";
	struct argv_rule rule = { 0 };
	int r = pattern_new(text, &rule.pattern, why);

	if (r == -EINVAL)
		return fail(ret_error, "a regular expression: ", why);
	if (r == 0)
		*ret_rule = rule;
	return r;
}

int argv_rule_parse(const char *text, struct argv_rule *ret_rule,
		    char ret_error[ARGV_RULE_ERROR_BYTES])
{
	size_t word = strcspn(text, " \t");
	const char *value = text + word + strspn(text + word, " \t");

	if (word == strlen("option") && strncmp(text, "option", word) == 0)
		return parse_option(value, ret_rule, ret_error);
	if (word == strlen("match") && strncmp(text, "match", word) == 0 && value[0] != '\0')
		return parse_match(value, ret_rule, ret_error);
	return fail(ret_error, "option NAME or match REGEX", "");
}
