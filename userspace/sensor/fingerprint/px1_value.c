/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/fingerprint/px1_value.h"

#include "sensor/fingerprint/px1_address.h"
#include "sensor/fingerprint/px1_bytes.h"

#define HEX_BYTES_MIN 16
#define BASE64_BYTES_MIN 20

static bool is_scheme(uint8_t c)
{
	return px1_is_letter(c) || px1_is_digit(c) || px1_is_one_of(c, "+.-");
}

static bool is_base64(uint8_t c)
{
	return px1_is_letter(c) || px1_is_digit(c) || px1_is_one_of(c, "+/_-");
}

static bool is_name(uint8_t c)
{
	return px1_is_letter(c) || px1_is_digit(c) || c >= 128 || px1_is_one_of(c, "_.,:+-/@%=#~^");
}

static bool is_time(uint8_t c)
{
	return px1_is_digit(c) || px1_is_one_of(c, ":.,+-Zz ");
}

static bool is_url(struct cursor c)
{
	if (!px1_is_letter(px1_peek(c)))
		return false;
	cursor_take(&c, px1_span(c, is_scheme));
	return px1_begins(c, "://");
}

bool px1_is_padded_base64(struct cursor c)
{
	bool is_long = c.left >= BASE64_BYTES_MIN;

	cursor_take(&c, px1_span(c, is_base64));
	return is_long && (px1_is_text(c, "=") || px1_is_text(c, "=="));
}

static bool is_uuid(struct cursor c)
{
	static const size_t groups[] = { 8, 4, 4, 4, 12 };

	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		if ((i > 0 && !px1_skip(&c, "-")) ||
		    !px1_skip_span(&c, px1_is_hex, groups[i], groups[i]))
			return false;
	return c.left == 0;
}

static bool is_hex(struct cursor c)
{
	return (c.left >= HEX_BYTES_MIN && px1_is_all(c, px1_is_hex)) || is_uuid(c);
}

static bool is_date(struct cursor c)
{
	bool year_first = px1_span(c, px1_is_digit) == 4;
	char separator[2] = { 0 };

	if (!px1_skip_span(&c, px1_is_digit, year_first ? 4 : 1, year_first ? 4 : 2))
		return false;
	separator[0] = (char)px1_peek(c);
	if (!px1_skip(&c, "-/.") || !px1_skip_span(&c, px1_is_digit, 1, 2) ||
	    !px1_skip(&c, separator) ||
	    !px1_skip_span(&c, px1_is_digit, year_first ? 1 : 4, year_first ? 2 : 4))
		return false;
	if (c.left == 0)
		return true;
	return px1_skip(&c, "Tt_ ") && c.left > 0 && px1_is_all(c, is_time);
}

static bool is_prefixed_hex(struct cursor c)
{
	return px1_skip(&c, "0") && px1_skip(&c, "xX") && c.left > 0 && px1_is_all(c, px1_is_hex);
}

/* One of the signs that may stand within a number, and the digits behind it. */
static bool skip_part(struct cursor *c)
{
	struct cursor rest = *c;

	if (!px1_skip(&rest, ".,:_/-+xeE") || !px1_skip_span(&rest, px1_is_digit, 1, SIZE_MAX))
		return false;
	*c = rest;
	return true;
}

static bool is_number(struct cursor c)
{
	px1_skip(&c, "+-");
	if (is_prefixed_hex(c))
		return true;
	if (!px1_skip_span(&c, px1_is_digit, 1, SIZE_MAX))
		return false;
	while (skip_part(&c))
		;
	return c.left == 0 || px1_is_text(c, "%") || (c.left <= 3 && px1_is_all(c, px1_is_letter));
}

static const struct directory {
	const char *first;
	const char *second; /* NULL: any, or none */
	const char *class;
} directories[] = {
	{ "var", "tmp", "</var/tmp>" }, { "var", "run", "</run>" },
	{ "var", "lock", "</run>" },	{ "dev", "shm", "</dev/shm>" },
	{ "run", "shm", "</dev/shm>" }, { "usr", NULL, "</usr>" },
	{ "bin", NULL, "</usr>" },	{ "sbin", NULL, "</usr>" },
	{ "lib", NULL, "</usr>" },	{ "lib32", NULL, "</usr>" },
	{ "lib64", NULL, "</usr>" },	{ "libx32", NULL, "</usr>" },
	{ "tmp", NULL, "</tmp>" },	{ "home", NULL, "</home>" },
	{ "root", NULL, "</root>" },	{ "etc", NULL, "</etc>" },
	{ "proc", NULL, "</proc>" },	{ "sys", NULL, "</sys>" },
	{ "dev", NULL, "</dev>" },	{ "run", NULL, "</run>" },
	{ "var", NULL, "</var>" },	{ "opt", NULL, "</opt>" },
	{ "srv", NULL, "</srv>" },	{ "boot", NULL, "</boot>" },
	{ "mnt", NULL, "</mnt>" },	{ "media", NULL, "</media>" },
};

static const char *directory_class(struct cursor path)
{
	struct cursor kept[2] = { { 0 } };
	size_t depth = 0;
	bool found = true;

	while (found) {
		struct cursor component = px1_take_until(&path, '/', &found);

		if (component.left == 0 || px1_is_text(component, "."))
			continue;
		if (px1_is_text(component, "..")) {
			depth -= depth > 0;
			continue;
		}
		if (depth < 2)
			kept[depth] = component;
		depth++;
	}
	for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++) {
		const struct directory *row = &directories[i];

		if (depth > 0 && px1_is_text(kept[0], row->first) &&
		    (!row->second || (depth > 1 && px1_is_text(kept[1], row->second))))
			return row->class;
	}
	return "</>";
}

const char *px1_class_of(struct cursor value)
{
	if (value.left == 0)
		return "<>";
	if (is_url(value))
		return "<url>";
	if (px1_is_padded_base64(value))
		return "<name>";
	if (is_hex(value))
		return "<hex>";
	if (is_date(value))
		return "<date>";
	if (px1_is_address(value))
		return "<addr>";
	if (is_number(value))
		return "<n>";
	if (px1_peek(value) == '/')
		return directory_class(value);
	return px1_is_all(value, is_name) ? "<name>" : "<text>";
}
