/* SPDX-License-Identifier: Apache-2.0 */
/* What the two halves of the model share. */
#ifndef YAGURA_TESTS_BENCH_TELEMETRY_MODEL_PRIVATE_H
#define YAGURA_TESTS_BENCH_TELEMETRY_MODEL_PRIVATE_H

#include "bench/telemetry/chance.h"
#include "bench/telemetry/model.h"

#define MODEL_TIME_NS 1763859723456000000ull /* 2025-11-23T01:02:03.456Z */
#define MODEL_UPTIME_NS 864000000000000ull /* ten days */

/* Zeroed memory that lives as long as the model. */
void *model_keep(struct model *model, size_t size);
__attribute__((format(printf, 2, 3))) struct text model_text(struct model *model,
							     const char *format, ...);

void model_make_flows(const struct model_options *options, struct model *model);
void model_make_execs(const struct model_options *options, struct model *model);

#endif
