/* SPDX-License-Identifier: Apache-2.0 */
#include "telemetry/marks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CAPACITY_MIN 8
#define TEXTS_BYTES_MIN 256 /* of a connection's first segment and an HTTP request */
/* More is freed with the flow. */
#define TEXTS_BYTES_KEPT_MAX 2048
#define HEAP_OVERHEAD 16 /* of an allocation, about */

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

static int reserve_mark(struct marks *marks)
{
	size_t capacity = marks->capacity ? 2 * marks->capacity : CAPACITY_MIN;
	struct mark *grown;

	if (marks->count < marks->capacity)
		return 0;
	grown = realloc(marks->at, capacity * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	marks->at = grown;
	marks->capacity = capacity;
	return 0;
}

/* Foreign bytes: they may be names. */
static void wipe_texts(struct marks *marks)
{
	if (marks->texts)
		explicit_bzero(marks->texts, marks->texts_length);
	marks->texts_length = 0;
}

/* Into a larger place, without those that were forgotten. */
static int move_texts(struct marks *marks, size_t capacity)
{
	char *texts = malloc(capacity);
	size_t length = 0;

	if (!texts)
		return -ENOMEM;
	for (size_t i = 0; i < marks->count; i++) {
		struct text *value = &marks->at[i].value;

		memcpy(texts + length, value->at, value->length + 1);
		value->at = texts + length;
		length += value->length + 1;
	}
	wipe_texts(marks);
	free(marks->texts);
	marks->texts = texts;
	marks->texts_length = length;
	marks->texts_capacity = capacity;
	return 0;
}

static int reserve_text(struct marks *marks, size_t size)
{
	size_t needed = marks->bytes + marks->count + size; /* each has a NUL */
	size_t capacity = TEXTS_BYTES_MIN;

	if (size <= marks->texts_capacity - marks->texts_length)
		return 0;
	while (capacity < needed + needed / 4)
		capacity *= 2;
	return move_texts(marks, capacity);
}

static int append(struct marks *marks, enum mark_kind kind, struct text value)
{
	char *copy;
	int r = reserve_mark(marks);

	r = r ?: reserve_text(marks, value.length + 1);
	if (r < 0)
		return r;
	copy = marks->texts + marks->texts_length;
	memcpy(copy, value.at, value.length);
	copy[value.length] = '\0';
	marks->texts_length += value.length + 1;
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

void marks_forget(struct marks *marks,
		  bool (*is_meant)(const struct mark *mark, const void *context),
		  const void *context)
{
	size_t kept = 0;

	for (size_t i = 0; i < marks->count; i++) {
		struct mark mark = marks->at[i];

		if (is_meant(&mark, context))
			marks->bytes -= mark.value.length;
		else
			marks->at[kept++] = mark;
	}
	marks->count = kept;
}

static bool is_of_kind(const struct mark *mark, const void *kind)
{
	return mark->kind == *(const enum mark_kind *)kind;
}

int marks_replace(struct marks *marks, enum mark_kind kind, struct text value)
{
	marks_forget(marks, is_of_kind, &kind);
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
	wipe_texts(marks);
	free(marks->texts);
	free(marks->at);
	*marks = (struct marks){ 0 };
}

void marks_clear(struct marks *marks)
{
	if (marks->texts_capacity > TEXTS_BYTES_KEPT_MAX ||
	    marks->capacity > TEXTS_BYTES_KEPT_MAX / sizeof(struct mark)) {
		marks_done(marks);
		return;
	}
	wipe_texts(marks);
	marks->count = 0;
	marks->bytes = 0;
}

size_t marks_heap_bytes(const struct marks *marks)
{
	if (marks->capacity == 0)
		return 0;
	return marks->capacity * sizeof(struct mark) + marks->texts_capacity + 2 * HEAP_OVERHEAD;
}
