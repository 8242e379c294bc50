/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/fingerprint/px1_shape.h"

#include "common/secret_name.h"
#include "sensor/fingerprint/px1_bytes.h"
#include "sensor/fingerprint/px1_value.h"
#include "sensor/fingerprint/writer.h"

#define NAME_BYTES_MAX 64
#define CLUSTER_BYTES_MAX 32
#define WORD_BYTES_MAX 16
#define WORDS_KEPT 2
#define COUNT_MAX 99

/* Options of one letter that no name gives away. */
static const struct secret_option {
	const char *program;
	char letter;
	bool next; /* the value may be the next argument */
} secret_options[] = {
	{ "mysql", 'p', false },	 { "mysqldump", 'p', false },
	{ "mysqladmin", 'p', false },	 { "mysqlimport", 'p', false },
	{ "mysqlshow", 'p', false },	 { "mysqlcheck", 'p', false },
	{ "mariadb", 'p', false },	 { "mariadb-dump", 'p', false },
	{ "mariadb-admin", 'p', false }, { "7z", 'p', false },
	{ "7za", 'p', false },		 { "7zr", 'p', false },
	{ "sshpass", 'p', true },	 { "ldapsearch", 'w', true },
	{ "ldapadd", 'w', true },	 { "ldapmodify", 'w', true },
	{ "ldapdelete", 'w', true },	 { "ldapwhoami", 'w', true },
	{ "redis-cli", 'a', true },	 { "zip", 'P', true },
	{ "unzip", 'P', true },
};

struct shaping {
	struct writer *out;
	const struct secret_option *program; /* the last one named, or NULL */
	size_t previous; /* where the element before begins in the text … */
	size_t previous_length; /* … and how long it is, without its '*' */
	unsigned words;
	bool awaits; /* the next argument is a secret */
};

static void put(struct shaping *s, struct cursor literal)
{
	writer_text(s->out, (struct text){ (const char *)literal.at, literal.left });
}

static void put_class(struct shaping *s, struct cursor value)
{
	writer_string(s->out, px1_class_of(value));
}

static void put_value(struct shaping *s, struct cursor name, struct cursor value)
{
	if (value.left > 0 && secret_name_is(name))
		writer_string(s->out, "<secret>");
	else
		put_class(s, value);
}

/* --- names --- */

static bool is_long_name(uint8_t c)
{
	return px1_is_letter(c) || px1_is_digit(c) || px1_is_one_of(c, ".:_-");
}

static bool is_short_name(uint8_t c)
{
	return px1_is_letter(c) || px1_is_digit(c) || px1_is_one_of(c, ",._-");
}

static bool is_variable(uint8_t c)
{
	return px1_is_letter(c) || px1_is_digit(c) || px1_is_one_of(c, "._-");
}

static bool is_cluster(uint8_t c)
{
	return px1_is_letter(c) || px1_is_one_of(c, ",_-");
}

static bool is_word_byte(uint8_t c)
{
	return px1_is_small(c) || px1_is_one_of(c, "_-");
}

static bool is_program_byte(uint8_t c)
{
	return c > ' ' && c < 127 && c != '<' && c != '>';
}

static bool is_name(struct cursor name, bool (*is)(uint8_t))
{
	return name.left > 0 && name.left <= NAME_BYTES_MAX && px1_is_all(name, is);
}

static bool is_word(struct cursor argument)
{
	return px1_is_small(px1_peek(argument)) && argument.left <= WORD_BYTES_MAX &&
	       px1_is_small(argument.at[argument.left - 1]) && px1_is_all(argument, is_word_byte);
}

/* --- elements --- */

static void note_program(struct shaping *s, struct cursor argument)
{
	struct cursor name = px1_base_name(argument);

	for (size_t i = 0; i < sizeof(secret_options) / sizeof(secret_options[0]); i++)
		if (px1_is_text(name, secret_options[i].program))
			s->program = &secret_options[i];
}

static void shape_program(struct shaping *s, struct cursor argument)
{
	struct cursor name = px1_base_name(argument);

	note_program(s, argument);
	if (name.left > 0 && !is_name(name, is_program_byte))
		writer_string(s->out, "<text>");
	else if (name.left == 0)
		writer_string(s->out, "<>");
	else
		put(s, name);
}

/* Behind "--". */
static void shape_long(struct shaping *s, struct cursor rest)
{
	struct cursor value = rest;
	bool has_value;
	struct cursor name = px1_take_until(&value, '=', &has_value);
	uint8_t first = px1_peek(name);

	writer_string(s->out, "--");
	if (!is_name(name, is_long_name) || !(px1_is_letter(first) || px1_is_digit(first))) {
		put_class(s, rest);
		return;
	}
	put(s, name);
	if (has_value) {
		writer_char(s->out, '=');
		put_value(s, name, value);
		return;
	}
	s->awaits = secret_name_is(name);
}

/* The program's own option; `rest` is behind "-". */
static bool shape_secret_option(struct shaping *s, struct cursor rest)
{
	if (!s->program || px1_peek(rest) != (uint8_t)s->program->letter)
		return false;
	if (rest.left == 1 && !s->program->next)
		return false;
	put(s, cursor_take(&rest, 1));
	if (rest.left > 0)
		writer_string(s->out, "<secret>");
	else
		s->awaits = true;
	return true;
}

/* "-std=gnu11" */
static bool shape_short_with_value(struct shaping *s, struct cursor rest)
{
	bool has_value;
	struct cursor name = px1_take_until(&rest, '=', &has_value);

	if (!has_value || !is_name(name, is_short_name) || !px1_is_letter(px1_peek(name)))
		return false;
	put(s, name);
	writer_char(s->out, '=');
	put_value(s, name, rest);
	return true;
}

/* "10" of "-n10": nothing else can be told from more letters. */
static bool is_plain_class(const char *class)
{
	return strcmp(class, "<n>") == 0 || strcmp(class, "<date>") == 0 ||
	       strcmp(class, "<addr>") == 0;
}

/* "-rf", "-n10", "-I/usr/include" */
static void shape_cluster(struct shaping *s, struct cursor rest)
{
	struct cursor tail = rest;
	bool begins_well = px1_is_letter(px1_peek(rest));
	struct cursor cluster = cursor_take(&tail, begins_well ? px1_span(rest, is_cluster) : 0);
	const char *class = tail.left > 0 ? px1_class_of(tail) : "";
	bool is_short = cluster.left <= CLUSTER_BYTES_MAX;

	if (is_short && tail.left == 0)
		s->awaits = secret_name_is(cluster);
	if (is_short && (tail.left == 0 || cluster.left == 0 || is_plain_class(class))) {
		put(s, cluster);
		writer_string(s->out, class);
		return;
	}
	put(s, cursor_take(&rest, 1));
	put_class(s, rest);
}

/* Behind "-". */
static void shape_short(struct shaping *s, struct cursor rest)
{
	writer_char(s->out, '-');
	if (!shape_secret_option(s, rest) && !shape_short_with_value(s, rest))
		shape_cluster(s, rest);
}

static bool shape_assignment(struct shaping *s, struct cursor argument)
{
	struct cursor value = argument;
	bool has_value;
	struct cursor name = px1_take_until(&value, '=', &has_value);
	uint8_t first = px1_peek(name);

	if (!has_value || !is_name(name, is_variable) || !(px1_is_letter(first) || first == '_') ||
	    px1_is_padded_base64(argument))
		return false;
	put(s, name);
	writer_char(s->out, '=');
	put_value(s, name, value);
	return true;
}

static void shape_operand(struct shaping *s, struct cursor argument)
{
	note_program(s, argument);
	if (shape_assignment(s, argument))
		return;
	if (!is_word(argument))
		put_class(s, argument);
	else if (s->words++ < WORDS_KEPT)
		put(s, argument);
	else
		writer_string(s->out, "<name>");
}

static struct cursor behind(struct cursor argument, size_t n)
{
	cursor_take(&argument, n);
	return argument;
}

static void shape_argument(struct shaping *s, struct cursor argument)
{
	bool awaited = s->awaits;

	s->awaits = false;
	if (awaited && argument.left > 0 && px1_peek(argument) != '-')
		writer_string(s->out, "<secret>");
	else if (px1_is_text(argument, "-") || px1_is_text(argument, "--"))
		put(s, argument);
	else if (px1_begins(argument, "--"))
		shape_long(s, behind(argument, 2));
	else if (px1_begins(argument, "-"))
		shape_short(s, behind(argument, 1));
	else
		shape_operand(s, argument);
}

/* --- the whole --- */

static struct text written(const struct writer *out, size_t from, size_t length)
{
	return (struct text){ out->at + from, length };
}

/* Takes an element back that says what the one before says. */
static void end_element(struct shaping *s, size_t start)
{
	struct writer *out = s->out;
	size_t length = out->length - start;
	struct text element = written(out, start, length);
	struct text previous = written(out, s->previous, s->previous_length);

	if (out->failed)
		return;
	if (length != previous.length || element.at[0] != '<' ||
	    memcmp(element.at, previous.at, length) != 0) {
		s->previous = start;
		s->previous_length = length;
		return;
	}
	out->length = s->previous + s->previous_length;
	writer_char(out, '*');
}

static bool take_argument(struct cursor *window, struct cursor *ret_argument)
{
	struct cursor rest = *window;
	bool found;

	*ret_argument = px1_take_until(&rest, '\0', &found);
	if (found)
		*window = rest;
	return found;
}

struct text px1_shape(struct text args, bool args_cut, char *ret_shape)
{
	bool is_longer = args.length > PX1_WINDOW_BYTES;
	struct cursor window = cursor_of(args.at, is_longer ? PX1_WINDOW_BYTES : args.length);
	struct writer out = writer_of(ret_shape, PX1_SHAPE_BYTES_MAX);
	struct shaping shaping = { .out = &out };
	struct cursor argument;

	if (args_cut && args.length < PX1_WINDOW_BYTES)
		return (struct text){ 0 };
	if (take_argument(&window, &argument)) {
		shape_program(&shaping, argument);
		shaping.previous_length = out.length;
	}
	while (take_argument(&window, &argument)) {
		writer_char(&out, ' ');
		size_t start = out.length;

		shape_argument(&shaping, argument);
		end_element(&shaping, start);
	}
	if (is_longer || args_cut || window.left > 0)
		writer_string(&out, out.length > 0 ? " <more>" : "<more>");
	return out.failed ? (struct text){ 0 } : writer_done(&out);
}

int px1_count(struct text args, bool args_cut)
{
	struct cursor rest = cursor_of(args.at, args.length);
	struct cursor argument;
	int count = 0;

	while (count < COUNT_MAX && take_argument(&rest, &argument))
		count++;
	return count < COUNT_MAX && (args_cut || rest.left > 0) ? -1 : count;
}
