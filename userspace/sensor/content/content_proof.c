/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file is known again by its times. But they tell no two changes of one tick apart: of a file
 * that was written within a tick of its execve(), what it holds now may not be what was executed.
 * Of a program that still runs when the tick is over it is, as nobody can have written to it
 * meanwhile. Of others, and of scripts, nobody can know.
 */
#include "sensor/content/content_private.h"

#include "common/clock.h"

#include <string.h>

static struct looked *looked_of(struct content *content, const struct decoded_exec *exec)
{
	struct looked *looked = &content->looked;

	if (memcmp(&looked->process, &exec->fixed.process, sizeof(looked->process)) != 0)
		*looked = (struct looked){ .process = exec->fixed.process };
	return looked;
}

static enum hash_status look(struct content *content, const struct decoded_exec *exec,
			     struct keeper_hash_request *request, struct keeper_hash_reply *reply)
{
	request->process = exec->fixed.process;
	request->time_ns = exec->fixed.header.time_ns;
	if (content->options.ask(content->options.context, request, reply) < 0 ||
	    reply->status >= HASH_STATUS_COUNT)
		return HASH_UNREADABLE;
	return (enum hash_status)reply->status;
}

bool content_is_settled(const struct hash_identity *identity, uint64_t time_ns)
{
	return time_ns + clock_boot_epoch_ns() >= identity->ctime_ns + clock_file_tick_ns();
}

/* Somebody has set the clock back. */
static bool is_from_the_future(const struct hash_identity *identity, uint64_t now_ns)
{
	return identity->ctime_ns > now_ns + clock_boot_epoch_ns() + clock_file_tick_ns();
}

enum hash_status content_prove(struct content *content, const struct decoded_exec *exec,
			       const struct hash_identity *identity, uint64_t now_ns)
{
	struct looked *looked = looked_of(content, exec);
	struct keeper_hash_request request = { .what = KEEPER_HASH_EXECUTABLE_LOOK };
	struct keeper_hash_reply reply = { 0 };

	if (content_is_settled(identity, exec->fixed.header.time_ns))
		return HASH_OK;
	if (!looked->knows_proof) {
		if (!content_is_settled(identity, now_ns))
			return is_from_the_future(identity, now_ns) ? HASH_UNSETTLED : HASH_PENDING;
		request.identity = *identity;
		looked->proof = look(content, exec, &request, &reply);
		if (looked->proof != HASH_OK)
			looked->proof = HASH_UNSETTLED;
		looked->knows_proof = true;
	}
	return looked->proof;
}

bool content_still_runs(const struct content *content, const struct wanted *wanted)
{
	const struct keeper_hash_request request = { .what = KEEPER_HASH_EXECUTABLE_LOOK,
						     .process = wanted->process,
						     .identity = wanted->identity,
						     .time_ns = wanted->time_ns };
	struct keeper_hash_reply reply = { 0 };

	return content->options.ask(content->options.context, &request, &reply) == 0 &&
	       reply.status == HASH_OK;
}

bool content_is_as_remembered(const struct content *content, const struct hash_identity *identity)
{
	const struct keeper_hash_request request = { .what = KEEPER_HASH_FILE_LOOK,
						     .identity = *identity };
	struct keeper_hash_reply reply = { 0 };

	if (identity->device >> 20 != 0)
		return true;
	return content->options.ask(content->options.context, &request, &reply) == 0 &&
	       reply.status == HASH_OK;
}

enum hash_status content_find_script(struct content *content, const struct decoded_exec *exec)
{
	struct looked *looked = looked_of(content, exec);
	struct keeper_hash_request request = { .what = KEEPER_HASH_SCRIPT_LOOK };
	struct keeper_hash_reply reply = { 0 };

	if (!looked->knows_script) {
		looked->script = look(content, exec, &request, &reply);
		looked->identity = reply.identity;
		if (looked->script == HASH_OK &&
		    !content_is_settled(&looked->identity, exec->fixed.header.time_ns))
			looked->script = HASH_UNSETTLED;
		looked->knows_script = true;
	}
	return looked->script;
}

struct text content_script_path(const struct decoded_exec *exec, char buffer[EVENT_PATH_BYTES_MAX])
{
	const size_t room = EVENT_PATH_BYTES_MAX;
	size_t directory = exec->script.at[0] == '/' ? 0 : exec->cwd_length;

	if (exec->fixed.flags & EXEC_SCRIPT_TRUNCATED || exec->script.length >= room)
		return (struct text){ 0 };
	if (exec->script.at[0] == '/')
		return exec->script;
	if (exec->fixed.flags & (EXEC_CWD_TRUNCATED | EXEC_CWD_UNREADABLE) || directory == 0 ||
	    directory + 1 + exec->script.length >= room)
		return (struct text){ 0 };
	memcpy(buffer, exec->cwd, directory);
	buffer[directory] = '/';
	memcpy(buffer + directory + 1, exec->script.at, exec->script.length);
	return (struct text){ buffer, directory + 1 + exec->script.length };
}
