/* SPDX-License-Identifier: Apache-2.0 */
#define HASH_NONFATAL_OOM 1
#define HASH_FUNCTION(key, length, value) (value) = hash_bytes(key, length)

#include "sensor/content/content_private.h"

#include "common/hash.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

struct content *content_new(const struct content_options *options, struct content_cache *cache)
{
	struct content *content = calloc(1, sizeof(*content));

	if (!content)
		return NULL;
	content->options = *options;
	content->packages = packages_new(options->packages_root);
	if (!content->packages) {
		free(content);
		return NULL;
	}
	content->cache = cache;
	return content;
}

void content_free(struct content *content)
{
	if (!content)
		return;
	wanted_free_all(&content->wanted);
	promise_free_all(&content->promises);
	packages_free(content->packages);
	content_cache_free(content->cache);
	free(content);
}

struct content_cache *content_cache(struct content *content)
{
	return content->cache;
}

void content_stats(const struct content *content, struct content_stats *ret_stats)
{
	const struct wanted *wanted;

	*ret_stats = content->stats;
	ret_stats->entries = content_cache_count(content->cache);
	ret_stats->asked = content->wanted.asked;
	ret_stats->promised = content->promises.count;
	DL_FOREACH (content->wanted.order, wanted) {
		if (wanted->state == WANTED_WAITING)
			ret_stats->waiting++;
	}
}

uint32_t content_promised(const struct content *content)
{
	return content->promises.count;
}

static struct hash_identity identity_of(const struct event_exec *exec)
{
	return (struct hash_identity){ .inode = exec->inode,
				       .bytes = exec->file_bytes,
				       .ctime_ns = exec->ctime_ns,
				       .mtime_ns = exec->mtime_ns,
				       .device = exec->device };
}

/* What of a file is known or wanted; `ret_first` when nobody has executed it before. */
static enum hash_status from_cache(struct content *content, const struct hash_identity *identity,
				   struct record_hash *ret_hash, const uint8_t **ret_md5)
{
	const struct content_entry *entry = content_cache_find(content->cache, identity);

	if (!entry || !content_is_as_remembered(content, identity))
		return HASH_PENDING;
	ret_hash->status = HASH_OK;
	ret_hash->verity = entry->verity;
	ret_hash->ima = entry->ima;
	memcpy(ret_hash->sha256, entry->sha256, sizeof(ret_hash->sha256));
	*ret_md5 = entry->has_md5 ? entry->md5 : NULL;
	return HASH_OK;
}

static struct text path_of(const struct decoded_exec *exec)
{
	return (struct text){ exec->path, exec->path_length };
}

/* Whether what was found out a moment ago may be of another content. */
static bool is_of_another(const struct content *content, const struct wanted *wanted,
			  const struct process_key *process)
{
	return wanted_is_of_another(wanted, process) ||
	       (hash_has_digest(&wanted->hash) && !wanted->is_volatile &&
		!content_is_as_remembered(content, &wanted->identity));
}

/* The file is asked for, if it was not yet. */
static struct record_hash want(struct content *content, const struct decoded_exec *exec,
			       const struct hash_identity *identity, uint32_t what, uint64_t now_ns)
{
	struct wanted *wanted = wanted_find(&content->wanted, identity);

	if (!wanted) {
		char buffer[EVENT_PATH_BYTES_MAX];
		struct text path = what == KEEPER_HASH_EXECUTABLE
					   ? path_of(exec)
					   : content_script_path(exec, buffer);

		wanted = wanted_add(&content->wanted, identity, path);
		if (!wanted)
			return (struct record_hash){ .status = HASH_OVERLOADED };
		wanted->what = what;
		content->stats.misses++;
		wanted->process = exec->fixed.process;
		wanted->parent = exec->fixed.parent;
		wanted->time_ns = exec->fixed.header.time_ns;
		content_ask_for_more(content, now_ns);
	}
	if (is_of_another(content, wanted, &exec->fixed.process))
		return (struct record_hash){ .status = HASH_UNSETTLED };
	if (wanted->state == WANTED_DONE)
		return wanted->hash;
	return (struct record_hash){ .status = HASH_PENDING };
}

static struct record_hash look_at(struct content *content, const struct decoded_exec *exec,
				  const struct hash_identity *identity, uint32_t what,
				  uint64_t now_ns)
{
	struct record_hash hash = { 0 };
	const uint8_t *md5 = NULL;

	if (from_cache(content, identity, &hash, &md5) == HASH_PENDING) {
		hash = want(content, exec, identity, what, now_ns);
		if (hash_has_digest(&hash)) {
			const struct wanted *wanted = wanted_find(&content->wanted, identity);

			md5 = wanted->has_md5 ? wanted->md5 : NULL;
		}
	}
	if (what == KEEPER_HASH_EXECUTABLE)
		hash.package = content_judge(content, exec->fixed.namespaces.mnt, path_of(exec),
					     &hash, md5);
	return hash;
}

static struct record_hash look_at_executable(struct content *content,
					     const struct decoded_exec *exec,
					     enum hash_status proof, uint64_t now_ns)
{
	const struct hash_identity identity = identity_of(&exec->fixed);
	struct record_hash hash = { .status = HASH_UNSETTLED };

	if (proof == HASH_OK)
		return look_at(content, exec, &identity, KEEPER_HASH_EXECUTABLE, now_ns);
	hash.package =
		content_judge(content, exec->fixed.namespaces.mnt, path_of(exec), &hash, NULL);
	return hash;
}

static struct record_hash look_at_script(struct content *content, const struct decoded_exec *exec,
					 uint64_t now_ns)
{
	struct record_hash hash = { .status = HASH_NONE };

	if (exec->script.length == 0)
		return hash;
	hash.status = content_find_script(content, exec);
	if (hash.status != HASH_OK)
		return hash;
	return look_at(content, exec, &content->looked.identity, KEEPER_HASH_SCRIPT, now_ns);
}

static bool waits(const struct record_hash *hash, const struct hash_identity *identity)
{
	return hash->status == HASH_PENDING && identity->bytes <= CONTENT_WAITED_BYTES_MAX;
}

static bool is_recent(uint64_t time_ns, uint64_t now_ns)
{
	uint64_t apart_ns = time_ns > now_ns ? time_ns - now_ns : now_ns - time_ns;

	return apart_ns < CONTENT_PATIENCE_NS;
}

static enum content_answer promise(struct content *content, const struct decoded_exec *exec,
				   struct content_facts *facts)
{
	struct promise *promise;

	if (facts->hash.status != HASH_PENDING && facts->script_hash.status != HASH_PENDING)
		return CONTENT_READY;
	promise = promise_add(&content->promises, exec, facts);
	if (promise) {
		promise->identity = identity_of(&exec->fixed);
		promise->script_identity = content->looked.identity;
		return CONTENT_PROMISED;
	}
	if (facts->hash.status == HASH_PENDING)
		facts->hash.status = HASH_OVERLOADED;
	if (facts->script_hash.status == HASH_PENDING)
		facts->script_hash.status = HASH_OVERLOADED;
	return CONTENT_READY;
}

void content_look_ahead(struct content *content, const struct decoded_exec *exec, uint64_t now_ns)
{
	const struct hash_identity identity = identity_of(&exec->fixed);

	if (content->options.bytes_max > 0 && content->wanted.count < CONTENT_WANTED_MAX / 2 &&
	    content_is_settled(&identity, exec->fixed.header.time_ns) &&
	    !content_cache_find(content->cache, &identity))
		want(content, exec, &identity, KEEPER_HASH_EXECUTABLE, now_ns);
}

static enum content_answer wait(struct content *content)
{
	content->looked.waited = true;
	return CONTENT_WAIT;
}

/* What is promised is counted when that is kept. */
static void count(struct content *content, const struct content_facts *facts)
{
	const struct record_hash *hashes[] = { &facts->hash, &facts->script_hash };

	for (size_t i = 0; i < sizeof(hashes) / sizeof(*hashes); i++) {
		if (hashes[i]->status != HASH_PENDING && hashes[i]->status != HASH_NONE)
			content->stats.told[hashes[i]->status]++;
		if (hashes[i]->status == HASH_OK && !content->looked.waited)
			content->stats.hits++;
	}
}

enum content_answer content_look(struct content *content, const struct decoded_exec *exec,
				 bool may_wait, uint64_t now_ns, struct content_facts *ret_facts)
{
	const struct hash_identity identity = identity_of(&exec->fixed);
	struct content_facts facts = { .hash.status = HASH_OFF };
	enum content_answer answer;

	may_wait = may_wait && is_recent(exec->fixed.header.time_ns, now_ns);
	if (content->options.bytes_max > 0) {
		enum hash_status proof = content_prove(content, exec, &identity, now_ns);

		if (proof == HASH_PENDING && may_wait)
			return wait(content);
		facts.hash = look_at_executable(content, exec, proof, now_ns);
		facts.script_hash = look_at_script(content, exec, now_ns);
	}
	if (may_wait &&
	    (waits(&facts.hash, &identity) || waits(&facts.script_hash, &content->looked.identity)))
		return wait(content);
	if (facts.hash.status == HASH_OK)
		facts.first_seen = content_take_first(content, &identity);
	if (facts.script_hash.status == HASH_OK)
		facts.first_seen |= content_take_first(content, &content->looked.identity);
	*ret_facts = facts;
	answer = promise(content, exec, ret_facts);
	count(content, ret_facts);
	return answer;
}

void content_promise_px1(struct content *content, const struct process_key *process,
			 struct text px1)
{
	struct promise *open = content->promises.open;
	struct promise *last = open ? open->prev : NULL; /* as utlist keeps it */

	if (!last || memcmp(&last->process, process, sizeof(*process)) != 0 ||
	    px1.length > sizeof(last->px1))
		return;
	memcpy(last->px1, px1.at, px1.length);
	last->px1_bytes = px1.length;
}

static void stop(struct content *content, struct record_hash *hash)
{
	if (hash->status != HASH_PENDING)
		return;
	hash->status = HASH_STOPPED;
	content->stats.told[HASH_STOPPED]++;
}

void content_stop(struct content *content)
{
	while (content->promises.open) {
		struct promise *promise = content->promises.open;

		stop(content, &promise->facts.hash);
		stop(content, &promise->facts.script_hash);
		promise_close(&content->promises, promise);
	}
}

bool content_next_update(struct content *content, struct record_exec_update *ret_update)
{
	const struct promise *promise = promise_take(&content->promises);

	if (!promise)
		return false;
	*ret_update = (struct record_exec_update){
		.process = { .key = { .start_ns = promise->process.start_ns,
				      .pid = promise->process.pid,
				      .exec_count = promise->process.exec_count },
			     .uid = promise->uid,
			     .gid = promise->gid,
			     .executable = { promise->path, promise->path_bytes } },
		.px1 = { promise->px1, promise->px1_bytes },
		.hash = promise->facts.hash,
		.script_hash = promise->facts.script_hash,
		.first_seen = promise->facts.first_seen,
	};
	return true;
}
