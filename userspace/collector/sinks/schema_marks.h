/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The columns of marks in `flows`, one a kind, made from MARK_KINDS when a file is opened: a new
 * kind needs no line here and no version of its own. Their names are the keys with underscores for
 * dots, which the preprocessor cannot write.
 */
#ifndef YAGURA_COLLECTOR_SCHEMA_MARKS_H
#define YAGURA_COLLECTOR_SCHEMA_MARKS_H

#include "telemetry/marks.h"

#define SCHEMA_MARK_COLUMN_BYTES 64
#define SCHEMA_MARK_STATEMENT_BYTES 512

/* "tls_client_ja4" */
void schema_mark_column(char ret_column[SCHEMA_MARK_COLUMN_BYTES], enum mark_kind kind);
/* What adds the column to a file that lacks it, and its index if it has one. */
void schema_mark_statement(char ret_statement[SCHEMA_MARK_STATEMENT_BYTES], enum mark_kind kind);
/* The statement that stores a part of a flow: parameters as in enum flow_column. To be freed with
 * sqlite3_free; NULL without memory. */
char *schema_insert_flow(void);

#endif
