/* SPDX-License-Identifier: Apache-2.0 */
/* The collector as a whole: sensors in, durable records out. */
#ifndef YAGURA_COLLECTOR_PIPELINE_H
#define YAGURA_COLLECTOR_PIPELINE_H

#include "collector/accept/tls.h"
#include "collector/tenant.h"

#include <stdint.h>

#define PIPELINE_ERROR_BYTES 512
#define PIPELINE_TENANTS_MAX 1000
#define PIPELINE_THREADS_MAX INTAKE_WATCHERS_MAX

struct pipeline;

struct pipeline_options {
	const char *address;
	uint16_t port; /* 0: any free one */
	/* Tenant n is whose sensors the authorities in tls.ca_files[n] vouch for. */
	struct tls_options tls;
	const struct tenant_options *tenants; /* tls.ca_count of them */
	uint32_t threads; /* of the intake; 0: one a core */
	uint32_t connections_max;
	uint64_t window_bytes;
};

/* Opens the tenants, then listens. 0, or -errno with one line in ret_error. */
int pipeline_open(const struct pipeline_options *options, struct pipeline **ret_pipeline,
		  char ret_error[PIPELINE_ERROR_BYTES]);
/* Until SIGTERM or SIGINT: then what was received is synced and acknowledged. */
int pipeline_run(struct pipeline *pipeline);
/* Takes NULL. */
void pipeline_close(struct pipeline *pipeline);
/* Where it listens: "127.0.0.1:7443". */
const char *pipeline_address(const struct pipeline *pipeline);

#endif
