/* SPDX-License-Identifier: Apache-2.0 */
/* What content.c (looking) and content_hasher.c (asking, results) share. Private to content/. */
#ifndef YAGURA_CONTENT_CONTENT_PRIVATE_H
#define YAGURA_CONTENT_CONTENT_PRIVATE_H

#include "sensor/content/content.h"
#include "sensor/content/promise.h"
#include "sensor/content/wanted.h"

/* What the keeper said of an exec: one that waits is looked at again and again. */
struct looked {
	struct process_key process;
	bool waited;
	bool knows_proof;
	bool knows_script;
	enum hash_status proof; /* of an executable that was written as it was executed */
	enum hash_status script; /* OK: `identity` is it */
	struct hash_identity identity;
};

struct content {
	struct content_options options;
	struct content_cache *cache;
	struct packages *packages;
	struct wanted_table wanted;
	struct promises promises;
	struct looked looked;
	struct content_stats stats; /* those that grow */
	uint64_t heard_ns; /* when the hasher last gave a sign, or was first asked */
};

/* Whether a change after the execve() would show in the file's times. OK, or why it is not known;
 * PENDING: look again, and wait if that may be. */
enum hash_status content_prove(struct content *content, const struct decoded_exec *exec,
			       const struct hash_identity *identity, uint64_t now_ns);
/* Whether a change from that time (CLOCK_BOOTTIME) on would show. */
bool content_is_settled(const struct hash_identity *identity, uint64_t time_ns);
/* Whether that execution still runs, the only one of that file since. */
bool content_still_runs(const struct content *content, const struct wanted *wanted);
/* Whether what was found out of a file is still true of it. A device without a number of its own
 * may be another by now, with files that look the same: the keeper is asked. */
bool content_is_as_remembered(const struct content *content, const struct hash_identity *identity);
/* Which file the script is: OK, into content->looked.identity, or why it is not known. */
enum hash_status content_find_script(struct content *content, const struct decoded_exec *exec);
/* Its absolute path; empty when it is not known whole. */
struct text content_script_path(const struct decoded_exec *exec, char buffer[EVENT_PATH_BYTES_MAX]);

/* Asks for what waits, as far as the hasher takes it. */
void content_ask_for_more(struct content *content, uint64_t now_ns);
/* Whether this is the first record to speak of a content; it is that once. */
bool content_take_first(struct content *content, const struct hash_identity *identity);
/* What the packages say of an executable; md5 NULL: not known. */
enum package_state content_judge(const struct content *content, uint32_t mnt_ns, struct text path,
				 const struct record_hash *hash, const uint8_t *md5);

#endif
