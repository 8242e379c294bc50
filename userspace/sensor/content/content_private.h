/* SPDX-License-Identifier: Apache-2.0 */
/* What content.c (looking) and content_hasher.c (asking, results) share. Private to content/. */
#ifndef YAGURA_CONTENT_CONTENT_PRIVATE_H
#define YAGURA_CONTENT_CONTENT_PRIVATE_H

#include "sensor/content/content.h"
#include "sensor/content/promise.h"
#include "sensor/content/wanted.h"

/* What was found of a script: the exec that waits is looked at again and again. */
struct looked {
	struct process_key process;
	struct hash_identity identity;
	enum hash_status status; /* OK: `identity` is it */
};

struct content {
	struct content_options options;
	struct content_cache *cache;
	struct packages *packages;
	struct wanted_table wanted;
	struct promises promises;
	struct looked looked;
	uint64_t heard_ns; /* when the hasher last gave a sign, or was first asked */
};

/* Asks for what waits, as far as the hasher takes it. */
void content_ask_for_more(struct content *content, uint64_t now_ns);
/* Whether this is the first record to speak of a content; it is that once. */
bool content_take_first(struct content *content, const struct hash_identity *identity);
/* What the packages say of an executable; md5 NULL: not known. */
enum package_state content_judge(const struct content *content, uint32_t mnt_ns, struct text path,
				 const uint8_t *md5);

#endif
