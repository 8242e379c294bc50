/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/telemetry/model_private.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *model_keep(struct model *model, size_t size)
{
	void *piece = calloc(1, size);
	void **grown = model->pieces;

	if ((model->piece_count & (model->piece_count + 1)) == 0)
		grown = realloc(grown, (2 * model->piece_count + 2) * sizeof(*grown));
	if (!piece || !grown)
		abort();
	model->pieces = grown;
	model->pieces[model->piece_count++] = piece;
	return piece;
}

struct text model_text(struct model *model, const char *format, ...)
{
	char line[1024];
	va_list arguments;
	int length;
	char *kept;

	va_start(arguments, format);
	length = vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	if (length < 0 || (size_t)length >= sizeof(line))
		abort();
	kept = model_keep(model, (size_t)length + 1);
	memcpy(kept, line, (size_t)length);
	return (struct text){ .at = kept, .length = (size_t)length };
}

void model_make(const struct model_options *options, struct model *ret_model)
{
	*ret_model = (struct model){ 0 };
	if (options->flows > 0)
		model_make_flows(options, ret_model);
	if (options->execs > 0)
		model_make_execs(options, ret_model);
}

void model_done(struct model *model)
{
	for (size_t i = 0; i < model->piece_count; i++)
		free(model->pieces[i]);
	free(model->pieces);
	free(model->flows);
	free(model->execs);
}
