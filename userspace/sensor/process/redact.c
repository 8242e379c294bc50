/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/process/redact.h"

#include "sensor/process/redact_rules.h"
#include "sensor/process/redact_spans.h"
#include "sensor/process/redact_text.h"
#include "sensor/process/redact_words.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define OUTPUT_BYTES_MAX (REDACT_ARGS_BYTES_MAX + (REDACT_SPANS_MAX + 1) * sizeof(REDACTED))

struct redactor {
	char *lines; /* of the operator; cut at line ends, the options' names point into it */
	struct redact_rule options[REDACT_RULES_MAX + 1];
	size_t option_count;
	struct pattern *patterns[REDACT_RULES_MAX];
	size_t pattern_count;
	char output[OUTPUT_BYTES_MAX];
};

/* --- rules --- */

static int add_rule(struct redactor *redactor, const char *line,
		    char ret_error[ARGV_RULE_ERROR_BYTES])
{
	struct argv_rule rule;
	int r;

	if (redactor->option_count + redactor->pattern_count == REDACT_RULES_MAX) {
		snprintf(ret_error, ARGV_RULE_ERROR_BYTES, "at most %d rules", REDACT_RULES_MAX);
		return -EINVAL;
	}
	r = argv_rule_parse(line, &rule, ret_error);
	if (r < 0)
		return r;
	if (rule.option)
		redactor->options[redactor->option_count++] = (struct redact_rule){
			.name = rule.option, .kind = REDACT_VALUE, .word = rule.option
		};
	else
		redactor->patterns[redactor->pattern_count++] = rule.pattern;
	return 0;
}

int redactor_new(const char *rules, struct redactor **ret_redactor,
		 char ret_error[ARGV_RULE_ERROR_BYTES])
{
	struct redactor *redactor = calloc(1, sizeof(*redactor));
	char *rest;
	char *line;
	int r = 0;

	if (redactor)
		redactor->lines = strdup(rules ? rules : "");
	if (!redactor || !redactor->lines) {
		redactor_free(redactor);
		return -ENOMEM;
	}
	rest = redactor->lines;
	while (r == 0 && (line = strsep(&rest, "\n")))
		if (line[0] != '\0')
			r = add_rule(redactor, line, ret_error);
	if (r < 0) {
		redactor_free(redactor);
		return r;
	}
	*ret_redactor = redactor;
	return 0;
}

void redactor_free(struct redactor *redactor)
{
	if (!redactor)
		return;
	for (size_t i = 0; i < redactor->pattern_count; i++)
		pattern_free(redactor->patterns[i]);
	free(redactor->lines);
	free(redactor);
}

/* --- finding --- */

/* False: the budget is spent. */
static bool match_argument(struct pattern *pattern, struct cursor argument, uint64_t *budget,
			   struct redact_spans *spans)
{
	size_t from = 0;
	size_t span[2];
	int r = 0;

	while (from <= argument.left &&
	       (r = pattern_search(pattern, argument, from, budget, span)) > 0) {
		struct cursor secret = argument;

		cursor_take(&secret, span[0]);
		redact_spans_add(spans, cursor_take(&secret, span[1] - span[0]));
		from = span[1] > from ? span[1] : from + 1;
	}
	return r >= 0;
}

static bool match_all(struct redactor *redactor, struct cursor args, struct redact_spans *spans)
{
	uint64_t budget = REDACT_BUDGET;

	while (redactor->pattern_count > 0 && args.left > 0) {
		const uint8_t *end = memchr(args.at, '\0', args.left);
		struct cursor argument =
			cursor_take(&args, end ? (size_t)(end - args.at) : args.left);

		for (size_t i = 0; i < redactor->pattern_count; i++)
			if (!match_argument(redactor->patterns[i], argument, &budget, spans))
				return false;
		if (args.left > 0)
			cursor_u8(&args);
	}
	return true;
}

/* --- writing --- */

static void put(char **to, struct cursor bytes)
{
	if (bytes.left > 0)
		memcpy(*to, bytes.at, bytes.left);
	*to += bytes.left;
}

static void put_mark(char **to)
{
	put(to, cursor_of(REDACTED, strlen(REDACTED)));
}

static struct redacted without(struct redactor *redactor, struct cursor args,
			       const struct redact_spans *spans)
{
	char *to = redactor->output;
	size_t done = 0;

	for (size_t i = 0; i < spans->count; i++) {
		put(&to, cursor_take(&args, spans->at[i].start - done));
		put_mark(&to);
		cursor_take(&args, spans->at[i].end - spans->at[i].start);
		done = spans->at[i].end;
	}
	put(&to, args);
	return (struct redacted){ { redactor->output, (size_t)(to - redactor->output) },
				  (uint32_t)spans->count,
				  false };
}

/* The first argument and one mark. */
static struct redacted give_up(struct redactor *redactor, struct cursor args)
{
	char *to = redactor->output;
	const uint8_t *end = args.left > 0 ? memchr(args.at, '\0', args.left) : NULL;
	size_t size = end ? (size_t)(end - args.at) + 1 : 0;

	put(&to, cursor_take(&args, size <= REDACT_ARGS_BYTES_MAX ? size : 0));
	put_mark(&to);
	*to++ = '\0';
	return (struct redacted){ { redactor->output, (size_t)(to - redactor->output) }, 1, true };
}

struct redacted redact(struct redactor *redactor, struct text args)
{
	struct cursor all = cursor_of(args.at, args.length);
	struct redact_spans spans = { .base = all.at };

	if (args.length > REDACT_ARGS_BYTES_MAX)
		return give_up(redactor, all);
	redact_words(redactor->options, all, &spans);
	redact_text(all, &spans);
	if (!match_all(redactor, all, &spans) || spans.are_full)
		return give_up(redactor, all);
	if (spans.count == 0)
		return (struct redacted){ .args = args };
	return without(redactor, all, &spans);
}
