/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/fingerprint/dns_state.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct asked {
	uint16_t id;
	char *text; /* the name, and behind it the type */
	size_t name_length, type_length;
};

struct dns_state {
	struct asked asked[DNS_UNANSWERED_MAX];
	size_t count;
};

struct dns_state *dns_state_new(void)
{
	return calloc(1, sizeof(struct dns_state));
}

static void forget(struct dns_state *state, size_t place)
{
	struct asked *asked = &state->asked[place];

	explicit_bzero(asked->text, asked->name_length + asked->type_length);
	free(asked->text);
	state->count--;
	memmove(asked, asked + 1, (state->count - place) * sizeof(*asked));
}

void dns_state_free(struct dns_state *state)
{
	while (state && state->count > 0)
		forget(state, state->count - 1);
	free(state);
}

static struct dns_question question_of(const struct asked *asked)
{
	return (struct dns_question){
		.id = asked->id,
		.name = { asked->text, asked->name_length },
		.type = { asked->text + asked->name_length, asked->type_length },
	};
}

static bool is_same(const struct text *a, const struct text *b)
{
	return a->length == b->length && strncasecmp(a->at, b->at, a->length) == 0;
}

/* `count` when it was not asked. */
static size_t find(const struct dns_state *state, const struct dns_question *question)
{
	size_t place = 0;

	for (; place < state->count; place++) {
		struct dns_question asked = question_of(&state->asked[place]);

		if (asked.id == question->id && is_same(&asked.name, &question->name) &&
		    is_same(&asked.type, &question->type))
			break;
	}
	return place;
}

int dns_state_ask(struct dns_state *state, const struct dns_question *question)
{
	struct asked asked = { question->id, NULL, question->name.length, question->type.length };

	if (find(state, question) < state->count)
		return 0;
	if (state->count == DNS_UNANSWERED_MAX)
		return -ENOSPC;
	asked.text = malloc(asked.name_length + asked.type_length + 1);
	if (!asked.text)
		return -ENOMEM;
	memcpy(asked.text, question->name.at, asked.name_length);
	memcpy(asked.text + asked.name_length, question->type.at, asked.type_length);
	state->asked[state->count++] = asked;
	return 0;
}

bool dns_state_answer(struct dns_state *state, const struct dns_question *question)
{
	size_t place = state ? find(state, question) : 0;

	if (!state || place == state->count)
		return false;
	forget(state, place);
	return true;
}

void dns_state_add_unanswered(const struct dns_state *state, struct marks *marks)
{
	for (size_t i = 0; state && i < state->count; i++) {
		struct dns_question asked = question_of(&state->asked[i]);

		if (marks->count + 2 >= MARKS_MAX)
			return;
		marks_add(marks, MARK_DNS_NAME, asked.name);
		marks_add(marks, MARK_DNS_TYPE, asked.type);
	}
}
