/* SPDX-License-Identifier: Apache-2.0 */
/* The collector's configuration files: a table of options and a struct each for the collector and
 * for one more tenant. */
#ifndef YAGURA_COLLECTOR_CONFIG_H
#define YAGURA_COLLECTOR_CONFIG_H

#include "common/config.h"
#include "common/log.h"

#include <stdbool.h>

/* What each tenant has of its own. */
struct tenant_config {
	char *ca;
	char *directory;
	uint64_t log_bytes;
	uint32_t days;
	uint64_t bytes;
	uint32_t sensor_batches;
	uint32_t tenant_batches;
	uint64_t sensor_bytes;
	uint64_t tenant_bytes;
	bool ndjson;
	char *ndjson_format;
	uint64_t ndjson_bytes;
	uint32_t ndjson_seconds;
	uint32_t ndjson_files;
	char *syslog;
};

struct collector_config {
	char *address;
	uint32_t port;
	char *certificate;
	char *key;
	struct tenant_config tenant; /* the one that this file is about */
	char *tenants; /* directory with a file for each more; "": none */
	uint32_t threads;
	uint32_t connections;
	uint64_t window_bytes;
	enum log_level level;
	bool lines;
};

extern const struct config_option collector_options[]; /* struct collector_config */
extern const struct config_option tenant_options[]; /* struct tenant_config */

#endif
