/* SPDX-License-Identifier: Apache-2.0 */
/* What a process on the host may call itself. The first byte is the size of the line, the second
 * where the rest divides into executable and argv. Nothing but printable UTF-8 may come out, and
 * one line of JSON in which no name comes twice. */
#include "common/cursor.h"
#include "telemetry/render.h"
#include "telemetry/render_json.h"
#include "telemetry/utf8.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_line(const struct record *record, size_t size)
{
	char *line = malloc(size ? size : 1);
	size_t length;

	if (!line)
		return;
	length = render_line(line, size, record);
	if (size > 0 && strnlen(line, size) != length)
		abort();
	for (struct text rest = { line, length }; rest.length > 0;) {
		struct utf8_character character = utf8_take(&rest);

		if (!utf8_is_printable(&character))
			abort();
	}
	free(line);
}

static void check_json(const struct record *record)
{
	static const struct batch_header header = { { 1 } };
	const struct render_source source = { &header, header.boot_id };
	struct ndjson json = { 0 };
	json_t *root;

	if (render_json(&json, &source, record) < 0)
		return;
	root = json_loadb(json.at, json.length, JSON_REJECT_DUPLICATES, NULL);
	if (!root || memchr(json.at, '\n', json.length) != json.at + json.length - 1)
		abort();
	json_decref(root);
	ndjson_done(&json);
}

static void check_utf8(char *text)
{
	if (!text)
		return;
	for (struct text rest = { text, strlen(text) }; rest.length > 0;) {
		if (!utf8_take(&rest).is_valid)
			abort();
	}
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor input = cursor_of(data, size);
	size_t line_size = cursor_u8(&input);
	size_t path_size = cursor_u8(&input);
	struct cursor path = cursor_take(&input, path_size < input.left ? path_size : input.left);
	struct record_process process = {
		.key = { 1, 2, 3 },
		.executable = { (const char *)path.at, path.left },
		.args = { (const char *)input.at, input.left },
		.args_truncated = path_size & 1,
	};
	struct record exec = { .class = RECORD_EXEC,
			       .exec = { .process = process,
					 .parent = process,
					 .script = process.executable,
					 .cgroup = process.args } };
	const struct mark marks[] = {
		{ (enum mark_kind)line_size, process.executable },
		{ (enum mark_kind)path_size, process.args },
		{ MARK_DNS_ANSWER_TTL, process.executable },
		{ MARK_DNS_ANSWER_TTL, process.args },
	};
	struct record flow = { .class = RECORD_FLOW,
			       .flow = { .process = process,
					 .listener = process,
					 .cgroup = process.executable,
					 .marks = marks,
					 .mark_count = sizeof(marks) / sizeof(marks[0]),
					 .destination_name = process.args } };
	struct record gap = { .class = RECORD_GAP, .gap = { .cgroup = process.args } };

	check_line(&exec, line_size);
	check_line(&exec, 16 * line_size);
	check_line(&flow, line_size);
	check_line(&gap, line_size);
	check_json(&exec);
	check_json(&flow);
	check_json(&gap);
	check_utf8(render_utf8(process.executable));
	check_utf8(render_args_json(process.args));
	return 0;
}
