/* SPDX-License-Identifier: Apache-2.0 */
/* The embedded store: one row a record, one row a flow however many parts it came in. */
#ifndef YAGURA_COLLECTOR_SQLITE_H
#define YAGURA_COLLECTOR_SQLITE_H

#include "collector/sinks/sink.h"

extern const struct sink sqlite_sink;

#endif
