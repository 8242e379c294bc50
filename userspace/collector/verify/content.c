/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/verify/content.h"

#include "telemetry/batch_codec.h"

#include <errno.h>

static int ignore(void *context, const struct batch_header *header, const struct record *record)
{
	(void)context;
	(void)header;
	(void)record;
	return 0;
}

const char *content_check(const struct verify_batch *batch)
{
	const char *why = NULL;
	int r = batch_decode(batch->payload, batch->payload_bytes, batch->raw_bytes, ignore, NULL,
			     &why);

	if (r == 0)
		return NULL;
	if (r == -E2BIG)
		return "longer than it declares";
	return why ? why : "it cannot be decoded";
}
