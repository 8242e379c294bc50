/* SPDX-License-Identifier: Apache-2.0 */
/* yaguractl: asks the running sensor. Has no list of commands of its own: the daemon has it. */
#include "common/cleanup.h"
#include "ctl/client.h"
#include "ctl/render.h"

#include <argp.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_SOCKET "/run/yagura/control.sock"
#define WORDS_MAX 32

enum exit_code { EXIT_DONE = 0, EXIT_BROKEN = 1, EXIT_USAGE = 2, EXIT_REFUSED = 3 };

struct invocation {
	const char *socket_path;
	bool json;
	char command[128]; /* words without '=', a blank between them */
	struct client_argument arguments[WORDS_MAX];
	size_t argument_count;
};

const char *argp_program_version = "yaguractl " YAGURA_VERSION;

static const struct argp_option options[] = {
	{ "socket", 's', "PATH", 0, "Control socket of the daemon (default " DEFAULT_SOCKET ")" },
	{ "json", 'j', NULL, 0, "Write the answer as JSON, one object a line" },
	{ 0 },
};

static const char documentation[] =
	"Asks the Yagura sensor of this host.\v"
	"The daemon has the list of commands: 'yaguractl help' asks it and prints those you may "
	"call. Exit status: 0 done, 1 no connection, 2 usage, 3 the daemon refused.";

static void add_command_word(struct invocation *invocation, const char *word,
			     const struct argp_state *state)
{
	size_t used = strlen(invocation->command);
	int more = snprintf(invocation->command + used, sizeof(invocation->command) - used, "%s%s",
			    used > 0 ? " " : "", word);

	if (more < 0 || (size_t)more >= sizeof(invocation->command) - used)
		argp_error(state, "the command is too long");
}

static void add_argument(struct invocation *invocation, char *word, const struct argp_state *state)
{
	char *equals = strchr(word, '=');

	if (invocation->argument_count == WORDS_MAX)
		argp_error(state, "too many arguments");
	*equals = '\0';
	invocation->arguments[invocation->argument_count++] =
		(struct client_argument){ .name = word, .value = equals + 1 };
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct invocation *invocation = state->input;

	if (key == 's')
		invocation->socket_path = text;
	else if (key == 'j')
		invocation->json = true;
	else if (key == ARGP_KEY_ARG && strchr(text, '='))
		add_argument(invocation, text, state);
	else if (key == ARGP_KEY_ARG)
		add_command_word(invocation, text, state);
	else if (key == ARGP_KEY_END && invocation->command[0] == '\0')
		argp_error(state, "no command given; 'help' lists them");
	else if (key != ARGP_KEY_END)
		return ARGP_ERR_UNKNOWN;
	return 0;
}

static int show_row(void *context, const char *json)
{
	const struct invocation *invocation = context;

	if (!invocation->json)
		return render_row(stdout, json);
	return puts(json) == EOF ? -EIO : 0;
}

/* The text may name a path or quote a process: nothing in it may steer the terminal. */
static int complain(int error, const char *text)
{
	fputs("yaguractl: ", stderr);
	render_text(stderr, text);
	fputc('\n', stderr);
	return error == -EPERM ? EXIT_REFUSED : EXIT_BROKEN;
}

static int run(struct client *client, struct invocation *invocation)
{
	const struct client_call call = {
		.command = invocation->command,
		.arguments = invocation->arguments,
		.argument_count = invocation->argument_count,
		.row = show_row,
		.context = invocation,
	};
	char error[CLIENT_ERROR_BYTES];
	int r;

	if (strcmp(invocation->command, "help") == 0) {
		render_commands(stdout, client_welcome(client));
		return EXIT_DONE;
	}
	r = client_call(client, &call, error);
	return r < 0 ? complain(r, error) : EXIT_DONE;
}

int main(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.args_doc = "COMMAND [ARGUMENT=VALUE...]",
		.doc = documentation,
	};
	struct invocation invocation = { .socket_path = DEFAULT_SOCKET };
	struct client *client = NULL;
	char error[CLIENT_ERROR_BYTES];
	int r;

	argp_err_exit_status = EXIT_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, &invocation);
	r = client_connect(invocation.socket_path, &client, error);
	if (r < 0)
		return complain(r, error);
	r = run(client, &invocation);
	client_close(client);
	if (fflush(stdout) != 0 && r == EXIT_DONE)
		r = complain(-EIO, "cannot write the answer");
	return r;
}
