/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which files the host's packages brought, and with which content: dpkg's database, read in small
 * steps beside the work and again when it has changed. Only names' hashes and MD5 sums are kept.
 * (The format of rpm's database is librpm's own; that library brings crypto and scripting with it.
 * On such hosts nothing is known.)
 */
#ifndef YAGURA_CONTENT_PACKAGES_H
#define YAGURA_CONTENT_PACKAGES_H

#include "sensor/hasher/hash_message.h"
#include "telemetry/text.h"

#include <stdbool.h>
#include <stddef.h>

struct packages;

/* `root` is "" for the host's own (tests give a directory): the database is its var/lib/dpkg. NULL
 * without memory. */
struct packages *packages_new(const char *root);
/* Takes NULL. */
void packages_free(struct packages *packages);

/* Reads a little more of the database; looks every few seconds whether it has changed. To be called
 * often. */
void packages_step(struct packages *packages, uint64_t now_ns);
/* Whether there is a database: then MD5 sums are of use. */
bool packages_are_there(const struct packages *packages);
/* What it says of a file by its absolute path (links resolved) and MD5 sum; NULL: not known.
 * UNKNOWN until it was read once. */
enum package_state packages_judge(const struct packages *packages, struct text path,
				  const uint8_t *md5);

#endif
