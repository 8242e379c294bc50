/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an operator must hear of at once, as RFC 5424 messages: gaps, holes included. To a Unix
 * socket ("unix:/dev/log"), UDP ("udp:192.0.2.1:514", RFC 5426) or TCP ("tcp:[2001:db8::1]:601",
 * octet counting as RFC 6587 3.4.1). Syslog has no acknowledgements: a message may come twice after
 * a kill, and its structured data (sensor, generation, lane, seq, index) says which it is.
 */
#ifndef YAGURA_COLLECTOR_SYSLOG_H
#define YAGURA_COLLECTOR_SYSLOG_H

#include "collector/sinks/sink.h"

extern const struct sink syslog_sink;

#endif
