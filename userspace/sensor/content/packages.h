/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which files the host's packages brought, and with which content: the databases of dpkg and rpm,
 * read in small steps beside the work and again when they have changed. Only names and digests are
 * kept, as hashes.
 */
#ifndef YAGURA_CONTENT_PACKAGES_H
#define YAGURA_CONTENT_PACKAGES_H

#include "sensor/hasher/hash_message.h"
#include "telemetry/text.h"

#include <stdbool.h>
#include <stddef.h>

struct packages;

/* `root` is "" for the host's own; tests give a directory. NULL without memory. */
struct packages *packages_new(const char *root);
/* Takes NULL. */
void packages_free(struct packages *packages);

/* Reads a little more of the database; looks every few seconds whether it has changed. To be called
 * often. */
void packages_step(struct packages *packages, uint64_t now_ns);
/* Whether MD5 sums are of use beside SHA-256. */
bool packages_want_md5(const struct packages *packages);
/* What they say of a file by its absolute path (links resolved) and digests; NULL: not known.
 * UNKNOWN until they were read once. */
enum package_state packages_judge(const struct packages *packages, struct text path,
				  const uint8_t *md5, const uint8_t *sha256);

#endif
