/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/sinks/schema.h"

#include "collector/sinks/database.h"

#include <stddef.h>

#define STRING_OF(x) #x
#define STRING(x) STRING_OF(x)

#define CREATE(table, COLUMNS, constraint)                                                         \
	"CREATE TABLE " #table "(yagura_sensor TEXT NOT NULL" COLUMNS(SCHEMA_DECLARE) constraint ")"
#define INDEX(table, column) "CREATE INDEX " #table "_" #column " ON " #table "(" #column ")"

static const char marks[] =
	"CREATE TABLE marks(sensor TEXT NOT NULL, generation TEXT NOT NULL, lane INTEGER NOT NULL,"
	" seq INTEGER NOT NULL, PRIMARY KEY(sensor, generation, lane)) WITHOUT ROWID";

/* Indexes: what a hunt asks for first, no more, since each costs every insert. */
const char *const schema_statements[] = {
	CREATE(flows, FLOW_COLUMNS, ", UNIQUE(yagura_sensor, yagura_flow_id)"),
	CREATE(execs, EXEC_COLUMNS, ""),
	CREATE(exits, EXIT_COLUMNS, ""),
	CREATE(gaps, GAP_COLUMNS, ""),
	CREATE(sensors, SENSOR_COLUMNS, ", PRIMARY KEY(yagura_sensor)"),
	marks,
	INDEX(flows, timestamp),
	INDEX(flows, destination_ip),
	INDEX(flows, process_executable),
	INDEX(flows, process_entity_id),
	INDEX(execs, timestamp),
	INDEX(execs, process_executable),
	INDEX(execs, process_entity_id),
	INDEX(exits, timestamp),
	INDEX(exits, process_entity_id),
	INDEX(gaps, timestamp),
	"PRAGMA user_version = " STRING(DATABASE_SCHEMA),
	NULL,
};

/* One string: SQLite runs the statements of it one by one. */
#define ADD_TO(table, name, type) "ALTER TABLE " #table " ADD COLUMN " #name " " #type ";"
#define ADD_TO_FLOWS(name, type) ADD_TO(flows, name, type)
#define ADD_TO_EXECS(name, type) ADD_TO(execs, name, type)
#define ADD_TO_EXITS(name, type) ADD_TO(exits, name, type)
#define ADD_TO_GAPS(name, type) ADD_TO(gaps, name, type)

static const char *const to_2[] = {
	FLOW_COLUMNS_2(ADD_TO_FLOWS), EXEC_COLUMNS_2(ADD_TO_EXECS), EXIT_COLUMNS_2(ADD_TO_EXITS),
	GAP_COLUMNS_2(ADD_TO_GAPS),   "PRAGMA user_version = 2",    NULL,
};

static const char *const to_3[] = {
	FLOW_COLUMNS_3(ADD_TO_FLOWS) EXEC_COLUMNS_3(ADD_TO_EXECS) EXEC_COLUMNS_KIN(ADD_TO_EXECS)
		EXEC_COLUMNS_ARGS(ADD_TO_EXECS),
	"PRAGMA user_version = 3",
	NULL,
};

static const char *const to_4[] = {
	EXEC_COLUMNS_4(ADD_TO_EXECS),
	"PRAGMA user_version = 4",
	NULL,
};

const char *const *const schema_migrations[] = { to_2, to_3, to_4 };

_Static_assert(sizeof(schema_migrations) / sizeof(schema_migrations[0]) == DATABASE_SCHEMA - 1,
	       "each version before this one needs its migration");
