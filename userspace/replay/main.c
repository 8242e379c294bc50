/* SPDX-License-Identifier: Apache-2.0 */
/* yagura-replay: what a sensor would have recorded of the flows in capture files. */
#include "replay/replay.h"

#include <argp.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum exit_code { EXIT_DONE = 0, EXIT_UNREADABLE = 1, EXIT_USAGE = 2 };

struct invocation {
	const struct format *format;
	char **paths;
	int path_count;
};

const char *argp_program_version = "yagura-replay " YAGURA_VERSION;

static const struct argp_option options[] = {
	{ "format", 'f', "FORMAT", 0, "What to write: ndjson (default), summary or batch" },
	{ 0 },
};

static const char documentation[] =
	"Reads capture files (pcap, pcapng, gzip of either) and writes their flows as a Yagura "
	"sensor would record them. FILE may be -, standard input.\v"
	"Exit status: 0 all files were read, 1 one could not be read to its end (what was "
	"readable of it is written, others still are), 2 usage. It needs no privilege.";

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct invocation *invocation = state->input;

	if (key == 'f') {
		invocation->format = format_find(text);
		if (!invocation->format)
			argp_error(state, "no format '%s': ndjson, summary or batch", text);
	} else if (key == ARGP_KEY_ARGS) {
		invocation->paths = state->argv + state->next;
		invocation->path_count = state->argc - state->next;
	} else if (key == ARGP_KEY_NO_ARGS) {
		argp_error(state, "no FILE given");
	} else {
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

/* Names of files may be anything: nothing in them may steer the terminal. */
static void complain(const char *path, const char *why)
{
	fputs("yagura-replay: ", stderr);
	for (; *path; path++)
		fputc(iscntrl((unsigned char)*path) ? '?' : *path, stderr);
	fprintf(stderr, ": %s\n", why);
}

static int run(struct replay *replay, const struct invocation *invocation)
{
	int result = EXIT_DONE;

	for (int i = 0; i < invocation->path_count; i++) {
		char error[CAPTURE_ERROR_BYTES];

		if (replay_file(replay, invocation->paths[i], error) == 0)
			continue;
		complain(invocation->paths[i], error);
		result = EXIT_UNREADABLE;
	}
	if (replay_finish(replay) < 0) {
		complain("output", strerror(ENOMEM));
		result = EXIT_UNREADABLE;
	}
	return result;
}

int main(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.args_doc = "FILE...",
		.doc = documentation,
	};
	struct invocation invocation = { .format = format_table[0] };
	struct replay *replay;
	int result;

	argp_err_exit_status = EXIT_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, &invocation);
	replay = replay_new(invocation.format, stdout);
	if (!replay) {
		complain("start", strerror(ENOMEM));
		return EXIT_UNREADABLE;
	}
	result = run(replay, &invocation);
	replay_free(replay);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		complain("output", "it cannot be written");
		result = EXIT_UNREADABLE;
	}
	return result;
}
