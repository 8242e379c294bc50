/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was typed → a call of one of the daemon's commands. The words in front name the command, the
 * longest name there is; each word behind them is NAME=VALUE, --NAME=VALUE, --NAME VALUE, --FLAG,
 * or the value of the next argument that goes by its place.
 */
#ifndef YAGURA_CTL_WORDS_H
#define YAGURA_CTL_WORDS_H

#include "ctl/client.h"

#define WORDS_ARGUMENTS_MAX 32
#define WORDS_ERROR_BYTES 256

struct words {
	const Yagura__Control__Command *command;
	struct client_argument arguments[WORDS_ARGUMENTS_MAX];
	size_t argument_count;
};

/* Values point into `words`, which are cut at their "=". 0; -ENOENT (no such command); or -EINVAL:
 * one line in ret_error. */
int words_resolve(const Yagura__Control__Welcome *welcome, char **words, size_t count,
		  struct words *ret_words, char ret_error[WORDS_ERROR_BYTES]);

#endif
