/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/content/promise.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

struct promise *promise_add(struct promises *promises, const struct decoded_exec *exec,
			    const struct content_facts *facts)
{
	struct promise *promise;

	if (promises->count >= CONTENT_PROMISES_MAX)
		return NULL;
	promise = calloc(1, sizeof(*promise) + exec->path_length + 1);
	if (!promise)
		return NULL;
	promise->process = exec->fixed.process;
	promise->uid = exec->fixed.uid;
	promise->gid = exec->fixed.gid;
	promise->mnt_ns = exec->fixed.namespaces.mnt;
	promise->facts = *facts;
	promise->path_bytes = exec->path_length;
	memcpy(promise->path, exec->path, exec->path_length);
	DL_APPEND(promises->open, promise);
	promises->count++;
	return promise;
}

bool promise_is_open(const struct promise *promise)
{
	return promise->facts.hash.status == HASH_PENDING ||
	       promise->facts.script_hash.status == HASH_PENDING;
}

void promise_close(struct promises *promises, struct promise *promise)
{
	DL_DELETE(promises->open, promise);
	DL_APPEND(promises->ready, promise);
}

const struct promise *promise_take(struct promises *promises)
{
	struct promise *next = promises->ready;

	free(promises->told);
	promises->told = next;
	if (!next)
		return NULL;
	DL_DELETE(promises->ready, next);
	promises->count--;
	return next;
}

static void free_list(struct promise *list)
{
	struct promise *promise, *after;

	DL_FOREACH_SAFE (list, promise, after)
		free(promise);
}

void promise_free_all(struct promises *promises)
{
	free_list(promises->open);
	free_list(promises->ready);
	free(promises->told);
}
