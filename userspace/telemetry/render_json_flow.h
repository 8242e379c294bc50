/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of render_json. Private to telemetry/. */
#ifndef YAGURA_TELEMETRY_RENDER_JSON_FLOW_H
#define YAGURA_TELEMETRY_RENDER_JSON_FLOW_H

#include "telemetry/render_json.h"

/* Where one process's values stand. */
struct render_process_paths {
	const char *process; /* "process.parent" */
	const char *user; /* "process.parent.user" */
	const char *group;
};

void render_json_time(struct ndjson *json, const char *key, uint64_t time_ns); /* 0: left out */
void render_json_process(struct ndjson *json, const struct render_source *source,
			 const struct render_process_paths *paths,
			 const struct record_process *process);
void render_json_container(struct ndjson *json, struct text cgroup);
/* All of a flow but what every record has. */
void render_json_flow(struct ndjson *json, const struct render_source *source,
		      const struct record_flow *flow);
void render_json_marks(struct ndjson *json, const struct record_flow *flow);

extern const struct render_process_paths render_process_itself;

#endif
