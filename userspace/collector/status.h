/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the collector is, as a file: status.json in each tenant's directory, replaced each second, so
 * that asking needs no socket and no right but to read it, and no tenant sees another's.
 */
#ifndef YAGURA_COLLECTOR_STATUS_H
#define YAGURA_COLLECTOR_STATUS_H

#include "collector/tenant.h"

#include <stdio.h>

#define STATUS_STALE_S 10

struct status_totals {
	uint32_t threads;
	uint32_t connections; /* of all tenants, strangers included */
};

/* 0 or -errno. `totals` NULL: they are nobody's business there. */
int status_write(const struct tenant *tenant, const struct status_totals *totals);
/* Copies the file to `to`, as one line. 0; -ENOENT: there is none; -ESTALE: nobody has replaced it
 * for STATUS_STALE_S; -errno. */
int status_print(const char *directory, FILE *to);

#endif
