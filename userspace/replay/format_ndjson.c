/* SPDX-License-Identifier: Apache-2.0 */
/* One line a flow, when it ends. */
#include "replay/format.h"

#include "telemetry/render_json.h"

#include <stdlib.h>

struct ndjson_state {
	FILE *out;
	struct ndjson line;
};

static void *open_ndjson(FILE *out)
{
	struct ndjson_state *state = calloc(1, sizeof(*state));

	if (state)
		state->out = out;
	return state;
}

static int write_flow(void *opaque, const struct batch_header *header, const struct record *record)
{
	struct ndjson_state *state = opaque;
	const struct render_source source = { .header = header };
	int r;

	state->line.length = 0;
	r = render_json(&state->line, &source, record);
	if (r == 0)
		fwrite(state->line.at, 1, state->line.length, state->out);
	return r;
}

static int finish(void *state, const struct replay_totals *totals)
{
	(void)state;
	(void)totals;
	return 0;
}

static void close_ndjson(void *opaque)
{
	struct ndjson_state *state = opaque;

	if (state)
		ndjson_done(&state->line);
	free(state);
}

const struct format format_ndjson = {
	.name = "ndjson",
	.help = "one JSON object a line and flow, in ECS names",
	.open = open_ndjson,
	.flow = write_flow,
	.finish = finish,
	.close = close_ndjson,
};
