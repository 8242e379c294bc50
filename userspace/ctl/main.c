/* SPDX-License-Identifier: Apache-2.0 */
/* yaguractl: asks the running sensor. Has no list of commands of its own: the daemon has it. */
#include "ctl/answer.h"
#include "ctl/client.h"
#include "ctl/export.h"
#include "ctl/render.h"
#include "ctl/words.h"

#include <argp.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_SOCKET "/run/yagura/control.sock"

enum exit_code { EXIT_DONE = 0, EXIT_BROKEN = 1, EXIT_USAGE = 2, EXIT_REFUSED = 3 };

struct invocation {
	const char *socket_path;
	bool json;
	char **words;
	size_t word_count;
};

const char *argp_program_version = "yaguractl " YAGURA_VERSION;

static const struct argp_option options[] = {
	{ "socket", 's', "PATH", 0, "Control socket of the daemon (default " DEFAULT_SOCKET ")" },
	{ "json", 'j', NULL, 0,
	  "Write the answer as JSON: one object, or one a line where records go on" },
	{ 0 },
};

static const char documentation[] =
	"Asks the Yagura sensor of this host.\v"
	"The daemon has the list of commands: 'yaguractl help' asks it and prints those you may "
	"call. One command needs no daemon: 'spool export --raw SPOOL OUTPUT' writes each batch "
	"that waits in the directory SPOOL as a file of the directory OUTPUT, for protoc --decode "
	"yagura.telemetry.Batch. Options of yaguractl itself stand before or behind the command. "
	"Exit status: 0 done, 1 no connection, 2 usage, 3 the daemon refused.";

/* An argument of the daemon's command may look like an option, so these two are found here,
 * wherever they stand, and all else is left to the command's own table. */
static error_t parse(int key, char *text, struct argp_state *state)
{
	struct invocation *invocation = state->input;

	if (key == 's')
		invocation->socket_path = text;
	else if (key == 'j')
		invocation->json = true;
	else if (key == ARGP_KEY_ARG) {
		invocation->words = state->argv + state->next - 1;
		invocation->word_count = (size_t)(state->argc - state->next + 1);
		state->next = state->argc;
	} else if (key == ARGP_KEY_END && !invocation->words)
		argp_error(state, "no command given; 'help' lists them");
	else if (key != ARGP_KEY_END)
		return ARGP_ERR_UNKNOWN;
	return 0;
}

/* Takes our own options out of the words behind the command. */
static void take_late_options(struct invocation *invocation)
{
	size_t kept = 0;

	for (size_t i = 0; i < invocation->word_count; i++) {
		char *word = invocation->words[i];

		if (strcmp(word, "--json") == 0 || strcmp(word, "-j") == 0)
			invocation->json = true;
		else if (strncmp(word, "--socket=", 9) == 0)
			invocation->socket_path = word + 9;
		else
			invocation->words[kept++] = word;
	}
	invocation->word_count = kept;
}

/* The text may name a path or quote a process: nothing in it may steer the terminal. */
static int complain(int status, const char *text)
{
	fputs("yaguractl: ", stderr);
	render_text(stderr, text);
	fputc('\n', stderr);
	return status;
}

static int complain_of(int error, const char *text)
{
	return complain(error == -EPERM ? EXIT_REFUSED : EXIT_BROKEN, text);
}

static int call(struct client *client, const struct words *words, bool as_json)
{
	struct answer answer = { .to = stdout, .as_json = as_json, .command = words->command };
	const struct client_call request = {
		.command = words->command->name,
		.arguments = words->arguments,
		.argument_count = words->argument_count,
		.endless = words->command->streams,
		.row = answer_row,
		.context = &answer,
	};
	char error[CLIENT_ERROR_BYTES];
	int r = client_call(client, &request, error);
	int end = answer_end(&answer, r == 0);

	if (r < 0)
		return complain_of(r, error);
	return end < 0 ? complain(EXIT_BROKEN, "cannot write the answer") : EXIT_DONE;
}

static int run(struct client *client, struct invocation *invocation)
{
	char error[WORDS_ERROR_BYTES];
	struct words words;
	int r;

	if (strcmp(invocation->words[0], "help") == 0) {
		render_commands(stdout, client_welcome(client));
		return EXIT_DONE;
	}
	r = words_resolve(client_welcome(client), invocation->words, invocation->word_count, &words,
			  error);
	if (r < 0)
		return complain(r == -ENOENT ? EXIT_REFUSED : EXIT_USAGE, error);
	return call(client, &words, invocation->json);
}

static bool is_export(const struct invocation *invocation)
{
	return invocation->word_count >= 2 && strcmp(invocation->words[0], "spool") == 0 &&
	       strcmp(invocation->words[1], "export") == 0;
}

static int run_export(const struct invocation *invocation)
{
	struct export_result result = { 0 };
	char error[EXPORT_ERROR_BYTES];

	if (invocation->word_count != 5 || strcmp(invocation->words[2], "--raw") != 0)
		return complain(EXIT_USAGE, "usage: spool export --raw SPOOL OUTPUT");
	if (export_spool(invocation->words[3], invocation->words[4], &result, error) < 0)
		return complain(EXIT_BROKEN, error);
	printf("%zu batches", result.batches);
	if (result.damaged > 0)
		printf(", %zu damaged", result.damaged);
	putchar('\n');
	return fflush(stdout) == 0 ? EXIT_DONE : EXIT_BROKEN;
}

int main(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.args_doc = "COMMAND [ARGUMENT...]",
		.doc = documentation,
	};
	struct invocation invocation = { .socket_path = DEFAULT_SOCKET };
	struct client *client = NULL;
	char error[CLIENT_ERROR_BYTES];
	int r;

	argp_err_exit_status = EXIT_USAGE;
	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &invocation);
	take_late_options(&invocation);
	if (is_export(&invocation))
		return run_export(&invocation);
	r = client_connect(invocation.socket_path, &client, error);
	if (r < 0)
		return complain_of(r, error);
	r = run(client, &invocation);
	client_close(client);
	if (fflush(stdout) != 0 && r == EXIT_DONE)
		r = complain(EXIT_BROKEN, "cannot write the answer");
	return r;
}
