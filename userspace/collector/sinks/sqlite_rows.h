/* SPDX-License-Identifier: Apache-2.0 */
/* Records as values of their table's columns (schema.h). */
#ifndef YAGURA_COLLECTOR_SQLITE_ROWS_H
#define YAGURA_COLLECTOR_SQLITE_ROWS_H

#include "collector/sinks/row.h"
#include "collector/sinks/sink.h"

void sqlite_fill_exec(struct row *row, const struct sink_item *item);
void sqlite_fill_exec_update(struct row *row, const struct sink_item *item);
/* Of an exec, the columns about its kin and EXEC_FACTS; sqlite_fill_exec calls it. */
void sqlite_fill_kin(struct row *row, const struct sink_item *item);
void sqlite_fill_exit(struct row *row, const struct sink_item *item);
void sqlite_fill_flow(struct row *row, const struct sink_item *item);
void sqlite_fill_marks(struct row *row, const struct record_flow *flow);
void sqlite_fill_gap(struct row *row, const struct sink_item *item);

#endif
