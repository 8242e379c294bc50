/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arbitrary bytes as argv (the built-in rules and a few of an operator's, one of them costly). What
 * comes out is what went in but for marks, in the same order, and as many as were counted.
 */
#include "common/cursor.h"
#include "sensor/process/redact.h"

#include <stdlib.h>
#include <string.h>

#define RULES "option --code\nmatch (a|aa)+$\nmatch tk_(\\w+)\nmatch \\d{16}"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

/* The kept pieces between the marks are found in the input, one behind the other. */
static void check_pieces(struct text in, struct text out)
{
	const size_t mark = strlen(REDACTED);

	while (out.length > 0) {
		const char *at = memmem(out.at, out.length, REDACTED, mark);
		size_t piece = at ? (size_t)(at - out.at) : out.length;
		const char *found = piece ? memmem(in.at, in.length, out.at, piece) : in.at;

		require(found || piece == 0);
		if (piece) {
			in.length -= (size_t)(found - in.at) + piece;
			in.at = found + piece;
		}
		piece += at ? mark : 0;
		out.at += piece;
		out.length -= piece;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct redactor *redactor;
	char error[ARGV_RULE_ERROR_BYTES];
	struct text in = { (const char *)data, size };
	struct redacted got;

	if (!redactor)
		require(redactor_new(RULES, &redactor, error) == 0);
	if (memmem(data, size, REDACTED, strlen(REDACTED)))
		return 0;
	got = redact(redactor, in);
	require(got.args.length <= size + got.count * (strlen(REDACTED) + 1));
	require(got.count > 0 || (got.args.at == in.at && got.args.length == size));
	if (got.gave_up)
		require(got.count == 1);
	else
		check_pieces(in, got.args);
	return 0;
}
