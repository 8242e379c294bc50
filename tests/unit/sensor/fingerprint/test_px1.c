/* SPDX-License-Identifier: Apache-2.0 */
/* Every row of tests/vectors/px1.tsv is a test: shape, ancestry and the whole, bit for bit. */
#include "sensor/fingerprint/px1.h"

#include "support/px1_row.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define VECTORS "tests/vectors/px1.tsv"
#define ROWS_MAX 512
#define ROWS_MIN 60

static struct px1_row rows[ROWS_MAX];
static struct CMUnitTest tests[ROWS_MAX];
static struct digester *digester;

static void assert_text(const char *what, struct text got, const char *want, size_t length)
{
	if (!want != !got.at || (want && (got.length != length || memcmp(got.at, want, length))))
		fail_msg("%s: '%.*s', must be '%s'", what, (int)got.length,
			 got.at ? got.at : "(none)", want ? want : "(none)");
}

static void check_row(void **state)
{
	const struct px1_row *row = *state;
	const struct px1_input *input = &row->input;
	char *shape = malloc(PX1_SHAPE_BYTES_MAX);
	char *ancestry = malloc(PX1_ANCESTRY_BYTES_MAX);
	char px1[PX1_LENGTH + 1];

	assert_text("shape", px1_shape(input->args, input->args_cut, shape), row->shape,
		    row->shape ? strlen(row->shape) : 0);
	assert_text("ancestry", px1_ancestry(input->ancestors, input->ancestor_count, ancestry),
		    row->ancestry, row->ancestry_length);
	px1_write(input, digester, px1);
	assert_string_equal(px1, row->px1);
	free(shape);
	free(ancestry);
}

/* Cut anywhere inside the window, an argument vector has no shape and no count below 99. */
static void check_prefixes(void **state)
{
	const struct px1_row *row = *state;
	struct text args = row->input.args;
	char *shape = malloc(PX1_SHAPE_BYTES_MAX);

	for (size_t cut = 0; cut < args.length && cut < PX1_WINDOW_BYTES; cut++) {
		struct text part = { args.at, cut };

		assert_null(px1_shape(part, true, shape).at);
		assert_true(px1_count(part, true) == -1 || px1_count(part, true) == 99);
	}
	free(shape);
}

static size_t read_rows(void)
{
	FILE *file = fopen(VECTORS, "re");
	char *line = NULL;
	size_t room = 0;
	size_t count = 0;
	ssize_t length;

	while (file && count < ROWS_MAX && (length = getline(&line, &room, file)) > 0) {
		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '#')
			continue;
		if (!px1_row_read(line, &rows[count])) {
			fprintf(stderr, VECTORS ": no row: %s\n", line);
			exit(1);
		}
		rows[count].input.ancestors = rows[count].ancestors;
		count++;
	}
	free(line);
	if (file)
		fclose(file);
	return count;
}

static void what_lacks_gives_dashes(void **state)
{
	struct px1_input input = { .kind = PX1_ELF, .args = { "ls", 3 } };
	char px1[PX1_LENGTH + 1];

	(void)state;
	input.args_cut = true;
	input.ancestors = &(struct px1_ancestor){ .is_known = false };
	input.ancestor_count = 1;
	px1_write(&input, digester, px1);
	assert_string_equal(px1, "ernh--_------------_------------_------------");
}

int main(void)
{
	size_t count = read_rows();
	size_t used = 0;
	int failed;

	digester = digester_new();
	if (count < ROWS_MIN || 2 * count + 1 > ROWS_MAX || !digester)
		return 1;
	for (size_t i = 0; i < count; i++) {
		tests[used++] =
			(struct CMUnitTest){ rows[i].name, check_row, NULL, NULL, &rows[i] };
		tests[used++] = (struct CMUnitTest){ "no prefix of it has a shape", check_prefixes,
						     NULL, NULL, &rows[i] };
	}
	tests[used++] = (struct CMUnitTest)cmocka_unit_test(what_lacks_gives_dashes);
	failed = _cmocka_run_group_tests("px1", tests, used, NULL, NULL);
	for (size_t i = 0; i < count; i++)
		px1_row_free(&rows[i]);
	digester_free(digester);
	return failed;
}
