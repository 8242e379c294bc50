/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/process/redact_text.h"

#include "common/secret_name.h"

#include <ctype.h>
#include <strings.h>

#define JWT_PART_MIN 8

/* --- pieces --- */

bool redact_is_quote(uint8_t c)
{
	return c == '"' || c == '\'' || c == '`';
}

static bool is_one_of(uint8_t c, const char *set)
{
	return c != '\0' && strchr(set, c);
}

bool redact_is_delimiter(uint8_t c)
{
	return is_one_of(c, " \t\n\r\v\f;|&()<>") || redact_is_quote(c);
}

static bool is_token_byte(uint8_t c)
{
	return isascii(c) && (isalnum(c) || c == '_' || c == '-');
}

static bool is_no_token_byte(uint8_t c)
{
	return !is_token_byte(c);
}

static bool is_name_byte(uint8_t c)
{
	return is_token_byte(c) || c == '.';
}

static bool is_authority_end(uint8_t c)
{
	return is_one_of(c, "/?#") || redact_is_delimiter(c);
}

static bool is_query_end(uint8_t c)
{
	return is_one_of(c, ",#") || redact_is_delimiter(c);
}

static bool is_json_end(uint8_t c)
{
	return is_one_of(c, ",}]") || redact_is_delimiter(c);
}

static bool is_line_end(uint8_t c)
{
	return c == '\n' || c == '\r';
}

struct cursor redact_until(struct cursor from, bool (*is_end)(uint8_t))
{
	struct cursor rest = from;
	size_t size = 0;

	while (rest.left > 0) {
		uint8_t c = cursor_u8(&rest);

		if (c == '\0' || is_end(c))
			break;
		size++;
	}
	return cursor_take(&from, size);
}

struct cursor redact_until_byte(struct cursor from, uint8_t end)
{
	struct cursor argument = from;
	const uint8_t *nul = from.left > 0 ? memchr(from.at, '\0', from.left) : NULL;
	const uint8_t *at;

	if (nul)
		argument = cursor_take(&from, (size_t)(nul - from.at));
	at = argument.left > 0 ? memchr(argument.at, end, argument.left) : NULL;
	return at ? cursor_take(&argument, (size_t)(at - argument.at)) : argument;
}

/* What is left of `all` from `at` on. */
static struct cursor from(struct cursor all, const uint8_t *at)
{
	cursor_take(&all, (size_t)(at - all.at));
	return all;
}

/* The name that ends before `at`, at most as long as names that announce secrets are. */
static struct cursor name_before(struct cursor all, const uint8_t *at)
{
	size_t size = 0;
	size_t most = (size_t)(at - all.at);

	while (size < most && size <= SECRET_NAME_BYTES_MAX && is_name_byte(*(at - size - 1)))
		size++;
	return cursor_of(at - size, size);
}

static uint8_t byte_before(struct cursor all, const uint8_t *at)
{
	return at > all.at ? at[-1] : '\0';
}

static struct cursor skip_blanks(struct cursor c)
{
	while (c.left > 0 && (*c.at == ' ' || *c.at == '\t'))
		cursor_u8(&c);
	return c;
}

/* What a finder took, and where the search goes on. */
typedef struct cursor (*finder)(const struct redact_rule *rule, struct cursor all,
				const uint8_t *at);

/* Calls for each place where `needle` is. */
static void each(const struct redact_rule *rule, struct cursor all, const char *needle, finder find,
		 struct redact_spans *spans)
{
	struct cursor rest = all;
	const uint8_t *at;

	while (rest.left > 0 && (at = memmem(rest.at, rest.left, needle, strlen(needle)))) {
		struct cursor secret = find(rule, all, at);
		const uint8_t *next = at + strlen(needle);

		if (!secret.failed)
			redact_spans_add(spans, secret);
		if (secret.at && secret.at + secret.left > next)
			next = secret.at + secret.left;
		rest = from(all, next);
	}
}

/* Nothing to redact, but all up to its end was looked at. */
static struct cursor seen(struct cursor run)
{
	run.failed = true;
	return run;
}

static const struct cursor nothing = { .failed = true };

/* --- finders: `at` is where the needle was found --- */

static struct cursor find_token(const struct redact_rule *rule, struct cursor all,
				const uint8_t *at)
{
	size_t prefix = strlen(rule->word);
	struct cursor behind = from(all, at + prefix);
	struct cursor run = redact_until(behind, is_no_token_byte);

	if (run.left < rule->least || is_token_byte(byte_before(all, at)))
		return seen(run);
	return cursor_of(at, prefix + run.left);
}

/* BASE64URL(header) . BASE64URL(payload) . BASE64URL(signature), RFC 7515 3.1; a header is a JSON
 * object, and {" is "eyJ" in that writing. */
static struct cursor find_jwt(const struct redact_rule *rule, struct cursor all, const uint8_t *at)
{
	struct cursor rest = from(all, at);
	size_t size = 0;

	(void)rule;
	for (int part = 0; part < 3; part++) {
		struct cursor run = redact_until(rest, is_no_token_byte);

		if (part < 2 && run.left < JWT_PART_MIN)
			return seen(cursor_of(at, size + run.left));
		cursor_take(&rest, run.left);
		size += run.left;
		if (part == 2)
			break;
		if (rest.left == 0 || *rest.at != '.')
			return seen(cursor_of(at, size));
		cursor_u8(&rest);
		size++;
	}
	return cursor_of(at, size);
}

static bool ends_in(struct cursor name, const char *word)
{
	size_t length = strlen(word);

	return name.left >= length &&
	       strncasecmp((const char *)name.at + name.left - length, word, length) == 0;
}

static struct cursor find_header(const struct redact_rule *rule, struct cursor all,
				 const uint8_t *at)
{
	struct cursor name = name_before(all, at);
	struct cursor value = from(all, at + 1);
	struct cursor text = skip_blanks(value);
	uint8_t before = byte_before(all, name.at);

	if (!ends_in(name, rule->word))
		return nothing;
	/* "web-token:v1" within a word is a name with a tag */
	if (text.left == value.left && before != '\0' && !redact_is_quote(before))
		return nothing;
	if (redact_is_quote(before))
		return redact_until_byte(text, before);
	return redact_until(text, is_line_end);
}

/* "name": "value" */
static struct cursor find_json(const struct redact_rule *rule, struct cursor all, const uint8_t *at)
{
	uint8_t quote = *at;
	struct cursor value = skip_blanks(from(all, at + 2));

	(void)rule;
	if (!secret_name_is(name_before(all, at)) || value.left == 0)
		return nothing;
	if (*value.at != quote)
		return redact_until(value, is_json_end);
	cursor_u8(&value);
	return redact_until_byte(value, quote);
}

static bool has_http_scheme(struct cursor all, const uint8_t *at)
{
	struct cursor scheme = name_before(all, at);

	return ends_in(scheme, "http") || ends_in(scheme, "https");
}

static struct cursor find_user(const struct redact_rule *rule, struct cursor all, const uint8_t *at)
{
	struct cursor authority = redact_until(from(all, at + 3), is_authority_end);
	const uint8_t *end = authority.left > 0 ? memrchr(authority.at, '@', authority.left) : NULL;
	struct cursor user = authority;
	const uint8_t *colon;

	(void)rule;
	if (!end)
		return nothing;
	user = cursor_take(&authority, (size_t)(end - authority.at));
	colon = user.left > 0 ? memchr(user.at, ':', user.left) : NULL;
	if (colon)
		return from(user, colon + 1);
	return has_http_scheme(all, at) ? user : nothing;
}

static struct cursor find_query(const struct redact_rule *rule, struct cursor all,
				const uint8_t *at)
{
	struct cursor name = name_before(all, at);

	(void)rule;
	if (!is_one_of(byte_before(all, name.at), ",;&?") || !secret_name_is(name))
		return nothing;
	return redact_until(from(all, at + 1), is_query_end);
}

/* --- rules --- */

/* What every secret of the rule has in it, and who looks there; NULL: a rule of words. */
static const char *needle_of(const struct redact_rule *rule, finder *ret_find)
{
	static const struct {
		finder find;
		const char *needle; /* NULL: the rule's word */
	} kinds[] = {
		[REDACT_HEADER] = { find_header, ":" }, [REDACT_TOKEN] = { find_token, NULL },
		[REDACT_JWT] = { find_jwt, "eyJ" },	[REDACT_URL] = { find_user, "://" },
		[REDACT_JSON] = { find_json, NULL },	[REDACT_QUERY] = { find_query, "=" },
	};

	if (!redact_is_text_rule(rule))
		return NULL;
	*ret_find = kinds[rule->kind].find;
	return kinds[rule->kind].needle ?: rule->word;
}

/* Most needles have a byte that usual arguments lack. */
static bool may_hold(const bool has_byte[UINT8_MAX + 1], const char *needle)
{
	while (*needle && has_byte[(uint8_t)*needle])
		needle++;
	return *needle == '\0';
}

void redact_text(struct cursor args, struct redact_spans *spans)
{
	bool has_byte[UINT8_MAX + 1] = { false };

	for (size_t i = 0; i < args.left; i++)
		has_byte[args.at[i]] = true;
	for (const struct redact_rule *rule = redact_rules; rule->name; rule++) {
		finder find;
		const char *needle = needle_of(rule, &find);

		if (needle && may_hold(has_byte, needle))
			each(rule, args, needle, find, spans);
	}
}
