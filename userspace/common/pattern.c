/* SPDX-License-Identifier: Apache-2.0 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "common/pattern.h"

#include <errno.h>
#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>

#define NEST_MAX 50
#define MATCH_LIMIT 1000000 /* from one starting point; the budget ends most sooner */
#define HEAP_LIMIT_KIB 4096

struct pattern {
	pcre2_code *code;
	pcre2_match_data *match;
	pcre2_match_context *context;
	uint64_t left; /* of the budget, during a search */
	size_t at; /* where the step before was */
};

/* Called before each item of the pattern. */
static int spend(pcre2_callout_block *block, void *context)
{
	struct pattern *pattern = context;
	size_t at = block->current_position;
	size_t moved = at > pattern->at ? at - pattern->at : pattern->at - at;
	uint64_t cost = 1 + (uint64_t)moved;

	pattern->at = at;
	if (cost > pattern->left) {
		pattern->left = 0;
		return PCRE2_ERROR_CALLOUT;
	}
	pattern->left -= cost;
	return 0;
}

static int compile(struct pattern *pattern, const char *text, char ret_error[PATTERN_ERROR_BYTES])
{
	pcre2_compile_context *limits = pcre2_compile_context_create(NULL);
	PCRE2_UCHAR what[96] = "out of memory";
	PCRE2_SIZE position = 0;
	int error = PCRE2_ERROR_NOMEMORY;

	if (limits) {
		pcre2_set_max_pattern_length(limits, PATTERN_BYTES_MAX);
		pcre2_set_parens_nest_limit(limits, NEST_MAX);
		pattern->code = pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED,
					      PCRE2_AUTO_CALLOUT | PCRE2_NEVER_UTF |
						      PCRE2_NEVER_UCP | PCRE2_NEVER_BACKSLASH_C,
					      &error, &position, limits);
	}
	pcre2_compile_context_free(limits);
	if (pattern->code)
		return 0;
	pcre2_get_error_message(error, what, sizeof(what));
	snprintf(ret_error, PATTERN_ERROR_BYTES, "%s at byte %zu", (const char *)what,
		 position + 1);
	return -EINVAL;
}

static int prepare(struct pattern *pattern)
{
	pattern->match = pcre2_match_data_create_from_pattern(pattern->code, NULL);
	pattern->context = pcre2_match_context_create(NULL);
	if (!pattern->match || !pattern->context)
		return -ENOMEM;
	pcre2_set_callout(pattern->context, spend, pattern);
	pcre2_set_match_limit(pattern->context, MATCH_LIMIT);
	pcre2_set_heap_limit(pattern->context, HEAP_LIMIT_KIB);
	return 0;
}

int pattern_new(const char *text, struct pattern **ret_pattern, char ret_error[PATTERN_ERROR_BYTES])
{
	struct pattern *pattern = calloc(1, sizeof(*pattern));
	int r;

	if (!pattern)
		return -ENOMEM;
	r = compile(pattern, text, ret_error);
	if (r == 0)
		r = prepare(pattern);
	if (r < 0) {
		pattern_free(pattern);
		return r;
	}
	*ret_pattern = pattern;
	return 0;
}

void pattern_free(struct pattern *pattern)
{
	if (!pattern)
		return;
	pcre2_match_context_free(pattern->context);
	pcre2_match_data_free(pattern->match);
	pcre2_code_free(pattern->code);
	free(pattern);
}

int pattern_search(struct pattern *pattern, struct cursor bytes, size_t from, uint64_t *budget,
		   size_t ret_span[2])
{
	static const uint8_t nothing[1];
	const PCRE2_SIZE *found = pcre2_get_ovector_pointer(pattern->match);
	int r;

	pattern->left = *budget;
	pattern->at = from;
	r = pcre2_match(pattern->code, bytes.left > 0 ? bytes.at : nothing, bytes.left, from, 0,
			pattern->match, pattern->context);
	*budget = pattern->left;
	if (r == PCRE2_ERROR_NOMATCH)
		return 0;
	if (r <= 0)
		return -EDQUOT;
	if (r > 1 && found[2] != PCRE2_UNSET)
		found += 2;
	/* \K may put the end before the beginning: such a match is empty. */
	ret_span[0] = found[0];
	ret_span[1] = found[1] > found[0] ? found[1] : found[0];
	return 1;
}
