/* SPDX-License-Identifier: Apache-2.0 */
/* The content room with a keeper and a hasher that are made up. */
#ifndef YAGURA_TESTS_SUPPORT_CONTENT_CASE_H
#define YAGURA_TESTS_SUPPORT_CONTENT_CASE_H

#include "sensor/content/content.h"

#include "common/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>

#define SMALL 1000u
#define LARGE (100u << 20)
#define ASKED_MAX 4096
#define DISK (8u << 20 | 1u) /* the device of most files */

struct world {
	struct content *content;
	uint64_t now_ns;
	struct keeper_hash_request asked[ASKED_MAX];
	size_t asked_count;
	enum hash_status answer; /* of the keeper */
	enum hash_status look_answer; /* to what asks for no descriptor */
	struct hash_identity script;
	struct keeper_digest ima; /* its answer, too */
	bool is_volatile; /* its answer, too */
	int error;
	int restarts;
};

static const struct hash_identity script_file = { .inode = 555, .bytes = SMALL, .device = DISK };

static inline int ask(void *context, const struct keeper_hash_request *request,
		      struct keeper_hash_reply *ret_reply)
{
	struct world *w = context;

	assert_true(w->asked_count < ASKED_MAX);
	w->asked[w->asked_count++] = *request;
	ret_reply->identity = request->identity;
	ret_reply->status = w->answer;
	ret_reply->ima = w->ima;
	ret_reply->is_volatile = w->is_volatile;
	if (request->what == KEEPER_HASH_SCRIPT_LOOK)
		ret_reply->identity = w->script;
	if (request->what == KEEPER_HASH_SCRIPT_LOOK ||
	    request->what == KEEPER_HASH_EXECUTABLE_LOOK || request->what == KEEPER_HASH_FILE_LOOK)
		ret_reply->status = w->look_answer;
	return w->error;
}

static inline void restart_hasher(void *context)
{
	struct world *w = context;

	w->restarts++;
}

static inline struct world *make(uint64_t bytes_max)
{
	struct world *w = calloc(1, sizeof(*w));
	const struct content_options options = { .bytes_max = bytes_max,
						 .bytes_per_s = 64 << 20,
						 .packages_root = "/nowhere",
						 .ask = ask,
						 .restart_hasher = restart_hasher,
						 .context = w };

	w->now_ns = 1000 * NS_PER_S;
	w->answer = HASH_PENDING;
	w->look_answer = HASH_OK;
	w->script = script_file;
	w->content = content_new(&options, content_cache_new(64));
	return w;
}

static inline int set_up(void **state)
{
	*state = make(1u << 30);
	return 0;
}

static inline int tear_down(void **state)
{
	struct world *w = *state;

	content_free(w->content);
	free(w);
	return 0;
}

/* Executed now. */
static inline struct decoded_exec *exec_of(const struct world *w, uint64_t inode, uint64_t bytes)
{
	static struct decoded_exec exec;

	memset(&exec, 0, sizeof(exec));
	exec.fixed.header.time_ns = w->now_ns;
	exec.fixed.process = (struct process_key){ .start_ns = 5, .pid = (uint32_t)inode };
	exec.fixed.inode = inode;
	exec.fixed.file_bytes = bytes;
	exec.fixed.device = DISK;
	exec.fixed.uid = 1000;
	exec.path_length =
		(size_t)snprintf(exec.path, sizeof(exec.path), "/bin/%u", (unsigned)inode);
	return &exec;
}

static inline enum content_answer look(struct world *w, const struct decoded_exec *exec,
				       bool may_wait, struct content_facts *ret_facts)
{
	return content_look(w->content, exec, may_wait, w->now_ns, ret_facts);
}

static inline void give(struct world *w, const struct hash_identity *identity,
			enum hash_status status)
{
	struct hash_result result = { .identity = *identity, .status = status };

	memset(result.sha256,
	       hash_has_digest(&(struct record_hash){ .status = status }) ? (int)identity->inode
									  : 0,
	       sizeof(result.sha256));
	content_take(w->content, &result, w->now_ns);
}

static inline void give_last(struct world *w, enum hash_status status)
{
	give(w, &w->asked[w->asked_count - 1].identity, status);
}

#define CONTENT_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
