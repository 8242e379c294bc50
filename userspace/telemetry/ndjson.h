/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Appends one JSON object at a time to a growing buffer. Where a value stands is said by a dotted
 * path, and objects open and close as it changes, so that a writer reads like the list of its keys:
 *
 *	ndjson_begin(json);
 *	ndjson_within(json, "process");
 *	ndjson_number(json, "pid", 7);
 *	ndjson_within(json, "process.user");
 *	ndjson_number(json, "id", 0);
 *	ndjson_end(json);		{"process":{"pid":7,"user":{"id":0}}} and a newline
 *
 * Paths with the same beginning must follow each other, or an object would be there twice; an
 * object without values is left out. Texts come out as valid UTF-8 on which no terminal acts: bad
 * bytes and NULs become U+FFFD, what does not print is escaped. When memory lacks, everything until
 * ndjson_end is nothing. Private to telemetry/, but for the buffer.
 */
#ifndef YAGURA_TELEMETRY_NDJSON_H
#define YAGURA_TELEMETRY_NDJSON_H

#include "telemetry/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All zero is empty. `at` holds `length` bytes, not NUL-terminated; set length = 0 to use the
 * memory again. */
struct ndjson {
	char *at;
	size_t length;
	size_t capacity;
	/* Of the object being written. */
	size_t start;
	struct text wanted; /* path of the values to come */
	struct text open; /* path that is open; ends where `wanted` of that time ended */
	bool needs_comma;
	bool failed;
};

void ndjson_done(struct ndjson *json); /* frees the buffer */

void ndjson_begin(struct ndjson *json);
/* Closes what is open and ends the line. 0, or -ENOMEM: the buffer is as before ndjson_begin. */
int ndjson_end(struct ndjson *json);

/* The same for what is put in between alone, without an object around it or a newline. */
void ndjson_begin_value(struct ndjson *json);
int ndjson_end_value(struct ndjson *json);

/* `path` is a constant; "" is the outermost object. */
void ndjson_within(struct ndjson *json, const char *path);
void ndjson_within_text(struct ndjson *json, struct text path);

/* A key that needs no escape, for ndjson_put_… to give it a value. */
void ndjson_key(struct ndjson *json, struct text key);
void ndjson_put_text(struct ndjson *json, struct text text);
void ndjson_put_number(struct ndjson *json, uint64_t value);
void ndjson_put_bool(struct ndjson *json, bool value);
/* Bytes that are JSON already: a number. */
void ndjson_put_plain(struct ndjson *json, struct text plain);
/* What is put in between becomes an array. */
void ndjson_open_array(struct ndjson *json);
void ndjson_close_array(struct ndjson *json);

void ndjson_text(struct ndjson *json, const char *key, struct text text); /* left out when empty */
void ndjson_string(struct ndjson *json, const char *key, const char *string); /* likewise */
/* Left out beyond 63 bits, which readers (and databases) do not take. */
void ndjson_number(struct ndjson *json, const char *key, uint64_t value);
void ndjson_known(struct ndjson *json, const char *key, uint64_t value); /* left out when 0 */
void ndjson_id(struct ndjson *json, const char *key, uint32_t id); /* left out when UINT32_MAX */
void ndjson_flag(struct ndjson *json, const char *key, bool value); /* left out when false */

#endif
