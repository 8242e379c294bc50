/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/words.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

__attribute__((format(printf, 2, 3))) static int refuse(char ret_error[WORDS_ERROR_BYTES],
							const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(ret_error, WORDS_ERROR_BYTES, format, arguments);
	va_end(arguments);
	return -EINVAL;
}

/* How many of the words are the command's name; 0: they are another's. */
static size_t match_name(const char *name, char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t length = strlen(words[i]);

		if (strncmp(name, words[i], length) != 0)
			return 0;
		if (name[length] == '\0')
			return i + 1;
		if (name[length] != ' ')
			return 0;
		name += length + 1;
	}
	return 0;
}

static const Yagura__Control__Command *find_command(const Yagura__Control__Welcome *welcome,
						    char *const *words, size_t count,
						    size_t *ret_used)
{
	const Yagura__Control__Command *found = NULL;

	*ret_used = 0;
	for (size_t i = 0; i < welcome->n_commands; i++) {
		size_t used = match_name(welcome->commands[i]->name, words, count);

		if (used > *ret_used) {
			*ret_used = used;
			found = welcome->commands[i];
		}
	}
	return found;
}

static const Yagura__Control__Argument *find_argument(const Yagura__Control__Command *command,
						      const char *name, size_t length)
{
	for (size_t i = 0; i < command->n_arguments; i++)
		if (strlen(command->arguments[i]->name) == length &&
		    strncmp(command->arguments[i]->name, name, length) == 0)
			return command->arguments[i];
	return NULL;
}

static bool is_given(const struct words *words, const char *name)
{
	for (size_t i = 0; i < words->argument_count; i++)
		if (strcmp(words->arguments[i].name, name) == 0)
			return true;
	return false;
}

static const Yagura__Control__Argument *next_positional(const struct words *words)
{
	for (size_t i = 0; i < words->command->n_arguments; i++) {
		const Yagura__Control__Argument *argument = words->command->arguments[i];

		if (argument->positional && !is_given(words, argument->name))
			return argument;
	}
	return NULL;
}

static int add(struct words *words, const char *name, const char *value,
	       char ret_error[WORDS_ERROR_BYTES])
{
	if (words->argument_count == WORDS_ARGUMENTS_MAX)
		return refuse(ret_error, "too many arguments");
	words->arguments[words->argument_count++] =
		(struct client_argument){ .name = name, .value = value };
	return 0;
}

/* --NAME=VALUE, --NAME VALUE or --FLAG; *i moves on past a value of its own. */
static int add_option(struct words *words, char **list, size_t count, size_t *i,
		      char ret_error[WORDS_ERROR_BYTES])
{
	char *name = list[*i] + 2;
	size_t length = strcspn(name, "=");
	const Yagura__Control__Argument *argument = find_argument(words->command, name, length);

	if (!argument)
		return refuse(ret_error, "'%s' takes no '--%.*s'; 'help' lists what it takes",
			      words->command->name, (int)(length < 64 ? length : 64), name);
	if (name[length] == '=')
		return add(words, argument->name, name + length + 1, ret_error);
	if (strcmp(argument->type, "flag") == 0)
		return add(words, argument->name, "yes", ret_error);
	if (*i + 1 == count)
		return refuse(ret_error, "'--%s' wants a value: %s", argument->name,
			      argument->help);
	(*i)++;
	return add(words, argument->name, list[*i], ret_error);
}

static int add_word(struct words *words, char *word, char ret_error[WORDS_ERROR_BYTES])
{
	const Yagura__Control__Argument *argument;
	char *equals = strchr(word, '=');

	if (equals && find_argument(words->command, word, (size_t)(equals - word))) {
		*equals = '\0';
		return add(words, word, equals + 1, ret_error);
	}
	argument = next_positional(words);
	if (!argument)
		return refuse(ret_error, "'%s' takes no '%.64s'; 'help' lists what it takes",
			      words->command->name, word);
	return add(words, argument->name, word, ret_error);
}

int words_resolve(const Yagura__Control__Welcome *welcome, char **list, size_t count,
		  struct words *ret_words, char ret_error[WORDS_ERROR_BYTES])
{
	size_t used;
	int r = 0;

	*ret_words = (struct words){ .command = find_command(welcome, list, count, &used) };
	if (!ret_words->command) {
		refuse(ret_error, "'%.64s' is no command that you may call; 'help' lists those",
		       count > 0 ? list[0] : "");
		return -ENOENT;
	}
	for (size_t i = used; i < count && r == 0; i++)
		r = strncmp(list[i], "--", 2) == 0
			    ? add_option(ret_words, list, count, &i, ret_error)
			    : add_word(ret_words, list[i], ret_error);
	return r;
}
