/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arbitrary bytes as argv and ancestors. The first byte: bit 0, argv was cut; bits 1 and 2, how
 * many ancestors; then one byte of length and that much for each; the rest is argv. The fingerprint
 * has its form, shapes hold printable characters and single blanks only.
 */
#include "common/cursor.h"
#include "sensor/fingerprint/px1.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static bool is_part(const char *part)
{
	return strspn(part, "0123456789abcdef") == 12 || strspn(part, "-") == 12;
}

static void check_form(const char *px1)
{
	require(strlen(px1) == PX1_LENGTH);
	require(px1[0] == 'e' && strchr("rsuox", px1[1]) && px1[2] == 't' && px1[3] == 'x');
	for (int i = 0; i < 3; i++)
		require(px1[6 + 13 * i] == '_');
	require(strncmp(px1 + 7, "------------", 12) == 0);
	require(strspn(px1 + 20, "0123456789abcdef-") == 12 && px1[32] == '_');
	require(is_part(px1 + 33));
}

static void check_shape(struct text args, bool cut)
{
	char *shape = malloc(PX1_SHAPE_BYTES_MAX);
	struct text text = px1_shape(args, cut, shape);

	require(!text.at == (cut && args.length < PX1_WINDOW_BYTES));
	for (size_t i = 0; i < text.length; i++) {
		require(text.at[i] >= ' ' && text.at[i] <= '~');
		require(text.at[i] != ' ' || (i + 1 < text.length && text.at[i + 1] != ' '));
	}
	free(shape);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct digester *digester;
	struct cursor input = cursor_of(data, size);
	struct px1_ancestor ancestors[3];
	uint8_t first = cursor_u8(&input);
	struct px1_input px1 = { .kind = PX1_ELF,
				 .euid = first * 300u,
				 .terminal = PX1_YES,
				 .container = PX1_NOT_KNOWN,
				 .args_cut = first & 1,
				 .ancestors = ancestors,
				 .ancestor_count = first >> 1 & 3 };
	char text[PX1_LENGTH + 1];

	digester = digester ?: digester_new();
	for (size_t i = 0; i < px1.ancestor_count; i++) {
		size_t length = cursor_u8(&input);
		struct cursor path = cursor_take(&input, length < input.left ? length : input.left);

		ancestors[i] = (struct px1_ancestor){ { (const char *)path.at, path.left },
						      length != 255 };
	}
	px1.args = (struct text){ (const char *)input.at, input.left };
	px1_write(&px1, digester, text);
	check_form(text);
	check_shape(px1.args, px1.args_cut);
	return 0;
}
