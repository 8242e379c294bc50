/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One message for one parser, and all that it must say: marks as "kind=value kind=value …". Of a
 * good message no prefix passes for the whole, and none says anything that the whole does not.
 */
#ifndef YAGURA_SUPPORT_PARSER_CASE_H
#define YAGURA_SUPPORT_PARSER_CASE_H

#include "sensor/fingerprint/fingerprint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/hex.h"

#define RENDERED_BYTES_MAX 65536

struct parser_case {
	const char *name;
	const void *bytes;
	size_t size;
	enum parse_status want;
	const char *want_marks; /* NULL: none */
	enum fingerprint_side side;
	size_t tail; /* so many bytes at the end do not belong to the message */
};

static inline void render_marks(const struct marks *marks, char text[RENDERED_BYTES_MAX])
{
	size_t length = 0;

	text[0] = '\0';
	for (size_t i = 0; i < marks->count; i++) {
		const struct mark *mark = &marks->at[i];

		length += (size_t)snprintf(text + length, RENDERED_BYTES_MAX - length, "%s%s=%s",
					   i > 0 ? " " : "", mark_kind_row(mark->kind)->name,
					   mark->value.at);
		assert_true(length < RENDERED_BYTES_MAX);
	}
}

/* In a new flow that ends afterwards, from an exact-size copy, so that ASan sees one byte over. */
static inline enum parse_status parse_alone(enum fingerprint_protocol protocol,
					    const struct parser_case *c, size_t size,
					    char text[RENDERED_BYTES_MAX])
{
	struct fingerprint_session *session = fingerprint_session_new();
	uint8_t *copy = hex_copy(c->bytes, size);
	const struct fingerprint_message message = {
		.protocol = protocol,
		.side = c->side,
		.bytes = cursor_of(copy, size),
	};
	struct marks marks = { 0 };
	enum parse_status status;

	assert_non_null(session);
	status = fingerprint_parse(session, &message, &marks);
	free(copy);
	fingerprint_finish(session, &marks);
	fingerprint_session_free(session);
	render_marks(&marks, text);
	marks_done(&marks);
	return status;
}

static inline void check_parser_case(enum fingerprint_protocol protocol,
				     const struct parser_case *c)
{
	static char text[RENDERED_BYTES_MAX];
	const char *want = c->want_marks ? c->want_marks : "";

	assert_int_equal(parse_alone(protocol, c, c->size, text), c->want);
	assert_string_equal(text, want);
	for (size_t cut = 0; c->want == PARSE_OK && cut < c->size - c->tail; cut++) {
		if (parse_alone(protocol, c, cut, text) != PARSE_NEED_MORE)
			fail_msg("the first %zu of %zu bytes do not need more", cut, c->size);
		if (strncmp(text, want, strlen(text)) != 0)
			fail_msg("the first %zu of %zu bytes say %s", cut, c->size, text);
	}
}

#endif
