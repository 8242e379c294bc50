/* SPDX-License-Identifier: Apache-2.0 */
/* Names of files and the digests packages give them, as hashes: 16 bytes a file. Pure. */
#ifndef YAGURA_CONTENT_PACKAGE_TABLE_H
#define YAGURA_CONTENT_PACKAGE_TABLE_H

#include "sensor/hasher/hash_message.h"
#include "telemetry/text.h"

#include <stdbool.h>
#include <stddef.h>

struct package_table;

/* NULL without memory. */
struct package_table *package_table_new(void);
/* Takes NULL. */
void package_table_free(struct package_table *table);

/* What is known of a content; NULL: not known. */
struct package_digests {
	const uint8_t *md5;
	const uint8_t *sha256;
	bool are_all; /* that packages may tell */
};

/* `digest` is an MD5 or SHA-256; NULL: brought, content not told. Without memory, or once the table
 * is very large, the file is left out, and of one that is not found nothing is known then. */
void package_table_add(struct package_table *table, struct text path, const uint8_t *digest,
		       size_t digest_bytes);
/* Something was not read: of a file that is not found nothing is known. */
void package_table_set_partial(struct package_table *table);
/* Before the next two, after the last add. */
void package_table_sort(struct package_table *table);
/* Forgets what content the path should have. */
void package_table_blur(struct package_table *table, struct text path);
enum package_state package_table_judge(const struct package_table *table, struct text path,
				       const struct package_digests *digests);

#endif
