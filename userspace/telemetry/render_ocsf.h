/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A record as one line of OCSF 1.3.0 (schema.ocsf.io): a flow as Network Activity (4001), an exec
 * and an exit as Process Activity (1007: Launch, Terminate), an exec_update as 1007 Other, a gap as
 * Base Event (0). What OCSF has no place for stands under `unmapped` with the name that ECS or
 * Yagura gives it. Times are milliseconds since 1970.
 */
#ifndef YAGURA_TELEMETRY_RENDER_OCSF_H
#define YAGURA_TELEMETRY_RENDER_OCSF_H

#include "telemetry/render_json.h"

#define RENDER_OCSF_VERSION "1.3.0"

/* As render_json. */
int render_ocsf(struct ndjson *json, const struct render_source *source,
		const struct record *record);

#endif
