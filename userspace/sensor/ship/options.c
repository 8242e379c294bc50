/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/ship/options.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_COUNT 7

static void list_texts(struct ship_options *options, const char **ret_texts[TEXT_COUNT])
{
	const char **const texts[TEXT_COUNT] = {
		&options->collector, &options->server_name,
		&options->ca_file,   &options->certificate_file,
		&options->key_file,  &options->kernel_release,
		&options->host,
	};

	memcpy(ret_texts, texts, sizeof(texts));
}

int ship_options_copy(const struct ship_options *options, struct ship_options *ret_copy)
{
	const char **texts[TEXT_COUNT];
	int r = 0;

	*ret_copy = *options;
	list_texts(ret_copy, texts);
	for (size_t i = 0; i < TEXT_COUNT; i++) {
		*texts[i] = strdup(*texts[i] ? *texts[i] : "");
		if (!*texts[i])
			r = -ENOMEM;
	}
	return r;
}

void ship_options_free(struct ship_options *copy)
{
	const char **texts[TEXT_COUNT];

	list_texts(copy, texts);
	for (size_t i = 0; i < TEXT_COUNT; i++) {
		free((void *)(uintptr_t)*texts[i]);
		*texts[i] = NULL;
	}
}
