/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A word is an argument, or a part of one that a shell would take for an argument: "sh -c" and its
 * like carry whole commands. At the beginning of an argument a value goes to the argument's end
 * (blanks included), elsewhere to the end of the word or of its quotes.
 */
#include "sensor/process/redact_words.h"

#include "common/secret_name.h"
#include "sensor/process/redact_text.h"

#include <ctype.h>

struct scan {
	struct redact_spans *spans;
	uint32_t families; /* bit n: a program of family n was named */
	uint64_t came; /* bit n: the word that rule n wants to have come before */
	const struct redact_rule *awaits; /* whose value is the next word */
	bool wants_last;
	struct cursor last;
};

struct word {
	struct cursor text;
	struct cursor rest; /* from its beginning to where a value may end */
	struct cursor all; /* from its beginning to the argument's end */
};

static bool is_text(struct cursor c, const char *text)
{
	return c.left == strlen(text) && memcmp(c.at, text, c.left) == 0;
}

static bool begins(struct cursor c, const char *text)
{
	return is_text(cursor_take(&c, strlen(text)), text);
}

static struct cursor behind(struct cursor c, size_t n)
{
	cursor_take(&c, n);
	return c;
}

static bool is_letter(uint8_t c)
{
	return isascii(c) && isalpha(c);
}

static bool is_variable(uint8_t c)
{
	return isascii(c) && (isalnum(c) || c == '_' || c == '-' || c == '.');
}

static bool is_all(struct cursor c, bool (*is)(uint8_t))
{
	while (c.left > 0)
		if (!is(cursor_u8(&c)))
			return false;
	return true;
}

/* --- values --- */

/* What stands behind `n` bytes of the word. In a command a value may begin with a quote
 * ("--password='a b'"): it ends with it. */
static struct cursor value_of(const struct word *word, size_t n)
{
	struct cursor value = behind(word->rest, n);
	struct cursor beyond = behind(word->all, n);

	if (value.left > 0 || beyond.left == 0 || !redact_is_quote(*beyond.at))
		return value;
	return redact_until_byte(behind(beyond, 1), *beyond.at);
}

/* False when it is no pair, where one is asked for. */
static bool take(struct scan *scan, const struct redact_rule *rule, struct cursor value)
{
	const uint8_t *at;

	if (rule->kind != REDACT_PAIR) {
		redact_spans_add(scan->spans, value);
		return true;
	}
	at = value.left > 0 ? memchr(value.at, rule->separator, value.left) : NULL;
	if (at)
		redact_spans_add(scan->spans, behind(value, (size_t)(at - value.at) + 1));
	return at != NULL;
}

/* --- rules: true when the word was theirs --- */

/* Behind `n` bytes of the word. */
static bool take_behind(struct scan *scan, const struct redact_rule *rule, const struct word *word,
			size_t n)
{
	return take(scan, rule, value_of(word, n));
}

static bool await(struct scan *scan, const struct redact_rule *rule)
{
	scan->awaits = rule;
	return true;
}

static bool meet_named(struct scan *scan, const struct redact_rule *rule, const struct word *word)
{
	struct cursor name = word->text;
	const uint8_t *equals = memchr(name.at, '=', name.left);
	size_t dashes = begins(name, "--") ? 2 : begins(name, "-");

	if (equals)
		name = cursor_take(&name, (size_t)(equals - name.at));
	if (!is_all(name, is_variable) || !secret_name_is(name))
		return false;
	if (equals)
		return take_behind(scan, rule, word, name.left + 1);
	return dashes > 0 && await(scan, rule);
}

/* "-sSu" of curl: the last of options written together awaits the value. */
static bool ends_cluster(const struct redact_rule *rule, struct cursor text)
{
	struct cursor letters = behind(text, 1);

	return strlen(rule->word) == 2 && rule->word[0] == '-' && text.at[0] == '-' &&
	       text.left >= 2 && text.at[text.left - 1] == (uint8_t)rule->word[1] &&
	       is_all(letters, is_letter);
}

static bool meet_option(struct scan *scan, const struct redact_rule *rule, const struct word *word)
{
	size_t length = strlen(rule->word);
	bool is_long = strncmp(rule->word, "--", 2) == 0;
	bool may_follow = rule->kind != REDACT_ATTACHED;

	if (may_follow && (is_text(word->text, rule->word) || ends_cluster(rule, word->text)))
		return await(scan, rule);
	if (!begins(word->text, rule->word))
		return false;
	if (!is_long)
		return take_behind(scan, rule, word, length);
	return begins(behind(word->text, length), "=") && take_behind(scan, rule, word, length + 1);
}

static bool meet_last(struct scan *scan, const struct redact_rule *rule, const struct word *word)
{
	struct cursor letters = behind(word->text, 1);

	if (word->text.at[0] != '-' || letters.left == 0 || !is_all(letters, is_letter) ||
	    !memchr(letters.at, rule->word[0], letters.left))
		return false;
	scan->wants_last = true;
	return true;
}

static bool meet(struct scan *scan, const struct redact_rule *rule, const struct word *word)
{
	switch (rule->kind) {
	case REDACT_NAMED:
		return meet_named(scan, rule, word);
	case REDACT_ATTACHED:
	case REDACT_VALUE:
	case REDACT_PAIR:
		return meet_option(scan, rule, word);
	case REDACT_NEXT:
		return is_text(word->text, rule->word) && await(scan, rule);
	case REDACT_LAST:
		return meet_last(scan, rule, word);
	case REDACT_HEADER:
	case REDACT_TOKEN:
	case REDACT_JWT:
	case REDACT_URL:
	case REDACT_JSON:
	case REDACT_QUERY:
		break;
	}
	return false;
}

static bool is_of_family(const struct scan *scan, const struct redact_rule *rule)
{
	return rule->family == FAMILY_ANY || (scan->families & 1u << rule->family);
}

/* `bit` is the rule's in `came`; rules of the operator have none and need none. */
static bool applies(struct scan *scan, const struct redact_rule *rule, uint64_t bit,
		    const struct word *word)
{
	if (rule->after && is_text(word->text, rule->after))
		scan->came |= bit;
	return !rule->after || (scan->came & bit);
}

static bool meet_any(struct scan *scan, const struct redact_rule *rules, const struct word *word)
{
	uint64_t bit = 1;

	for (const struct redact_rule *rule = rules; rule->name; rule++) {
		if (rule->after)
			bit <<= 1;
		if (is_of_family(scan, rule) && !redact_is_text_rule(rule) &&
		    applies(scan, rule, bit, word) && meet(scan, rule, word))
			return true;
	}
	return false;
}

/* --- words --- */

/* True when it is the value that was awaited. */
static bool is_awaited(struct scan *scan, const struct word *word)
{
	const struct redact_rule *rule = scan->awaits;

	scan->awaits = NULL;
	if (!rule)
		return false;
	if ((rule->kind == REDACT_NAMED || rule->kind == REDACT_NEXT) && begins(word->text, "-"))
		return false;
	take(scan, rule, word->rest);
	return true;
}

static void take_word(struct scan *scan, const struct redact_rule *more, const struct word *word)
{
	if (is_awaited(scan, word))
		return;
	if (word->text.at[0] != '-') {
		scan->families |= 1u << redact_family_of(word->text);
		if (scan->wants_last)
			scan->last = word->rest;
	}
	if (!meet_any(scan, redact_rules, word))
		meet_any(scan, more, word);
}

static size_t skip_delimiters(struct cursor *argument)
{
	struct cursor rest = *argument;
	size_t count = 0;

	while (rest.left > 0 && redact_is_delimiter(cursor_u8(&rest)))
		count++;
	cursor_take(argument, count);
	return count;
}

/* The next word of an argument; false at its end. A value that is awaited is a whole argument. */
static bool next_word(const struct scan *scan, struct cursor argument, struct cursor *rest,
		      struct word *ret_word)
{
	size_t skipped;

	*ret_word = (struct word){ argument, argument, argument };
	if (scan->awaits && rest->at == argument.at)
		return true;
	skipped = skip_delimiters(rest);
	if (rest->left == 0)
		return false;
	ret_word->all = *rest;
	ret_word->text = redact_until(*rest, redact_is_delimiter);
	ret_word->rest = ret_word->text;
	if (rest->at == argument.at)
		ret_word->rest = argument;
	else if (skipped > 0 && redact_is_quote(rest->at[-1]))
		ret_word->rest = redact_until_byte(*rest, rest->at[-1]);
	return true;
}

static void take_argument(struct scan *scan, const struct redact_rule *more, struct cursor argument)
{
	struct cursor rest = argument;
	struct word word;

	if (argument.left == 0)
		scan->awaits = NULL;
	while (rest.left > 0 && next_word(scan, argument, &rest, &word)) {
		take_word(scan, more, &word);
		cursor_take(&rest, word.text.left);
	}
}

void redact_words(const struct redact_rule *more, struct cursor args, struct redact_spans *spans)
{
	struct scan scan = { .spans = spans };

	while (args.left > 0) {
		const uint8_t *end = memchr(args.at, '\0', args.left);
		size_t size = end ? (size_t)(end - args.at) : args.left;

		take_argument(&scan, more, cursor_take(&args, size));
		if (args.left > 0)
			cursor_u8(&args);
	}
	redact_spans_add(spans, scan.last);
}
