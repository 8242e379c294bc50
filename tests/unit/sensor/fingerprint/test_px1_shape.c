/* SPDX-License-Identifier: Apache-2.0 */
/* What px1 promises of shapes: other values leave one as it is, another option does not; it fits
 * its room whatever the arguments are. */
#include "sensor/fingerprint/px1_shape.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ROUNDS 400

static uint32_t seed = 20260101;

static uint32_t below(uint32_t limit)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % limit;
}

static int put_from(char *to, const char *set, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		to[i] = set[below((uint32_t)strlen(set))];
	return (int)count;
}

/* One of the forms, a digit for each '#'. */
static int put_form(char *to, const char *const *forms, uint32_t count)
{
	const char *form = forms[below(count)];
	int length = 0;

	for (; *form; form++)
		to[length++] = (char)(*form == '#' ? '0' + (char)below(10) : *form);
	return length;
}

static int put_number(char *to)
{
	static const char *const forms[] = { "###", "+#", "####M", "#.##", "0x#f#", "##%", "#,##" };

	return put_form(to, forms, 7);
}

static int put_tail(char *to)
{
	static const char *const forms[] = { "a#", "x/y-##.tar.gz", ".#", "A/../b/##", "./#//z" };

	return put_form(to, forms, 5);
}

static int put_tmp(char *to)
{
	int length = sprintf(to, "%s", below(2) ? "/tmp/" : "/var/../tmp//");

	return length + put_tail(to + length);
}

static int put_home(char *to)
{
	int length = sprintf(to, "/%s/u%u/", "home", below(1000));

	return length + put_tail(to + length);
}

static int put_relative(char *to)
{
	int length = sprintf(to, "%s", below(2) ? "../" : "src/");

	return length + put_tail(to + length);
}

static int put_address(char *to)
{
	if (below(2))
		return sprintf(to, "%u.%u.%u.%u", below(256), below(256), below(256), below(256));
	return sprintf(to, "2001:db8::%x:%x", below(65536), below(65536));
}

static int put_url(char *to)
{
	static const char *const schemes[] = { "http", "https", "ftp", "git+ssh" };

	return sprintf(to, "%s://h%u.example.org/%x?q=%u&r", schemes[below(4)], below(100),
		       below(1u << 20), below(10));
}

static int put_date(char *to)
{
	static const char *const forms[] = { "2###-0#-1#", "2###/#/#", "2###-1#-2#T10:##:20Z" };

	return put_form(to, forms, 3);
}

static int put_hex(char *to)
{
	return put_from(to, "0123456789abcdefABCDEF", 16 + below(100));
}

static int put_base64(char *to)
{
	int length = put_from(to, "ABCXYZabcxyz0189+/", 20 + below(60));

	if (to[0] == '/' || to[0] == '+')
		to[0] = 'Q';
	return length + sprintf(to + length, "%s", below(2) ? "=" : "==");
}

static int put_secret(char *to)
{
	return put_from(to, "abcXYZ019!$ %:/", 1 + below(30));
}

static const struct slot {
	char mark;
	int (*put)(char *to);
} slots[] = {
	{ 'N', put_number },  { 'T', put_tmp },	   { 'H', put_home }, { 'R', put_relative },
	{ 'A', put_address }, { 'U', put_url },	   { 'D', put_date }, { 'X', put_hex },
	{ 'B', put_base64 },  { 'S', put_secret },
};

/* '{N}' is a number, and so on; a blank ends an argument. */
static size_t fill(const char *pattern, char *to)
{
	char *at = to;

	for (; *pattern; pattern++) {
		const struct slot *slot = slots;

		if (*pattern != '{') {
			*at++ = (char)(*pattern == ' ' ? '\0' : *pattern);
			continue;
		}
		while (slot->mark != pattern[1])
			slot++;
		at += slot->put(at);
		pattern += 2;
	}
	*at++ = '\0';
	return (size_t)(at - to);
}

static const char *const patterns[] = {
	"head -n {N} {T}",
	"kill -TERM {N}",
	"tar -C {T} -xzf {R}",
	"cp -a {H} {R}",
	"cp -a {R} {H} {N}",
	"curl -sS --max-time {N} --resolve={A} -o{T} {U}",
	"x --at={N} --in={T} --url={U} --on={D} --of={H}",
	"x V={N} W={T} X={A} Y={D} Z={X}",
	"x -j4 {A} {A} {X}",
	"ping -c1 {A}",
	"date -s {D}",
	"git show {X}",
	"x {B}",
	"x --data={B} {D} {X}",
	"x --password={S} --token {X}",
	"mysql -p{S} shop",
	"env PGPASSWORD={S} x {R}",
	"sshpass -p {X} ssh {A}",
};

static void other_values_same_shape(void **state)
{
	char *first = malloc(PX1_SHAPE_BYTES_MAX);
	char *other = malloc(PX1_SHAPE_BYTES_MAX);

	(void)state;
	for (size_t i = 0; i < ROUNDS * sizeof(patterns) / sizeof(patterns[0]); i++) {
		const char *pattern = patterns[i / ROUNDS];
		char args[2048];
		struct text a = px1_shape((struct text){ args, fill(pattern, args) }, false, first);
		struct text b = px1_shape((struct text){ args, fill(pattern, args) }, false, other);

		if (!a.at || a.length != b.length || memcmp(a.at, b.at, a.length) != 0)
			fail_msg("'%s': '%.*s' and '%.*s'", pattern, (int)a.length, a.at,
				 (int)b.length, b.at);
	}
	free(first);
	free(other);
}

static const struct difference {
	const char *one;
	const char *other;
} differences[] = {
	{ "tar -xzf a.tgz", "tar -xjf a.tgz" },
	{ "rm -r {T}", "rm -rf {T}" },
	{ "x --all {N}", "x --almost-all {N}" },
	{ "x --a={N}", "x --a {N}" },
	{ "x -a{N}", "x -b{N}" },
	{ "x -a={T}", "x -b={T}" },
	{ "x A={T}", "x B={T}" },
	{ "systemctl stop x", "systemctl start x" },
	{ "x -v {N}", "x {N} -v" },
	{ "x -- -v", "x -v" },
	{ "cat {T}", "cat {H}" },
	{ "cat {T}", "cat {R}" },
	{ "cat {T}", "less {T}" },
	{ "x {N}", "x {N} {N}" },
	{ "x {A}", "x {N}" },
	{ "x {D}", "x {N}" },
	{ "x -", "x" },
};

static void another_option_another_shape(void **state)
{
	char *first = malloc(PX1_SHAPE_BYTES_MAX);
	char *other = malloc(PX1_SHAPE_BYTES_MAX);

	(void)state;
	for (size_t i = 0; i < sizeof(differences) / sizeof(differences[0]); i++) {
		const struct difference *d = &differences[i];
		char args[2048];
		struct text a = px1_shape((struct text){ args, fill(d->one, args) }, false, first);
		struct text b =
			px1_shape((struct text){ args, fill(d->other, args) }, false, other);

		if (a.length == b.length && memcmp(a.at, b.at, a.length) == 0)
			fail_msg("'%s' and '%s': '%.*s'", d->one, d->other, (int)a.length, a.at);
	}
	free(first);
	free(other);
}

/* The promise of PX1_SHAPE_BYTES_MAX, on what grows most. */
static void the_longest_fit(void **state)
{
	static const char *const units[] = { "=z",	 "a=",	     "z",    "/",
					     "1",	 "-w x",     "-1",   "--z=",
					     "/var/tmp", "--pass z", "-- z", "a=/var/tmp" };
	const size_t count = sizeof(units) / sizeof(units[0]);
	char *shape = malloc(PX1_SHAPE_BYTES_MAX);
	char args[PX1_WINDOW_BYTES + 64];

	(void)state;
	for (size_t i = 0; i < count * count; i++) {
		size_t used = (size_t)sprintf(args, "ldapsearch") + 1;

		while (used < PX1_WINDOW_BYTES) {
			used += (size_t)sprintf(args + used, "%s", units[i % count]) + 1;
			if (i % 5 == 0)
				args[used++] = '\0';
			used += (size_t)sprintf(args + used, "%s", units[i / count]) + 1;
		}
		for (size_t at = 0; at < used; at++)
			args[at] = (char)(args[at] == ' ' ? '\0' : args[at]);
		assert_non_null(px1_shape((struct text){ args, used }, false, shape).at);
	}
	free(shape);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(other_values_same_shape),
		cmocka_unit_test(another_option_another_shape),
		cmocka_unit_test(the_longest_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
