/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the OCSF renderer share; nobody else includes this. */
#ifndef YAGURA_TELEMETRY_RENDER_OCSF_PRIVATE_H
#define YAGURA_TELEMETRY_RENDER_OCSF_PRIVATE_H

#include "telemetry/render_ocsf.h"

/* The identifiers of OCSF, where the schema has numbers. */
enum { OCSF_CATEGORY_OTHER = 0, OCSF_CATEGORY_SYSTEM = 1, OCSF_CATEGORY_NETWORK = 4 };
enum { OCSF_CLASS_BASE = 0, OCSF_CLASS_PROCESS = 1007, OCSF_CLASS_NETWORK = 4001 };
enum { OCSF_SEVERITY_INFORMATIONAL = 1, OCSF_SEVERITY_MEDIUM = 3 };
enum { OCSF_HASH_MD5 = 1, OCSF_HASH_SHA256 = 3 };
enum { OCSF_ACTIVITY_OTHER = 99 };

struct ocsf_occurrence {
	uint64_t category;
	uint64_t class;
	uint64_t activity;
	uint64_t severity;
	uint64_t time_ns;
};

/* Paths of one process and what is inside it. */
struct ocsf_process_paths {
	const char *process;
	const char *file;
	const char *user;
};
extern const struct ocsf_process_paths ocsf_actor;

void ocsf_write_occurrence(struct ndjson *json, const struct ocsf_occurrence *what);
void ocsf_write_metadata(struct ndjson *json);
void ocsf_write_device(struct ndjson *json, const struct render_source *source);
/* Nothing for one that is not known. `hash` may be NULL. */
void ocsf_write_process(struct ndjson *json, const struct render_source *source,
			const struct ocsf_process_paths *paths,
			const struct record_process *process, const struct record_hash *hash);
void ocsf_write_flow(struct ndjson *json, const struct render_source *source,
		     const struct record_flow *flow);

#endif
