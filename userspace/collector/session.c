/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/session.h"

#include "collector/group.h"
#include "collector/store.h"
#include "collector/verify/answer.h"
#include "collector/verify/verify.h"
#include "common/log.h"
#include "common/uuid.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct session {
	LIST_ENTRY(session) link;
	struct group_member member; /* of the commit group, while an answer is due */
	struct sessions *all;
	struct connection *connection;
	struct verify_session verify;
	struct verify_hello hello;
	char name[UUID_TEXT_BYTES];
	char address[CONNECTION_PEER_BYTES];
	char tls_version[16];
	char tls_group[32];
	struct batch_epoch
		*epochs[VERIFY_LANES]; /* tables of what it sent last; NULL: nothing yet */
	uint64_t ack_due[VERIFY_LANES]; /* up to this number, 0: none */
	bool is_hello_due;
	bool is_over; /* its last word was said; the connection is going away */
};

static void end_session(struct session *session)
{
	session->is_over = true;
	group_leave(session->all->group, &session->member);
	connection_close(session->connection);
}

static void fail(struct session *session, enum verify_code code, const char *why)
{
	struct verify_failure failure = { .code = code };
	uint8_t body[ANSWER_BYTES_MAX];

	snprintf(failure.why, sizeof(failure.why), "%s", why);
	log_warn("session", "sensor %s at %s: %s; closed", session->name, session->address,
		 failure.why);
	connection_send(session->connection, body, answer_failure(body, &failure));
	end_session(session);
}

static void fail_internal(struct session *session)
{
	fail(session, VERIFY_INTERNAL, "the collector cannot store now; try again later");
}

static int send_hello_ack(struct session *session)
{
	struct sessions *all = session->all;
	uint8_t body[ANSWER_BYTES_MAX];
	uint64_t next[VERIFY_LANES];
	int r = store_next_seq(all->store, session->verify.sensor, session->hello.generation, next);

	if (r < 0)
		return r;
	session->is_hello_due = false;
	return connection_send(session->connection, body,
			       answer_hello(body, next, all->window_bytes));
}

static int send_acks(struct session *session)
{
	uint8_t body[ANSWER_BYTES_MAX];
	int r = 0;

	for (uint32_t lane = 0; lane < VERIFY_LANES && r == 0; lane++) {
		uint64_t seq = session->ack_due[lane];

		session->ack_due[lane] = 0;
		if (seq > 0)
			r = connection_send(session->connection, body, answer_ack(body, lane, seq));
	}
	return r;
}

void session_settled(void *context, struct group_member *member, bool is_durable)
{
	struct session *session =
		(struct session *)(void *)((char *)member - offsetof(struct session, member));
	int r = 0;

	(void)context;
	if (!is_durable) {
		fail_internal(session);
		return;
	}
	verify_acknowledged(&session->verify);
	if (session->is_hello_due)
		r = send_hello_ack(session);
	if (r == 0)
		r = send_acks(session);
	if (r == -ENOBUFS)
		fail(session, VERIFY_LIMIT, "it does not read what it is answered");
	else if (r < 0)
		fail_internal(session);
}

static struct session *find_other(const struct session *session)
{
	struct session *other;

	for (other = LIST_FIRST(&session->all->list); other; other = LIST_NEXT(other, link)) {
		if (other != session && !other->is_over && other->verify.is_greeted &&
		    memcmp(other->verify.sensor, session->verify.sensor, 16) == 0)
			return other;
	}
	return NULL;
}

/* The same start of the same sensor has lost its connection; any other may be a copy of it. */
static void replace_other(struct session *session)
{
	struct session *other = find_other(session);

	if (!other)
		return;
	if (other->hello.instance != session->hello.instance ||
	    memcmp(other->hello.boot_id, session->hello.boot_id, 16) != 0)
		log_warn("session",
			 "sensor %s: connected from %s as another boot or instance than from %s; "
			 "two hosts with one identity?",
			 session->name, session->address, other->address);
	fail(other, VERIFY_REPLACED, "the sensor has connected again");
}

static void give_up_group(struct session *session)
{
	log_error("store", "write failed: %s", store_error(session->all->store));
	group_fail(session->all->group);
	if (!session->is_over)
		fail_internal(session);
}

static void log_rewinds(const struct session *session, const struct store_rewind *rewinds)
{
	for (uint32_t lane = 0; lane < VERIFY_LANES; lane++)
		if (rewinds[lane].stored > 0)
			log_warn("session",
				 "sensor %s: lane %" PRIu32 ": its spool was set back to an older "
				 "state: it makes batch %" PRIu64 " next, but %" PRIu64
				 " is stored; taken anew from %" PRIu64
				 " on, so that some records may be stored twice",
				 session->name, lane, session->hello.lanes[lane].next_seq,
				 rewinds[lane].stored, rewinds[lane].next_seq);
}

static void take_hello(struct session *session, const struct verify_hello *hello)
{
	struct sessions *all = session->all;
	struct ledger_arrival arrival = {
		.sensor = session->verify.sensor,
		.hello = hello,
		.tls_version = session->tls_version,
		.tls_group = session->tls_group,
	};
	struct store_rewind rewinds[VERIFY_LANES];

	session->hello = *hello;
	connection_established(session->connection);
	replace_other(session);
	if (store_arrive(all->store, &arrival, rewinds) < 0) {
		give_up_group(session);
		return;
	}
	log_rewinds(session, rewinds);
	session->is_hello_due = true;
	group_join(all->group, &session->member);
	log_info("session", "sensor %s at %s: host %s, version %s, %s %s", session->name,
		 session->address, hello->host, hello->version, session->tls_version,
		 session->tls_group);
}

static void log_hole(const struct session *session, uint32_t lane,
		     const struct store_outcome *outcome)
{
	if (outcome->missing_first > 0)
		log_warn("session",
			 "sensor %s: lane %" PRIu32 " batches %" PRIu64 " to %" PRIu64
			 " are missing, unexplained",
			 session->name, lane, outcome->missing_first, outcome->missing_last);
}

static int store_one(struct session *session, const struct verify_batch *batch,
		     struct store_outcome *ret_outcome)
{
	struct batch_epoch **epoch = &session->epochs[batch->lane];
	struct store_batch stored = { .batch = batch };
	struct dedupe_key key = { .sensor = session->verify.sensor,
				  .generation = session->hello.generation,
				  .lane = batch->lane };

	if (!*epoch)
		*epoch = batch_epoch_new();
	stored.epoch = *epoch;
	return *epoch ? store_batch(session->all->store, &key, &stored, ret_outcome) : -ENOMEM;
}

static void take_batch(struct session *session, const struct verify_batch *batch)
{
	struct sessions *all = session->all;
	struct store_outcome outcome = { 0 };
	int r = store_one(session, batch, &outcome);

	if (r == -EBADMSG || r == -ESTALE) {
		fail(session, r == -ESTALE ? VERIFY_PROTOCOL_ERROR : VERIFY_MALFORMED,
		     outcome.why ? outcome.why : "malformed batch");
		return;
	}
	if (r < 0) {
		give_up_group(session);
		return;
	}
	log_hole(session, batch->lane, &outcome);
	session->ack_due[batch->lane] = outcome.mark;
	group_join(all->group, &session->member);
	group_count(all->group, batch->payload_bytes);
}

void *session_open(void *context, struct connection *connection, const struct connection_peer *peer)
{
	struct sessions *all = context;
	struct session *session = calloc(1, sizeof(*session));

	if (!session)
		return NULL;
	session->all = all;
	session->connection = connection;
	verify_session_init(&session->verify, peer->sensor, all->window_bytes);
	uuid_format(peer->sensor, session->name);
	snprintf(session->address, sizeof(session->address), "%s", peer->address);
	snprintf(session->tls_version, sizeof(session->tls_version), "%s", peer->tls_version);
	snprintf(session->tls_group, sizeof(session->tls_group), "%s", peer->tls_group);
	LIST_INSERT_HEAD(&all->list, session, link);
	return session;
}

size_t session_frame_bytes_max(const void *context)
{
	const struct session *session = context;

	return verify_frame_bytes_max(&session->verify);
}

void session_frame(void *context, const uint8_t *body, size_t size)
{
	struct session *session = context;
	struct verify_message message;

	if (group_is_resting(session->all->group)) {
		fail_internal(session);
		return;
	}
	verify_frame(&session->verify, body, size, &message);
	switch (message.kind) {
	case VERIFY_HELLO:
		take_hello(session, &message.hello);
		break;
	case VERIFY_BATCH:
		take_batch(session, &message.batch);
		break;
	case VERIFY_FAILURE:
		fail(session, message.failure.code, message.failure.why);
		break;
	}
	verify_message_done(&message);
}

void session_oversized(void *context)
{
	fail(context, VERIFY_LIMIT, "a frame longer than the limit");
}

void session_late(void *context)
{
	fail(context, VERIFY_LIMIT, "no Hello in time");
}

static void note_departure(struct session *session)
{
	struct sessions *all = session->all;

	if (!session->verify.is_greeted || find_other(session) || group_is_resting(all->group))
		return;
	log_info("session", "sensor %s at %s: gone", session->name, session->address);
	if (store_leave(all->store, session->verify.sensor) == 0)
		group_join(all->group, NULL);
	else
		give_up_group(session);
}

void session_closed(void *context)
{
	struct session *session = context;

	session->is_over = true;
	group_leave(session->all->group, &session->member);
	note_departure(session);
	LIST_REMOVE(session, link);
	for (uint32_t lane = 0; lane < VERIFY_LANES; lane++)
		batch_epoch_free(session->epochs[lane]);
	free(session);
}
