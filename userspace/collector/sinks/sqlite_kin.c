/* SPDX-License-Identifier: Apache-2.0 */
/* Whose descendant a program is, and what else is so of its execution. */
#include "collector/sinks/schema.h"
#include "collector/sinks/sqlite_rows.h"
#include "telemetry/render.h"
#include "telemetry/unit.h"

static void fill_creator(struct row *row, const struct sink_item *item)
{
	const struct record_process *creator = &item->record->exec.creator;
	char id[RENDER_ID_BYTES];

	render_entity_id(id, item->header, &creator->key);
	row_known(row, EXEC_yagura_creator_pid, creator->key.pid);
	row_string(row, EXEC_yagura_creator_entity_id, id);
	row_text(row, EXEC_yagura_creator_executable, creator->executable);
}

static void fill_unit(struct row *row, struct text cgroup)
{
	struct unit unit;

	if (!unit_of(cgroup, &unit))
		return;
	row_text(row, EXEC_yagura_unit, unit.name);
	row_text(row, EXEC_yagura_user_unit, unit.user_unit);
	row_text(row, EXEC_yagura_slice, unit.slice);
	row_text(row, EXEC_yagura_login_session, unit.session);
}

static void fill_facts(struct row *row, uint32_t facts)
{
#define FILL_FACT(NAME, name) row_known(row, EXEC_yagura_##name, (facts & FACT_##NAME) != 0);
	EXEC_FACTS(FILL_FACT)
#undef FILL_FACT
}

void sqlite_fill_kin(struct row *row, const struct sink_item *item)
{
	const struct record_exec *exec = &item->record->exec;

	if (exec->ancestor_count > 0) {
		row_ancestors(row, EXEC_yagura_ancestors, exec);
		row_ancestor_ids(row, EXEC_yagura_ancestor_ids, item->header, exec);
	}
	row_id(row, EXEC_yagura_former_user_id, exec->former_euid);
	fill_creator(row, item);
	fill_unit(row, exec->cgroup);
	fill_facts(row, exec->facts);
}
