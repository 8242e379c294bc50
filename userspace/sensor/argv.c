/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/argv.h"

#include "sensor/fingerprint/px1_shape.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct argv_policy {
	enum argv_mode mode;
	struct redactor *redactor;
	char shape[PX1_SHAPE_BYTES_MAX + 1];
};

int argv_mode_parse(const char *text, enum argv_mode *ret_mode)
{
	static const char *const modes[] = {
		[ARGV_FULL] = "full",
		[ARGV_SHAPE] = "shape",
		[ARGV_NONE] = "none",
	};

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (strcmp(text, modes[i]) == 0) {
			*ret_mode = (enum argv_mode)i;
			return 0;
		}
	}
	return -EINVAL;
}

int argv_policy_new(enum argv_mode mode, const char *rules, struct argv_policy **ret_policy,
		    char ret_error[ARGV_RULE_ERROR_BYTES])
{
	struct argv_policy *policy = calloc(1, sizeof(*policy));
	int r;

	if (!policy)
		return -ENOMEM;
	policy->mode = mode;
	r = redactor_new(rules, &policy->redactor, ret_error);
	if (r < 0) {
		argv_policy_free(policy);
		return r;
	}
	*ret_policy = policy;
	return 0;
}

void argv_policy_free(struct argv_policy *policy)
{
	if (!policy)
		return;
	redactor_free(policy->redactor);
	free(policy);
}

enum argv_mode argv_policy_mode(const struct argv_policy *policy)
{
	return policy->mode;
}

/* One argument an element: no element holds a blank. Made of what redaction left, because a shape
 * keeps words, and a word may be a secret that only a rule knows. */
static struct text shape_of(struct argv_policy *policy, struct text args, bool args_cut)
{
	struct text shape = px1_shape(args, args_cut, policy->shape);

	if (!shape.at || shape.length == 0)
		return (struct text){ 0 };
	for (size_t i = 0; i < shape.length; i++)
		if (policy->shape[i] == ' ')
			policy->shape[i] = '\0';
	policy->shape[shape.length++] = '\0';
	return shape;
}

struct redacted argv_leave(struct argv_policy *policy, struct text args, bool args_cut)
{
	struct redacted left = redact(policy->redactor, args);

	if (policy->mode == ARGV_SHAPE)
		left.args = shape_of(policy, left.args, args_cut);
	else if (policy->mode == ARGV_NONE)
		left.args = (struct text){ 0 };
	return left;
}
