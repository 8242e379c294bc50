/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/worker_content.h"

#include "common/clock.h"
#include "common/log.h"
#include "sensor/content/cache_file.h"
#include "sensor/kernel/keeper_link.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* 280 bytes each with what finds them: more programs than most hosts have. */
#define CACHE_ENTRIES_MAX 16384
#define SAVE_INTERVAL_NS (60 * NS_PER_S)

static int ask(void *context, const struct keeper_hash_request *request,
	       struct keeper_hash_reply *ret_reply)
{
	const struct worker *worker = context;

	return keeper_link_hash(worker->link, request, ret_reply);
}

static void restart_hasher(void *context)
{
	const struct worker *worker = context;

	log_warn("content", "the hasher does not answer; another is started");
	keeper_link_hasher_restart(worker->link);
}

/* Hashes are made anew without it: a file that cannot be read is no reason not to start. */
static void load(struct worker *worker, struct content_cache *cache)
{
	int r = cache_file_load(worker->cache_path, worker->boot_id, cache);

	if (r < 0 && r != -ENOENT)
		log_warn("content", "cannot use %s: %s; files are hashed again", worker->cache_path,
			 strerror(-r));
	content_cache_has_grown(cache);
}

int worker_content_open(struct worker *worker)
{
	const struct content_options options = {
		.bytes_max = worker->options->hash_bytes_max,
		.bytes_per_s = worker->options->hash_bytes_per_s,
		.host_mnt_ns = worker->description.mnt_ns,
		.packages_root = "",
		.ask = ask,
		.restart_hasher = restart_hasher,
		.context = worker,
	};
	struct content_cache *cache = content_cache_new(CACHE_ENTRIES_MAX);

	if (snprintf(worker->cache_path, sizeof(worker->cache_path), "%s/hashes",
		     worker->options->state_directory) >= (int)sizeof(worker->cache_path))
		return -ENAMETOOLONG;
	worker->pipeline.content = cache ? content_new(&options, cache) : NULL;
	if (!worker->pipeline.content) {
		content_cache_free(cache);
		snprintf(worker->error, WORKER_ERROR_BYTES, "out of memory");
		return -ENOMEM;
	}
	load(worker, cache);
	worker->cache_saved_ns = clock_boottime_ns();
	return 0;
}

void worker_content_receive(struct worker *worker)
{
	int fd = worker->descriptors[KEEPER_FD_HASHES];
	struct hash_result result;

	while (recv(fd, &result, sizeof(result), MSG_DONTWAIT) == sizeof(result))
		content_take(worker->pipeline.content, &result, clock_boottime_ns());
}

void worker_content_save(struct worker *worker, bool at_once)
{
	struct content_cache *cache = content_cache(worker->pipeline.content);
	uint64_t now_ns = clock_boottime_ns();
	int r;

	if (!at_once && now_ns - worker->cache_saved_ns < SAVE_INTERVAL_NS)
		return;
	worker->cache_saved_ns = now_ns;
	if (!content_cache_has_grown(cache))
		return;
	r = cache_file_save(worker->cache_path, worker->boot_id, cache);
	if (r < 0)
		log_warn("content", "cannot write %s: %s", worker->cache_path, strerror(-r));
}

void worker_content_close(struct worker *worker)
{
	if (!worker->pipeline.content)
		return;
	worker_content_save(worker, true);
	content_free(worker->pipeline.content);
	worker->pipeline.content = NULL;
}

uint64_t worker_content_updates_due(void *context)
{
	const struct worker *worker = context;

	return losses_updates_due(&worker->pipeline.losses, worker->pipeline.journal);
}
