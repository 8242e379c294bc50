/* SPDX-License-Identifier: Apache-2.0 */
/* The state directory: made when missing, and locked, so that two daemons never share a spool. */
#ifndef YAGURA_SENSOR_WORKPLACE_H
#define YAGURA_SENSOR_WORKPLACE_H

#include <stddef.h>

#define WORKPLACE_PATH_BYTES 4096

struct workplace {
	int lock; /* descriptor that holds the lock, -1 when closed */
	char spool_directory[WORKPLACE_PATH_BYTES];
};

/* 0, or -errno with one line in ret_error (-EBUSY: another daemon works there). */
int workplace_open(const char *state_directory, struct workplace *ret_workplace, char *ret_error,
		   size_t error_size);
void workplace_close(struct workplace *workplace);

#endif
