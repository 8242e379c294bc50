/* SPDX-License-Identifier: Apache-2.0 */
/* What NDJSON and tables say alike of an execution. */
#ifndef YAGURA_TELEMETRY_RENDER_JSON_EXEC_H
#define YAGURA_TELEMETRY_RENDER_JSON_EXEC_H

#include "telemetry/batch_codec.h"
#include "telemetry/ndjson.h"

/* As arrays, the parent first: executables (of a kernel thread, or where it is not known, "") and
 * entity ids. */
void render_json_ancestors(struct ndjson *json, const struct record_exec *exec);
void render_json_ancestor_ids(struct ndjson *json, const struct batch_header *header,
			      const struct record_exec *exec);
/* Relatives, what its rights were before, facts, unit: keys of "yagura". */
void render_json_exec(struct ndjson *json, const struct batch_header *header,
		      const struct record_exec *exec);

#endif
