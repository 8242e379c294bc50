/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values bound to one prepared statement. The first failure sticks, so that a row reads like its
 * record and is asked once, at the end. What is not known becomes NULL, never 0.
 */
#ifndef YAGURA_COLLECTOR_ROW_H
#define YAGURA_COLLECTOR_ROW_H

#include "telemetry/batch_codec.h"
#include "telemetry/record.h"

#include <sqlite3.h>

struct row {
	sqlite3_stmt *statement;
	int code; /* of SQLite */
};

/* Every column starts as NULL. */
struct row row_of(sqlite3_stmt *statement);
/* A sensor's, or any, UUID as text. */
void row_uuid(struct row *row, int column, const uint8_t uuid[16]);
void row_number(struct row *row, int column, uint64_t value); /* NULL beyond 63 bits */
void row_known(struct row *row, int column, uint64_t value); /* NULL when 0 */
void row_id(struct row *row, int column, uint32_t id); /* of a user or group; UINT32_MAX: NULL */
void row_hex(struct row *row, int column, uint64_t value); /* 16 digits */
void row_time(struct row *row, int column, uint64_t time_ns); /* NULL when 0 */
void row_string(struct row *row, int column, const char *string); /* NULL when empty */
void row_text(struct row *row, int column, struct text text); /* NULL when empty */
void row_args(struct row *row, int column, struct text args); /* NULL when empty */
/* All values of a kind as a JSON array. */
void row_marks(struct row *row, int column, const struct record_flow *flow, enum mark_kind kind);
/* As render_json_exec.h has them. */
void row_ancestors(struct row *row, int column, const struct record_exec *exec);
void row_ancestor_ids(struct row *row, int column, const struct batch_header *header,
		      const struct record_exec *exec);
/* Runs the statement to its end and makes it ready for the next row. 0 or -errno. */
int row_store(struct row *row);

#endif
