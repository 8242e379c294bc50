/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever a local client may send, with the most rights there are: a stream of frames as control.c
 * would take it off the socket. */
#include "common/frame.h"
#include "sensor/control/dispatch.h"

#include <event2/buffer.h>
#include <jansson.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static int run(struct control_call *call)
{
	const char *text = control_arg_text(call, "text");

	if (control_arg_u32(call, "rows", 1) % 2 == 0)
		return control_fail(call, "%s", text ? text : "no text");
	return control_row(call, json_pack("{s:s*}", "text", text));
}

static const struct control_command rows[] = {
	{ .name = "do",
	  .role = CONTROL_ADMIN,
	  .run = run,
	  .arguments = { { "rows", ARG_U32, "" }, { "text", ARG_TEXT, "" }, { "f", ARG_FLAG, "" } },
	  .help = "" },
	{ 0 },
};
static const struct control_command *const table[] = { rows, NULL };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct dispatch dispatch = { .commands = table, .role = CONTROL_ADMIN };
	struct evbuffer *input = evbuffer_new();
	struct evbuffer *output = evbuffer_new();
	const uint8_t *body;
	size_t body_size;
	int r = 0;

	evbuffer_add(input, bytes, size);
	while (r == 0 && frame_peek(input, DISPATCH_REQUEST_BYTES_MAX, &body, &body_size) == 1) {
		size_t before = evbuffer_get_length(output);

		r = dispatch_request(&dispatch, body, body_size, output);
		frame_drain(input, body_size);
		/* No request goes unanswered. */
		if (evbuffer_get_length(output) <= before)
			abort();
	}
	evbuffer_free(input);
	evbuffer_free(output);
	return 0;
}
