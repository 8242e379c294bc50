/* SPDX-License-Identifier: Apache-2.0 */
/* A live view: one readable line a record, shown once the record is kept. */
#ifndef YAGURA_COLLECTOR_LINES_H
#define YAGURA_COLLECTOR_LINES_H

#include "collector/sinks/sink.h"

extern const struct sink lines_sink;

#endif
