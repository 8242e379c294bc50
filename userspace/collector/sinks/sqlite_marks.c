/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/sinks/schema.h"
#include "collector/sinks/sqlite_rows.h"

static int column_of(enum mark_kind kind)
{
	return (int)FLOW_MARKS - 1 + (int)kind;
}

/* A single value as it is (SQLite makes an integer of digits in an INTEGER column), several as a
 * JSON array. */
void sqlite_fill_marks(struct row *row, const struct record_flow *flow)
{
	size_t counts[MARK_KIND_COUNT] = { 0 };

	for (size_t i = 0; i < flow->mark_count; i++)
		if (flow->marks[i].kind < MARK_KIND_COUNT)
			counts[flow->marks[i].kind]++;
	for (size_t i = 0; i < flow->mark_count; i++) {
		enum mark_kind kind = flow->marks[i].kind;

		if (kind == MARK_NONE || kind >= MARK_KIND_COUNT)
			continue;
		if (counts[kind] == 1)
			row_text(row, column_of(kind), flow->marks[i].value);
		else if (counts[kind] > 1)
			row_marks(row, column_of(kind), flow, kind);
		counts[kind] = 0; /* bound */
	}
}
