/* SPDX-License-Identifier: Apache-2.0 */
#include "telemetry/marks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define GROW_BY 8

static const struct mark_kind_row rows[MARK_KIND_COUNT] = {
#define MARK_KIND_ROW(NAME, name, key, form, repeats, side)                                        \
	[MARK_##NAME] = { #name, key, MARK_FORM_##form, MARK_REPEATS_##repeats, MARK_SIDE_##side },
	MARK_KINDS(MARK_KIND_ROW)
#undef MARK_KIND_ROW
};

static const struct mark_kind_row no_row = { .name = "?", .key = "?" };

const struct mark_kind_row *mark_kind_row(enum mark_kind kind)
{
	return kind > MARK_NONE && kind < MARK_KIND_COUNT ? &rows[kind] : &no_row;
}

enum mark_side mark_kind_side(enum mark_kind kind)
{
	return mark_kind_row(kind)->side;
}

static bool is_kept_already(const struct marks *marks, enum mark_kind kind, struct text value)
{
	for (size_t i = 0; i < marks->count; i++) {
		const struct mark *mark = &marks->at[i];

		if (mark->kind == kind && mark->value.length == value.length &&
		    memcmp(mark->value.at, value.at, value.length) == 0)
			return true;
	}
	return false;
}

static int append(struct marks *marks, enum mark_kind kind, struct text value)
{
	struct mark *grown = marks->at;
	char *copy;

	if (marks->count % GROW_BY == 0)
		grown = realloc(marks->at, (marks->count + GROW_BY) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	marks->at = grown;
	copy = malloc(value.length + 1);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, value.at, value.length);
	copy[value.length] = '\0';
	marks->at[marks->count++] = (struct mark){ kind, { copy, value.length } };
	marks->bytes += value.length;
	return 0;
}

/* One place is kept free, for saying so. */
static bool is_full(const struct marks *marks, size_t more_bytes)
{
	return marks->count >= MARKS_MAX - 1 || more_bytes > MARK_VALUE_BYTES_MAX ||
	       marks->bytes + more_bytes > MARKS_BYTES_MAX;
}

int marks_add(struct marks *marks, enum mark_kind kind, struct text value)
{
	static const struct text too_many = { "too_many", sizeof("too_many") - 1 };

	if (mark_kind_row(kind)->repeats == MARK_REPEATS_SET && is_kept_already(marks, kind, value))
		return 0;
	if (!is_full(marks, value.length))
		return append(marks, kind, value);
	if (!is_kept_already(marks, MARK_TRUNCATED, too_many) && marks->count < MARKS_MAX)
		append(marks, MARK_TRUNCATED, too_many);
	return -ENOSPC;
}

/* Foreign bytes: they may be names. */
static void wipe(struct mark *mark)
{
	char *value = (char *)(uintptr_t)mark->value.at;

	explicit_bzero(value, mark->value.length);
	free(value);
}

/* The order of those that stay is kept. */
static void forget(struct marks *marks, enum mark_kind kind)
{
	size_t kept = 0;

	for (size_t i = 0; i < marks->count; i++) {
		struct mark mark = marks->at[i];

		if (mark.kind == kind) {
			marks->bytes -= mark.value.length;
			wipe(&mark);
		} else {
			marks->at[kept++] = mark;
		}
	}
	marks->count = kept;
}

int marks_replace(struct marks *marks, enum mark_kind kind, struct text value)
{
	forget(marks, kind);
	return marks_add(marks, kind, value);
}

int marks_add_string(struct marks *marks, enum mark_kind kind, const char *value)
{
	return marks_add(marks, kind, (struct text){ value, strlen(value) });
}

const struct text *marks_find(const struct marks *marks, enum mark_kind kind)
{
	for (size_t i = 0; i < marks->count; i++)
		if (marks->at[i].kind == kind)
			return &marks->at[i].value;
	return NULL;
}

void marks_done(struct marks *marks)
{
	for (size_t i = 0; i < marks->count; i++)
		wipe(&marks->at[i]);
	free(marks->at);
	*marks = (struct marks){ 0 };
}
