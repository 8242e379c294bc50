/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/control/dispatch.h"

#include "common/cleanup.h"
#include "sensor/control/call.h"
#include "sensor/control/peer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* protobuf-c's structs take pointers to non-const; packing only reads them. */
static char *text_field(const char *text)
{
	return (char *)(uintptr_t)text;
}

int dispatch_done(struct evbuffer *output, enum dispatch_error error, const char *text)
{
	Yagura__Control__Reply reply;
	Yagura__Control__Done done;

	yagura__control__reply__init(&reply);
	yagura__control__done__init(&done);
	done.error = error;
	done.text = text_field(text);
	reply.body_case = YAGURA__CONTROL__REPLY__BODY_DONE;
	reply.done = &done;
	return control_reply(output, &reply);
}

/* Says what the client did against the protocol; the connection has no future. */
static int refuse_client(struct evbuffer *output, const char *text)
{
	int r = dispatch_done(output, DISPATCH_PROTOCOL_ERROR, text);

	return r < 0 ? r : -EPROTO;
}

/* --- Greeting → Welcome --- */

/* The messages of one Command, all of them in one piece of memory. */
struct listed {
	Yagura__Control__Command command;
	Yagura__Control__Argument arguments[CONTROL_ARGUMENTS_MAX];
	Yagura__Control__Argument *argument_pointers[CONTROL_ARGUMENTS_MAX];
};

static void list_command(const struct control_command *command, struct listed *listed)
{
	size_t count = 0;

	yagura__control__command__init(&listed->command);
	listed->command.name = text_field(command->name);
	listed->command.help = text_field(command->help);
	listed->command.role = text_field(control_role_name(command->role));
	for (const struct control_argument *a = command->arguments; a->name; a++, count++) {
		yagura__control__argument__init(&listed->arguments[count]);
		listed->arguments[count].name = text_field(a->name);
		listed->arguments[count].type = text_field(control_argument_type_name(a->type));
		listed->arguments[count].help = text_field(a->help);
		listed->arguments[count].positional = a->positional;
		listed->arguments[count].required = a->required;
		listed->argument_pointers[count] = &listed->arguments[count];
	}
	listed->command.streams = command->streams;
	listed->command.rows = text_field(command->rows ? command->rows : "");
	listed->command.n_arguments = count;
	listed->command.arguments = listed->argument_pointers;
}

static size_t count_commands(command_list table)
{
	size_t count = 0;

	for (; *table; table++)
		for (const struct control_command *c = *table; c->name; c++)
			count++;
	return count;
}

static int welcome(const struct dispatch *dispatch, struct evbuffer *output)
{
	static char streams[] = "streams", words[] = "words";
	static char *features[] = { streams, words };
	size_t room = count_commands(dispatch->commands) + 1; /* calloc(0) may be NULL */
	_cleanup_free_ struct listed *listed = calloc(room, sizeof(*listed));
	_cleanup_free_ Yagura__Control__Command **pointers = calloc(room, sizeof(*pointers));
	Yagura__Control__Reply reply;
	Yagura__Control__Welcome message;
	size_t count = 0;

	if (!listed || !pointers)
		return -ENOMEM;
	for (command_list subject = dispatch->commands; *subject; subject++)
		for (const struct control_command *c = *subject; c->name; c++)
			if (c->role <= dispatch->role) {
				list_command(c, &listed[count]);
				pointers[count] = &listed[count].command;
				count++;
			}
	yagura__control__reply__init(&reply);
	yagura__control__welcome__init(&message);
	message.protocol = DISPATCH_PROTOCOL;
	message.version = text_field(YAGURA_VERSION);
	message.n_features = sizeof(features) / sizeof(*features);
	message.features = features;
	message.n_commands = count;
	message.commands = pointers;
	reply.body_case = YAGURA__CONTROL__REPLY__BODY_WELCOME;
	reply.welcome = &message;
	return control_reply(output, &reply);
}

static int greet(struct dispatch *dispatch, const Yagura__Control__Greeting *greeting,
		 struct evbuffer *output)
{
	if (dispatch->greeted)
		return refuse_client(output, "greeted twice");
	if (greeting->protocol != DISPATCH_PROTOCOL)
		return refuse_client(output, "this daemon speaks control protocol 1");
	dispatch->greeted = true;
	return welcome(dispatch, output);
}

/* --- Call → Row… Done --- */

static const struct control_command *find_command(command_list table, const char *name)
{
	for (; *table; table++)
		for (const struct control_command *c = *table; c->name; c++)
			if (strcmp(c->name, name) == 0)
				return c;
	return NULL;
}

static int run_command(struct dispatch *dispatch, const struct control_command *command,
		       const Yagura__Control__Call *request, struct evbuffer *output)
{
	struct control_call call = {
		.sensor = dispatch->sensor,
		.watch = &dispatch->watch,
		.request = request,
		.output = output,
	};
	int r = command->run(&call);

	if (r == 0 && dispatch->watch.is_on)
		return 0; /* its end comes from watch_show(), or with the next request */
	if (r == 0)
		return dispatch_done(output, DISPATCH_OK, "");
	return dispatch_done(output, r == -EINVAL ? DISPATCH_BAD_ARGUMENT : DISPATCH_FAILED,
			     call.error[0] != '\0' ? call.error : strerror(-r));
}

static int answer_call(struct dispatch *dispatch, const Yagura__Control__Call *request,
		       struct evbuffer *output)
{
	const struct control_command *command = find_command(dispatch->commands, request->command);
	char text[CONTROL_ERROR_BYTES];

	if (!dispatch->greeted)
		return refuse_client(output, "a call before the greeting");
	if (!command) {
		snprintf(text, sizeof(text),
			 "'%.64s' is no command of this daemon; 'help' lists them",
			 request->command);
		return dispatch_done(output, DISPATCH_UNKNOWN_COMMAND, text);
	}
	if (command->role > dispatch->role) {
		snprintf(text, sizeof(text), "'%s' needs the role %s; yours is %s", command->name,
			 control_role_name(command->role), control_role_name(dispatch->role));
		return dispatch_done(output, DISPATCH_NOT_PERMITTED, text);
	}
	if (!control_call_check(command, request, text))
		return dispatch_done(output, DISPATCH_BAD_ARGUMENT, text);
	return run_command(dispatch, command, request, output);
}

int dispatch_request(struct dispatch *dispatch, const uint8_t *body, size_t size,
		     struct evbuffer *output)
{
	Yagura__Control__Request *request = yagura__control__request__unpack(NULL, size, body);
	int r;

	if (dispatch->watch.is_on) {
		dispatch->watch.is_on = false;
		dispatch_done(output, DISPATCH_OK, "");
	}
	if (!request)
		return refuse_client(output, "a request that does not decode");
	if (request->body_case == YAGURA__CONTROL__REQUEST__BODY_GREETING)
		r = greet(dispatch, request->greeting, output);
	else if (request->body_case == YAGURA__CONTROL__REQUEST__BODY_CALL)
		r = answer_call(dispatch, request->call, output);
	else
		r = refuse_client(output, "a request of unknown kind");
	yagura__control__request__free_unpacked(request, NULL);
	return r;
}
