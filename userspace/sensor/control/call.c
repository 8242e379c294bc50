/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/control/call.h"

#include "common/cleanup.h"
#include "common/frame.h"
#include "common/parse.h"
#include "sensor/control/dispatch.h"
#include "telemetry/render.h"

#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <string.h>

const char *control_argument_type_name(enum control_argument_type type)
{
	static const char *const names[] = {
		[ARG_U32] = "u32",
		[ARG_TEXT] = "text",
		[ARG_FLAG] = "flag",
	};

	return (size_t)type < sizeof(names) / sizeof(*names) ? names[type] : "?";
}

int control_reply(struct evbuffer *output, const Yagura__Control__Reply *reply)
{
	size_t size = yagura__control__reply__get_packed_size(reply);
	_cleanup_free_ uint8_t *body = NULL;

	if (size > DISPATCH_REPLY_BYTES_MAX)
		return -EMSGSIZE;
	body = malloc(size);
	if (!body)
		return -ENOMEM;
	yagura__control__reply__pack(reply, body);
	return frame_append(output, body, size);
}

/* --- arguments --- */

static bool is_u32(const char *text)
{
	uint64_t value;

	return parse_u64(text, &value) == 0 && value <= UINT32_MAX;
}

static bool is_flag(const char *text)
{
	return strcmp(text, "yes") == 0 || strcmp(text, "no") == 0;
}

static bool has_type(const char *text, enum control_argument_type type)
{
	return type == ARG_TEXT || (type == ARG_U32 && is_u32(text)) ||
	       (type == ARG_FLAG && is_flag(text));
}

static const struct control_argument *find_argument(const struct control_command *command,
						    const char *name)
{
	for (const struct control_argument *a = command->arguments; a->name; a++)
		if (strcmp(a->name, name) == 0)
			return a;
	return NULL;
}

/* The first value of that name. */
static const Yagura__Control__Value *find_value(const Yagura__Control__Call *request,
						const char *name)
{
	for (size_t i = 0; i < request->n_arguments; i++)
		if (strcmp(request->arguments[i]->name, name) == 0)
			return request->arguments[i];
	return NULL;
}

static bool check_value(const struct control_command *command, const Yagura__Control__Call *request,
			const Yagura__Control__Value *value, char ret_error[CONTROL_ERROR_BYTES])
{
	const struct control_argument *argument = find_argument(command, value->name);
	const char *wrong = NULL;

	if (!argument)
		wrong = "no argument of this command";
	else if (find_value(request, value->name) != value)
		wrong = "given twice";
	else if (!has_type(value->text, argument->type))
		wrong = argument->type == ARG_FLAG ? "must be yes or no"
						   : "must be a number from 0 to 4294967295";
	if (wrong)
		snprintf(ret_error, CONTROL_ERROR_BYTES, "'%.64s': %s", value->name, wrong);
	return !wrong;
}

bool control_call_check(const struct control_command *command, const Yagura__Control__Call *request,
			char ret_error[CONTROL_ERROR_BYTES])
{
	for (size_t i = 0; i < request->n_arguments; i++)
		if (!check_value(command, request, request->arguments[i], ret_error))
			return false;
	for (const struct control_argument *a = command->arguments; a->name; a++)
		if (a->required && !find_value(request, a->name)) {
			snprintf(ret_error, CONTROL_ERROR_BYTES, "'%s' is missing: %s", a->name,
				 a->help);
			return false;
		}
	return true;
}

/* --- for the handlers --- */

struct control_sensor *control_sensor(struct control_call *call)
{
	return call->sensor;
}

const char *control_arg_text(const struct control_call *call, const char *name)
{
	const Yagura__Control__Value *value = find_value(call->request, name);

	return value ? value->text : NULL;
}

bool control_arg_flag(const struct control_call *call, const char *name)
{
	const char *text = control_arg_text(call, name);

	return text && strcmp(text, "yes") == 0;
}

uint32_t control_arg_u32(const struct control_call *call, const char *name, uint32_t fallback)
{
	const char *text = control_arg_text(call, name);
	uint64_t value;

	return text && parse_u64(text, &value) == 0 ? (uint32_t)value : fallback;
}

int control_filter(struct control_call *call, struct record_filter *ret_filter)
{
	const char *name, *wanted;

	*ret_filter = (struct record_filter){ 0 };
	for (size_t i = 0; (name = record_filter_argument(i)); i++) {
		const char *value = control_arg_text(call, name);

		if (value && record_filter_set(ret_filter, name, value, &wanted) < 0)
			return control_bad_argument(call, name, wanted);
	}
	return 0;
}

void control_watch(struct control_call *call, const struct record_filter *filter, uint32_t limit)
{
	*call->watch = (struct watch){ .is_on = true, .filter = *filter, .left = limit };
}

int control_row(struct control_call *call, struct json_t *object)
{
	return control_row_line(call, object, NULL);
}

int control_row_line(struct control_call *call, struct json_t *object, const char *line)
{
	/* ASCII only: whatever a process called itself, no terminal sees more than JSON escapes. */
	_cleanup_free_ char *text = json_dumps(object, JSON_COMPACT | JSON_ENSURE_ASCII);
	const struct text whole = { line ? line : "", line ? strlen(line) : 0 };
	_cleanup_free_ char *clean = render_utf8(whole);
	Yagura__Control__Reply reply;
	Yagura__Control__Row row;
	int r;

	json_decref(object);
	if (!text || !clean)
		return control_fail(call, "out of memory");
	yagura__control__reply__init(&reply);
	yagura__control__row__init(&row);
	row.json = text;
	row.line = clean;
	reply.body_case = YAGURA__CONTROL__REPLY__BODY_ROW;
	reply.row = &row;
	r = control_reply(call->output, &reply);
	return r < 0 ? control_fail(call, "a row cannot be sent: %s", strerror(-r)) : 0;
}

int control_fail(struct control_call *call, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(call->error, sizeof(call->error), format, arguments);
	va_end(arguments);
	return -EIO;
}

int control_bad_argument(struct control_call *call, const char *name, const char *wanted)
{
	control_fail(call, "'%s': '%.64s' is not %s", name, control_arg_text(call, name), wanted);
	return -EINVAL;
}
