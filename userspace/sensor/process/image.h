/* SPDX-License-Identifier: Apache-2.0 */
/* What a process runs: one allocation, shared by all that were forked since its exec. */
#ifndef YAGURA_PROCESS_IMAGE_H
#define YAGURA_PROCESS_IMAGE_H

#include "telemetry/record.h"

#include <stdint.h>

struct process_image {
	uint32_t references;
	bool args_truncated;
	struct text executable;
	struct text args;
	char bytes[];
};

/* A copy of both texts with one reference, args cut to PROCESS_ARGS_BYTES_MAX. NULL: no memory. */
struct process_image *process_image_new(struct text executable, struct text args,
					bool args_truncated);
struct process_image *process_image_ref(struct process_image *image);
/* Takes NULL. */
void process_image_unref(struct process_image *image);

#endif
