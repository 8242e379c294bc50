/* SPDX-License-Identifier: Apache-2.0 */
#include "telemetry/render_json_exec.h"

#include "telemetry/render.h"
#include "telemetry/unit.h"

#include <string.h>

void render_json_ancestors(struct ndjson *json, const struct record_exec *exec)
{
	ndjson_open_array(json);
	if (!record_process_key_is_none(&exec->parent.key))
		ndjson_put_text(json, exec->parent.executable);
	for (size_t i = 0; i < exec->ancestor_count; i++)
		ndjson_put_text(json, exec->ancestors[i].executable);
	ndjson_close_array(json);
}

static void put_id(struct ndjson *json, const struct batch_header *header,
		   const struct record_process *process)
{
	char id[RENDER_ID_BYTES];

	render_entity_id(id, header, &process->key);
	ndjson_put_text(json, (struct text){ id, strlen(id) });
}

void render_json_ancestor_ids(struct ndjson *json, const struct batch_header *header,
			      const struct record_exec *exec)
{
	ndjson_open_array(json);
	if (!record_process_key_is_none(&exec->parent.key))
		put_id(json, header, &exec->parent);
	for (size_t i = 0; i < exec->ancestor_count; i++)
		put_id(json, header, &exec->ancestors[i]);
	ndjson_close_array(json);
}

static void write_relatives(struct ndjson *json, const struct batch_header *header,
			    const struct record_exec *exec)
{
	char id[RENDER_ID_BYTES];

	if (exec->ancestor_count > 0) {
		ndjson_key(json, (struct text){ "ancestors", strlen("ancestors") });
		render_json_ancestors(json, exec);
		ndjson_key(json, (struct text){ "ancestor_ids", strlen("ancestor_ids") });
		render_json_ancestor_ids(json, header, exec);
	}
	render_entity_id(id, header, &exec->creator.key);
	ndjson_known(json, "creator_pid", exec->creator.key.pid);
	ndjson_string(json, "creator_entity_id", id);
	ndjson_text(json, "creator_executable", exec->creator.executable);
}

static void write_unit(struct ndjson *json, struct text cgroup)
{
	struct unit unit;

	if (!unit_of(cgroup, &unit))
		return;
	ndjson_text(json, "unit", unit.name);
	ndjson_text(json, "user_unit", unit.user_unit);
	ndjson_text(json, "slice", unit.slice);
	ndjson_text(json, "login_session", unit.session);
}

void render_json_exec(struct ndjson *json, const struct batch_header *header,
		      const struct record_exec *exec)
{
	write_relatives(json, header, exec);
	write_unit(json, exec->cgroup);
	ndjson_id(json, "former_user_id", exec->former_euid);
#define WRITE_FACT(NAME, name) ndjson_flag(json, #name, exec->facts &FACT_##NAME);
	EXEC_FACTS(WRITE_FACT)
#undef WRITE_FACT
}
