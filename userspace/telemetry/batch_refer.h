/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What records refer to by number: it is put into its table unless an equal one is there. Each
 * gives the reference as telemetry.proto has it, 0 for none; when memory lacks, tables->error says
 * so and sticks, so that a row reads like its record. Private to telemetry/.
 */
#ifndef YAGURA_TELEMETRY_BATCH_REFER_H
#define YAGURA_TELEMETRY_BATCH_REFER_H

#include "telemetry/batch_tables.h"

/* What is kept of a text: the encoder cuts the rest. */
struct text batch_kept_path(struct text path); /* or directory, script, control group */
struct text batch_kept_args(struct text args);
/* The bytes kept of a process's texts. */
size_t batch_process_bytes(const struct record_process *process);

/* How many of a flow's marks are kept, from the first on: as many as MARKS_MAX and MARKS_BYTES_MAX
 * allow; the bytes of their values. */
size_t batch_kept_marks(const struct record_flow *flow, size_t *ret_bytes);

/* How many of an exec's ancestors are kept, from the nearest on. */
size_t batch_kept_ancestors(const struct record_exec *exec);

uint64_t batch_refer_text(struct batch_tables *tables, struct text text);
uint64_t batch_refer_blob(struct batch_tables *tables, const void *bytes, size_t length);
uint64_t batch_refer_row(struct batch_tables *tables, enum batch_table table, const uint64_t *row);
uint64_t batch_refer_path(struct batch_tables *tables, struct text path);
/* The fingerprint of an execution comes in two parts, as the last one is its parents'. */
uint64_t batch_refer_px1(struct batch_tables *tables, struct text px1);
uint64_t batch_refer_px1_end(struct batch_tables *tables, struct text px1);
uint64_t batch_refer_addr(struct batch_tables *tables, const uint8_t addr[16]);
uint64_t batch_refer_process(struct batch_tables *tables, const struct record_process *process);
/* The same without its args. */
uint64_t batch_refer_relative(struct batch_tables *tables, const struct record_process *process);
/* The process that was executed, and as what. */
uint64_t batch_refer_executed(struct batch_tables *tables, const struct record_exec *exec);
uint64_t batch_refer_situation(struct batch_tables *tables, const struct record_exec *exec);
uint64_t batch_refer_hash(struct batch_tables *tables, const struct record_hash *hash);
uint64_t batch_refer_flow_class(struct batch_tables *tables, const struct record_flow *flow);
uint64_t batch_refer_peer(struct batch_tables *tables, const struct record_flow *flow);
uint64_t batch_refer_splt(struct batch_tables *tables, const struct record_splt *splt);

/* The marks that describe the client's software, or the others. */
uint64_t batch_refer_marks(struct batch_tables *tables, const struct record_flow *flow,
			   enum mark_side side);

#endif
