/* SPDX-License-Identifier: Apache-2.0 */
/* What a process runs: one allocation, shared by all that were forked since its exec. */
#ifndef YAGURA_PROCESS_IMAGE_H
#define YAGURA_PROCESS_IMAGE_H

#include "sensor/process/rights.h"
#include "telemetry/record.h"

#include <stddef.h>
#include <stdint.h>

struct process_image {
	size_t size; /* of this allocation */
	uint32_t references;
	bool args_truncated;
	struct process_rights rights; /* those it was started with */
	struct text executable;
	struct text args;
	char bytes[];
};

/* A copy of both texts with one reference, args cut to PROCESS_ARGS_BYTES_MAX, the rest as the
 * event says. NULL: no memory. */
struct process_image *process_image_new(const struct event_exec *event, struct text executable,
					struct text args);
struct process_image *process_image_ref(struct process_image *image);
/* Takes NULL. How many bytes were freed: its size, or 0 while others refer to it. */
size_t process_image_unref(struct process_image *image);

#endif
