/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names that a host asked for (SNI, DNS) as they leave it: plain, as a keyed hash, or not at all.
 * With the key that a tenant's sensors share, equal names stay equal over its fleet, and only who
 * has the key can try whether a name is one that he knows.
 *
 * hashed: "hmac:" and 32 hexadecimal digits, the first half of HMAC-SHA-256 over the name in small
 * letters without a last dot.
 */
#ifndef YAGURA_BATCH_NAMES_H
#define YAGURA_BATCH_NAMES_H

#include "telemetry/batch_codec.h"

#define NAMES_KEY_BYTES_MIN 32
#define NAMES_KEY_BYTES_MAX 4096
#define NAMES_ERROR_BYTES 256

struct names;

/* "plain", "hashed" or "absent": 0, else -EINVAL. */
int names_mode_parse(const char *text, enum batch_names *ret_mode);
/* `key_file` holds the key, any bytes; it is read when names are hashed. 0, or -errno with a line
 * in ret_error. */
int names_new(enum batch_names mode, const char *key_file, struct names **ret_names,
	      char ret_error[NAMES_ERROR_BYTES]);
void names_free(struct names *names); /* takes NULL; wipes the key */
enum batch_names names_mode(const struct names *names); /* NULL: plain */

/* The record as it leaves: itself, or a copy that lives until the next call. */
const struct record *names_hide(struct names *names, const struct record *record);

#endif
