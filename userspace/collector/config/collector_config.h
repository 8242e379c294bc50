/* SPDX-License-Identifier: Apache-2.0 */
/* The collector's configuration file: one table of options, one struct. */
#ifndef YAGURA_COLLECTOR_CONFIG_H
#define YAGURA_COLLECTOR_CONFIG_H

#include "common/config.h"
#include "common/log.h"

struct collector_config {
	char *address;
	uint32_t port;
	char *ca;
	char *certificate;
	char *key;
	char *directory;
	uint32_t connections;
	uint64_t window_bytes;
	enum log_level level;
	bool lines;
};

extern const struct config_option collector_options[];

#endif
