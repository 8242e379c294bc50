/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records as lines of JSON in files: ECS (telemetry/render_json.h) or OCSF (render_ocsf.h). A file
 * is yagura-NUMBER.ndjson, NUMBER (16 hex digits) the time it was begun in ms; the highest is the
 * one being written. Lines are written whole at each flush; after a kill what stands behind the
 * last durable place is cut off and written again, byte for byte the same.
 */
#ifndef YAGURA_COLLECTOR_NDJSON_H
#define YAGURA_COLLECTOR_NDJSON_H

#include "collector/sinks/sink.h"

extern const struct sink ndjson_sink;

#endif
