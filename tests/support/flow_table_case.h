/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of sensor/flow/flow_table.h share: a table fed with pieces of one message, which
 * the fake parser reads. */
#ifndef YAGURA_SUPPORT_FLOW_TABLE_CASE_H
#define YAGURA_SUPPORT_FLOW_TABLE_CASE_H

#include "sensor/flow/flow_table.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/fake_parser.h"
#include "support/hex.h"

#define NAME "server.example"
static const char message[] = "M\0\x0eserver.example";
#define MESSAGE_BYTES (sizeof(message) - 1)

static const struct flow_key key = { 7, 1 };

static inline struct flow_piece piece_of(size_t offset, size_t size)
{
	return (struct flow_piece){
		.key = key,
		.protocol = FINGERPRINT_TLS,
		.offset = (uint32_t)offset,
		.bytes = cursor_of(message + offset, size),
	};
}

/* From an exact-size copy that is gone afterwards. */
static inline int give(struct flow_table *table, struct flow_piece piece)
{
	uint8_t *copy = hex_copy(piece.bytes.at, piece.bytes.left);
	int r;

	piece.bytes = cursor_of(copy, piece.bytes.left);
	r = flow_table_piece(table, &piece);
	free(copy);
	return r;
}

static inline int give_part(struct flow_table *table, size_t offset, size_t size)
{
	return give(table, piece_of(offset, size));
}

static inline struct flow_table_stats stats_of(const struct flow_table *table)
{
	struct flow_table_stats stats;

	flow_table_stats(table, &stats);
	return stats;
}

static inline void assert_mark(const struct flow_table *table, const struct flow_key *of,
			       enum mark_kind kind, const char *want)
{
	const struct marks *marks = flow_table_marks(table, of);
	const struct text *value = marks ? marks_find(marks, kind) : NULL;

	assert_int_equal(value != NULL, want != NULL);
	if (!value || !want)
		return;
	assert_int_equal(value->length, strlen(want));
	assert_memory_equal(value->at, want, value->length);
}

static inline void assert_told(const struct flow_table *table)
{
	assert_mark(table, &key, MARK_SERVER_NAME, NAME);
	assert_mark(table, &key, MARK_TRUNCATED, NULL);
	assert_int_equal(stats_of(table).messages, 1);
	assert_int_equal(stats_of(table).pending_bytes, 0);
}

static inline void assert_truncated(const struct flow_table *table, const char *reason)
{
	assert_mark(table, &key, MARK_SERVER_NAME, NULL);
	assert_mark(table, &key, MARK_TRUNCATED, reason);
	assert_int_equal(stats_of(table).truncated, 1);
	assert_int_equal(stats_of(table).messages, 0);
	assert_int_equal(stats_of(table).pending_bytes, 0);
}

static inline struct flow_table *table_of(struct flow_table_options options)
{
	struct flow_table *table = flow_table_new(&options);

	assert_non_null(table);
	fake_parser_reset();
	return table;
}

#endif
