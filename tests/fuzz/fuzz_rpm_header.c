/* SPDX-License-Identifier: Apache-2.0 */
/* A row of rpm's database, whatever it holds. */
#include "sensor/content/rpm_header.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every byte is looked at: it must be there. */
static void look(void *context, struct text path, struct text digest)
{
	size_t *sum = context;

	if (path.length > PATH_MAX)
		abort();
	for (size_t i = 0; i < path.length; i++)
		*sum += (uint8_t)path.at[i];
	for (size_t i = 0; i < digest.length; i++)
		*sum += (uint8_t)digest.at[i];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *exact = malloc(size + 1);
	size_t sum = 0;

	if (!exact)
		return 0;
	if (size > 0)
		memcpy(exact, data, size);
	rpm_header_files(exact, size, look, &sum);
	free(exact);
	return 0;
}
