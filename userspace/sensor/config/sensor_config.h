/* SPDX-License-Identifier: Apache-2.0 */
/* yagurad.conf → struct sensor_config. */
#ifndef YAGURA_CONFIG_SENSOR_CONFIG_H
#define YAGURA_CONFIG_SENSOR_CONFIG_H

#include "common/config.h"
#include "common/log.h"
#include "common/uuid.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Texts are never NULL after reading; "" means not set. */
struct sensor_config {
	char *id; /* UUID text */
	char *state_directory;
	uint8_t sensor[UUID_BYTES]; /* `id`, parsed */

	char *cgroup; /* "": the root of the cgroup2 hierarchy */
	uint64_t ring_valuable_bytes;
	uint64_t ring_bulk_bytes;
	uint32_t poll_interval_ms;
	uint32_t flow_interval_s;
	uint32_t args_bytes;

	char *argv_mode; /* "full", "shape" or "none" */
	char *argv_redact; /* rules, one a line: see argv_rule.h */
	char *names_mode; /* "plain", "hashed" or "absent" */
	char *names_key; /* path */
	char *first_bytes; /* names of protocols */
	uint64_t arena_bytes;
	bool first_syn;
	bool first_lengths;

	char *filter_drop; /* rules, one a line: see filter_rule.h */
	char *filter_keep;
	char *filter_default; /* "keep" or "drop" */

	uint32_t process_events_per_s; /* 0: no throttling */
	uint32_t process_burst;
	uint32_t flows_per_s;
	uint32_t flow_burst;

	uint64_t hash_bytes_max; /* 0: nothing is hashed */
	uint64_t hash_bytes_per_s; /* 0: no limit */
	char *hash_user; /* "": the hasher stays who the sensor is */

	uint32_t batch_records;
	uint32_t batch_interval_ms;

	uint64_t spool_bytes_max;
	uint64_t spool_segment_bytes;

	char *collector_address; /* "": only spool */
	char *server_name;
	char *ca_file;
	char *certificate_file;
	char *key_file;
	uint32_t backoff_min_ms;
	uint32_t backoff_max_ms;

	char *control_socket;
	char *viewer_group;
	char *operator_group;
	char *admin_group;

	enum log_level log_level;
};

/* Reads and checks. 0, or -errno with one line in ret_error; then there is nothing to free. */
int sensor_config_read(const char *path, struct sensor_config *ret_config,
		       char ret_error[CONFIG_ERROR_BYTES]);
/* What one row of the table cannot say: powers of two, values that depend on each other. Fills
 * `sensor`. 0, or -EINVAL with one line in ret_error. */
int sensor_config_check(struct sensor_config *config, char ret_error[CONFIG_ERROR_BYTES]);
void sensor_config_done(struct sensor_config *config);
/* The packaged yagurad.conf. */
void sensor_config_write_example(FILE *to);

#endif
