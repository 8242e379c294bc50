/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/sinks/sink.h"

#include "collector/sinks/lines.h"
#include "collector/sinks/ndjson.h"
#include "collector/sinks/sqlite.h"
#include "collector/sinks/syslog.h"

#include <stddef.h>

const struct sink *const sink_table[] = {
	&sqlite_sink, &ndjson_sink, &syslog_sink, &lines_sink, NULL,
};

_Static_assert(sizeof(sink_table) / sizeof(sink_table[0]) - 1 <= SINK_COUNT_MAX, "feeds");
