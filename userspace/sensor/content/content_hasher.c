/* SPDX-License-Identifier: Apache-2.0 */
#define HASH_NONFATAL_OOM 1
#define HASH_FUNCTION(key, length, value) (value) = hash_bytes(key, length)

#include "sensor/content/content_private.h"

#include "common/clock.h"
#include "common/hash.h"

#include <string.h>
#include <utlist.h>

/* Beyond what the pace explains: then a file system holds the hasher up. */
#define HASHER_PATIENCE_NS (30 * NS_PER_S)
#define TRIES_MAX 2

/* Only one record says so of a content. */
bool content_take_first(struct content *content, const struct hash_identity *identity)
{
	struct content_entry *entry = content_cache_find(content->cache, identity);
	bool is_first = entry && entry->is_new;

	if (entry)
		entry->is_new = false;
	return is_first;
}

enum package_state content_judge(const struct content *content, uint32_t mnt_ns, struct text path,
				 const struct record_hash *hash, const uint8_t *md5)
{
	const uint8_t *sha256 = hash_has_digest(hash) ? hash->sha256 : NULL;

	if (content->options.host_mnt_ns == 0 || mnt_ns != content->options.host_mnt_ns)
		return PACKAGE_UNKNOWN;
	return packages_judge(content->packages, path, md5, sha256);
}

static void fill_request(const struct content *content, const struct wanted *wanted,
			 struct keeper_hash_request *request)
{
	request->process = wanted->process;
	request->parent = wanted->parent;
	request->identity = wanted->identity;
	request->what = wanted->what;
	request->wants_md5 = packages_want_md5(content->packages);
	if (wanted->path_bytes < sizeof(request->path))
		memcpy(request->path, wanted->path, wanted->path_bytes);
}

static void settle_promises(struct content *content, const struct wanted *wanted);

static void finish(struct content *content, struct wanted *wanted, enum hash_status status,
		   uint64_t now_ns)
{
	wanted_set_state(&content->wanted, wanted, WANTED_DONE);
	wanted->hash.status = status;
	wanted->done_ns = now_ns;
	settle_promises(content, wanted);
}

/* Somebody touched it meanwhile, without writing to it perhaps: what still runs can be hashed once
 * its times have settled. True when it is asked for again. */
static bool try_again(struct content *content, struct wanted *wanted, enum hash_status status,
		      uint64_t now_ns)
{
	if ((status != HASH_CHANGED && status != HASH_UNSETTLED) || wanted->tries >= TRIES_MAX)
		return false;
	wanted->tries++;
	wanted->again_ns = now_ns + clock_file_tick_ns();
	wanted_set_state(&content->wanted, wanted, WANTED_WAITING);
	return true;
}

/* Of an algorithm that we do not know we know no length either: nothing. */
static struct record_digest measured(const struct keeper_digest *told)
{
	static const uint8_t sizes[UINT8_MAX + 1] = {
#define IMA_SIZE(number, name, bytes) [number] = (bytes),
		IMA_ALGORITHMS(IMA_SIZE)
#undef IMA_SIZE
	};
	struct record_digest digest = { 0 };

	if (told->algorithm > UINT8_MAX || sizes[told->algorithm] == 0)
		return digest;
	digest.algorithm = (uint8_t)told->algorithm;
	digest.bytes = sizes[told->algorithm];
	memcpy(digest.digest, told->digest, digest.bytes);
	return digest;
}

/* False when the hasher takes no more now. */
static bool ask(struct content *content, struct wanted *wanted, uint64_t now_ns)
{
	struct keeper_hash_request request = { 0 };
	struct keeper_hash_reply reply = { 0 };

	fill_request(content, wanted, &request);
	if (content->options.ask(content->options.context, &request, &reply) < 0 ||
	    reply.status == HASH_OVERLOADED)
		return false;
	if (reply.verity_bytes <= HASH_VERITY_BYTES_MAX) {
		wanted->hash.verity.algorithm = (uint8_t)reply.verity_algorithm;
		wanted->hash.verity.bytes = (uint8_t)reply.verity_bytes;
		memcpy(wanted->hash.verity.digest, reply.verity, reply.verity_bytes);
	}
	wanted->hash.ima = measured(&reply.ima);
	wanted->is_volatile = reply.is_volatile;
	if (reply.status == HASH_PENDING && wanted->is_volatile &&
	    wanted->what == KEEPER_HASH_SCRIPT) /* anybody may write to a script that runs */
		reply.status = HASH_UNSETTLED;
	else if (reply.status == HASH_UNSETTLED &&
		 try_again(content, wanted, HASH_UNSETTLED, now_ns))
		return true;
	if (reply.status != HASH_PENDING) {
		finish(content, wanted,
		       reply.status < HASH_STATUS_COUNT ? (enum hash_status)reply.status
							: HASH_UNREADABLE,
		       now_ns);
		return true;
	}
	if (content->wanted.asked == 0)
		content->heard_ns = now_ns;
	wanted_set_state(&content->wanted, wanted, WANTED_ASKED);
	return true;
}

void content_ask_for_more(struct content *content, uint64_t now_ns)
{
	struct wanted *wanted;

	while ((wanted = wanted_next(&content->wanted, now_ns)))
		if (!ask(content, wanted, now_ns))
			return;
}

static void settle(struct content *content, const struct wanted *wanted, struct promise *promise,
		   struct record_hash *hash, const struct hash_identity *identity)
{
	if (hash->status != HASH_PENDING ||
	    memcmp(identity, &wanted->identity, sizeof(*identity)) != 0)
		return;
	*hash = wanted->hash;
	if (wanted_is_of_another(wanted, &promise->process))
		*hash = (struct record_hash){ .status = HASH_UNSETTLED };
	content->stats.told[hash->status]++;
	if (hash->status == HASH_OK)
		promise->facts.first_seen |= content_take_first(content, identity);
}

static void settle_promises(struct content *content, const struct wanted *wanted)
{
	struct promise *each, *after;

	DL_FOREACH_SAFE (content->promises.open, each, after) {
		struct content_facts *facts = &each->facts;
		bool was_pending = facts->hash.status == HASH_PENDING;
		const struct text path = { each->path, each->path_bytes };

		settle(content, wanted, each, &facts->hash, &each->identity);
		settle(content, wanted, each, &facts->script_hash, &each->script_identity);
		if (was_pending && facts->hash.status != HASH_PENDING)
			facts->hash.package =
				content_judge(content, each->mnt_ns, path, &facts->hash,
					      wanted->has_md5 ? wanted->md5 : NULL);
		if (!promise_is_open(each))
			promise_close(&content->promises, each);
	}
}

/* Not where its times would not tell of a change, or nobody knows any more whether they would. */
static void remember(struct content *content, const struct hash_result *result,
		     const struct wanted *wanted)
{
	struct content_entry entry = { .identity = result->identity,
				       .has_md5 = result->has_md5 != 0 };

	if (result->status != HASH_OK || !wanted || wanted->is_volatile)
		return;
	entry.verity = wanted->hash.verity;
	entry.ima = wanted->hash.ima;
	memcpy(entry.sha256, result->sha256, sizeof(entry.sha256));
	memcpy(entry.md5, result->md5, sizeof(entry.md5));
	content_cache_put(content->cache, &entry);
}

/* What a hasher had when it ended is asked for again. */
static void ask_again(struct content *content)
{
	struct wanted *wanted;

	DL_FOREACH (content->wanted.order, wanted) {
		if (wanted->state == WANTED_ASKED)
			wanted_set_state(&content->wanted, wanted, WANTED_WAITING);
	}
}

/* What became of it in the end. */
static enum hash_status keep_digests(const struct content *content, struct wanted *wanted,
				     const struct hash_result *result)
{
	const struct record_hash found = { .status = (enum hash_status)result->status };

	if (result->status >= HASH_STATUS_COUNT)
		return HASH_UNREADABLE;
	if (hash_has_digest(&found) && wanted->is_volatile && !content_still_runs(content, wanted))
		return HASH_UNSETTLED;
	memcpy(wanted->hash.sha256, result->sha256, sizeof(wanted->hash.sha256));
	memcpy(wanted->md5, result->md5, sizeof(wanted->md5));
	wanted->has_md5 = result->has_md5 != 0;
	return found.status;
}

void content_take(struct content *content, const struct hash_result *result, uint64_t now_ns)
{
	static const struct hash_identity none;
	struct wanted *wanted;

	content->heard_ns = now_ns;
	if (memcmp(&result->identity, &none, sizeof(none)) == 0) {
		ask_again(content);
		return;
	}
	if (hash_has_digest(&(struct record_hash){ .status = (enum hash_status)result->status }))
		content->stats.read_bytes += result->identity.bytes;
	wanted = wanted_find(&content->wanted, &result->identity);
	remember(content, result, wanted);
	if (!wanted || wanted->state != WANTED_ASKED ||
	    try_again(content, wanted, (enum hash_status)result->status, now_ns))
		return;
	finish(content, wanted, keep_digests(content, wanted, result), now_ns);
	content_ask_for_more(content, now_ns);
}

/* Which of the files holds it up nobody can say. */
static void give_up(struct content *content, uint64_t now_ns)
{
	struct wanted *wanted;

	DL_FOREACH (content->wanted.order, wanted) {
		if (wanted->state == WANTED_ASKED)
			finish(content, wanted, HASH_UNREADABLE, now_ns);
	}
	content->options.restart_hasher(content->options.context);
}

static bool is_stuck(const struct content *content, uint64_t now_ns)
{
	uint64_t bytes_per_s = content->options.bytes_per_s;
	uint64_t paced_ns = bytes_per_s ? content->wanted.asked_bytes / bytes_per_s * NS_PER_S : 0;

	return content->wanted.asked > 0 &&
	       now_ns - content->heard_ns > HASHER_PATIENCE_NS + paced_ns;
}

void content_step(struct content *content, uint64_t now_ns)
{
	if (content->options.bytes_max == 0)
		return;
	packages_step(content->packages, now_ns);
	if (is_stuck(content, now_ns))
		give_up(content, now_ns);
	wanted_expire(&content->wanted, now_ns);
	content_ask_for_more(content, now_ns);
}
