/* SPDX-License-Identifier: Apache-2.0 */
/* The further tenants: a directory with one file NAME.conf each. */
#ifndef YAGURA_COLLECTOR_TENANTS_H
#define YAGURA_COLLECTOR_TENANTS_H

#include "collector/config/collector_config.h"

#include <stddef.h>

#define TENANTS_MAX 1000
#define TENANTS_NAME_BYTES 49 /* 48 letters, digits, '-' and '_' */

struct tenants_entry {
	char name[TENANTS_NAME_BYTES];
	struct tenant_config config;
};

struct tenants {
	struct tenants_entry *entries; /* by name */
	size_t count;
};

/* Reads all of them; an empty name is no directory and gives none. 0, or -errno with one line in
 * ret_error. */
int tenants_read(const char *directory, struct tenants *ret_tenants,
		 char ret_error[CONFIG_ERROR_BYTES]);
void tenants_done(struct tenants *tenants);

#endif
