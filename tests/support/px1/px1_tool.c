/* SPDX-License-Identifier: Apache-2.0 */
/*
 * px1 of each record on stdin, one line "PX1<tab>SHAPE" each on stdout ("-" where there is no
 * shape): for comparing implementations. A record is a run of fields, a NUL after each:
 *
 *   "KIND UID TERMINAL CONTAINER SHA256 CUT ANCESTORS ARGUMENTS"   as in tests/vectors/px1.tsv; the
 *                                                                  last two say how many follow
 *   each ancestor's path, "?" for one that is not known
 *   each argument
 */
#include "sensor/fingerprint/px1.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANCESTORS_MAX 64

static struct digester *digester;

struct reader {
	char *field;
	size_t room;
};

/* The next field, or -1 at the end. */
static ssize_t next(struct reader *reader)
{
	ssize_t length = getdelim(&reader->field, &reader->room, '\0', stdin);

	return length > 0 ? length - 1 : -1;
}

static enum px1_answer answer_of(char c, char yes)
{
	if (c == 'x')
		return PX1_NOT_KNOWN;
	return c == yes ? PX1_YES : PX1_NO;
}

static void answer(struct px1_input *input)
{
	static char shape[PX1_SHAPE_BYTES_MAX];
	struct text text = px1_shape(input->args, input->args_cut, shape);
	char px1[PX1_LENGTH + 1];

	px1_write(input, digester, px1);
	printf("%s\t%.*s\n", px1, text.at ? (int)text.length : 1, text.at ? text.at : "-");
}

static void fail(const char *why)
{
	fprintf(stderr, "px1_tool: %s\n", why);
	exit(1);
}

static void read_ancestors(struct reader *reader, struct px1_ancestor *ancestors, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		ssize_t length = next(reader);

		if (length < 0)
			fail("an ancestor lacks");
		ancestors[i].is_known = strcmp(reader->field, "?") != 0;
		ancestors[i].executable.at = strndup(reader->field, (size_t)length);
		ancestors[i].executable.length = (size_t)length;
	}
}

/* All arguments, a NUL after each but a cut one. */
static struct text read_args(struct reader *reader, size_t count, bool cut)
{
	char *args = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&args, &size);

	for (size_t i = 0; i < count; i++) {
		ssize_t length = next(reader);

		if (length < 0)
			fail("an argument lacks");
		fwrite(reader->field, 1, (size_t)length + !(cut && i + 1 == count), to);
	}
	fclose(to);
	return (struct text){ args, size };
}

static void take_record(struct reader *reader)
{
	struct px1_ancestor ancestors[ANCESTORS_MAX];
	struct px1_input input = { .ancestors = ancestors };
	char kind, terminal, container, uid[16], sha256[65];
	unsigned cut;
	size_t arguments;

	if (sscanf(reader->field, "%c %15s %c %c %64s %u %zu %zu", &kind, uid, &terminal,
		   &container, sha256, &cut, &input.ancestor_count, &arguments) != 8 ||
	    input.ancestor_count > ANCESTORS_MAX)
		fail("not a record");
	input.kind = (enum px1_kind)kind;
	input.euid = uid[0] == 'x' ? UINT32_MAX : (uint32_t)strtoul(uid, NULL, 10);
	input.terminal = answer_of(terminal, 't');
	input.container = answer_of(container, 'c');
	for (char *digit = sha256; *digit; digit++)
		*digit = (char)tolower((unsigned char)*digit);
	if (sha256[0] != '-')
		input.sha256 = (struct text){ sha256, strlen(sha256) };
	input.args_cut = cut;
	read_ancestors(reader, ancestors, input.ancestor_count);
	input.args = read_args(reader, arguments, cut);
	answer(&input);
	for (size_t i = 0; i < input.ancestor_count; i++)
		free((char *)ancestors[i].executable.at);
	free((char *)input.args.at);
}

int main(void)
{
	struct reader reader = { 0 };

	digester = digester_new();
	if (!digester)
		fail("no digests");
	while (next(&reader) >= 0)
		take_record(&reader);
	free(reader.field);
	digester_free(digester);
	return 0;
}
