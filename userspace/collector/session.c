/* SPDX-License-Identifier: Apache-2.0 */
#include "common/hash.h"

#define HASH_FUNCTION(key, length, value) (value) = hash_bytes(key, length)

#include "collector/session.h"

#include "collector/session_say.h"
#include "collector/verify/answer.h"
#include "collector/verify/content.h"
#include "collector/verify/verify.h"
#include "common/log.h"
#include "common/uuid.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#define NAME_BYTES (TENANT_NAME_BYTES + UUID_TEXT_BYTES)

struct session {
	UT_hash_handle hh;
	LIST_ENTRY(session) waiting;
	uint64_t number; /* no other session of this process has had it */
	struct sessions *all;
	struct tenant *tenant;
	struct connection *connection;
	struct roster_seat *seat; /* once it has said Hello */
	struct verify_session verify;
	struct verify_hello hello;
	struct intake_ticket ticket; /* what the answers that are due wait for */
	struct content_epoch epochs[VERIFY_LANES];
	char name[NAME_BYTES]; /* of the sensor */
	char address[CONNECTION_PEER_BYTES];
	char tls_version[16];
	char tls_group[32];
	uint64_t ack_due[VERIFY_LANES]; /* up to this number, 0: none */
	uint64_t next_seq[VERIFY_LANES]; /* for the HelloAck */
	bool is_hello_due;
	bool is_waiting;
	bool is_over; /* its last word was said; the connection is going away */
};

struct session_table {
	struct session *first;
};

int sessions_init(struct sessions *sessions)
{
	LIST_INIT(&sessions->waiting);
	sessions->table = calloc(1, sizeof(*sessions->table));
	sessions->scratch = batch_epoch_new();
	return sessions->table && sessions->scratch ? 0 : -ENOMEM;
}

void sessions_done(struct sessions *sessions)
{
	free(sessions->table);
	batch_epoch_free(sessions->scratch);
}

static void stop_waiting(struct session *session)
{
	if (session->is_waiting)
		LIST_REMOVE(session, waiting);
	session->is_waiting = false;
}

static void end_session(struct session *session)
{
	session->is_over = true;
	stop_waiting(session);
	connection_close(session->connection);
}

static void fail(struct session *session, enum verify_code code, const char *why)
{
	struct verify_failure failure = { .code = code };
	uint8_t body[ANSWER_BYTES_MAX];

	if (session->is_over)
		return;
	snprintf(failure.why, sizeof(failure.why), "%s", why);
	log_warn("session", "sensor %s at %s: %s; closed", session->name, session->address,
		 failure.why);
	if (code != VERIFY_INTERNAL && code != VERIFY_REPLACED)
		roster_note(session->tenant->roster, session->name, failure.why);
	connection_send(session->connection, body, answer_failure(body, &failure));
	end_session(session);
}

static void fail_internal(struct session *session)
{
	fail(session, VERIFY_INTERNAL, "the collector cannot store now; try again later");
}

static int send_hello_ack(struct session *session)
{
	uint8_t body[ANSWER_BYTES_MAX];

	session->is_hello_due = false;
	return connection_send(session->connection, body,
			       answer_hello(body, session->next_seq, session->all->window_bytes));
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

static void answer(struct session *session)
{
	int r = 0;

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

/* What is durable already, such as a repeat, nobody would tell of any more. */
static void wait_for(struct session *session, const struct intake_ticket *ticket)
{
	session->ticket = *ticket;
	if (intake_ask(session->tenant->intake, ticket) == INTAKE_DURABLE) {
		stop_waiting(session);
		answer(session);
		return;
	}
	if (!session->is_waiting)
		LIST_INSERT_HEAD(&session->all->waiting, session, waiting);
	session->is_waiting = true;
}

void sessions_settle(struct sessions *sessions)
{
	struct session *session;
	struct session *next;

	for (session = LIST_FIRST(&sessions->waiting); session; session = next) {
		enum intake_state state = intake_ask(session->tenant->intake, &session->ticket);

		next = LIST_NEXT(session, waiting);
		if (state == INTAKE_PENDING)
			continue;
		stop_waiting(session);
		if (state == INTAKE_DURABLE)
			answer(session);
		else
			fail_internal(session);
	}
}

void sessions_replace(struct sessions *sessions, uint64_t number)
{
	struct session *session = NULL;

	HASH_FIND(hh, sessions->table->first, &number, sizeof(number), session);
	if (session)
		fail(session, VERIFY_REPLACED, "the sensor has connected again");
}

/* The same start of the same sensor has lost its connection; any other may be a copy of it. */
static void warn_of_clone(struct session *session, const struct roster_holder *before)
{
	static const char why[] = "connected as another boot or instance; two hosts with one "
				  "identity?";

	if (before->instance == session->hello.instance &&
	    memcmp(before->boot_id, session->hello.boot_id, sizeof(before->boot_id)) == 0)
		return;
	log_warn("session", "sensor %s: from %s, before that from %s: %s", session->name,
		 session->address, before->address, why);
	roster_note_clone(session->tenant->roster, session->name, why);
}

static int take_seat(struct session *session)
{
	struct roster_holder holder = { .session = session->number,
					.worker = session->all->worker,
					.instance = session->hello.instance };
	struct roster_holder before = { 0 };
	int r;

	memcpy(holder.boot_id, session->hello.boot_id, sizeof(holder.boot_id));
	snprintf(holder.address, sizeof(holder.address), "%s", session->address);
	r = roster_take(session->tenant->roster, session->verify.sensor, &holder, &session->seat,
			&before);
	if (r < 0 || before.session == 0)
		return r;
	warn_of_clone(session, &before);
	session->all->replace(before.worker, before.session);
	return 0;
}

static void take_hello(struct session *session, const struct verify_hello *hello)
{
	struct entry_arrival arrival = { .hello = *hello };
	struct intake_welcome welcome;
	struct intake_ticket ticket;

	session->hello = *hello;
	snprintf(arrival.tls_version, sizeof(arrival.tls_version), "%s", session->tls_version);
	snprintf(arrival.tls_group, sizeof(arrival.tls_group), "%s", session->tls_group);
	connection_established(session->connection);
	if (take_seat(session) < 0 || intake_arrive(session->tenant->intake, session->verify.sensor,
						    &arrival, &welcome, &ticket) < 0) {
		fail_internal(session);
		return;
	}
	session_say_rewinds(session->name, hello, welcome.rewinds);
	memcpy(session->next_seq, welcome.next_seq, sizeof(session->next_seq));
	session->is_hello_due = true;
	wait_for(session, &ticket);
	log_info("session", "sensor %s at %s: host %s, version %s, %s %s", session->name,
		 session->address, hello->host, hello->version, session->tls_version,
		 session->tls_group);
}

/* A repeat is acknowledged by its own number: it came for its tables, others may be under way. */
static void store_batch(struct session *session, const struct dedupe_key *key,
			const struct verify_batch *batch)
{
	struct tenant *tenant = session->tenant;
	struct intake_outcome outcome = { 0 };
	struct intake_ticket ticket;

	if (intake_batch(tenant->intake, key, batch, &outcome, &ticket) < 0) {
		fail_internal(session);
		return;
	}
	roster_spend(tenant->roster, session->seat, &tenant->options.sensor_limits,
		     &tenant->options.tenant_limits,
		     (uint32_t)(batch->payload_bytes - batch->history_bytes));
	session_say_hole(session->name, batch->lane, &outcome);
	session->ack_due[batch->lane] = batch->seq;
	wait_for(session, &ticket);
}

static void take_batch(struct session *session, const struct verify_batch *batch)
{
	struct dedupe_key key = { .sensor = session->verify.sensor,
				  .generation = session->hello.generation,
				  .lane = batch->lane };
	bool is_known = intake_knows(session->tenant->intake, &key, batch->seq);
	struct content_outcome outcome;
	int r = content_check(&session->epochs[batch->lane], session->all->scratch, batch, is_known,
			      &outcome);

	if (r == 0)
		store_batch(session, &key, &outcome.whole);
	else if (r == -ENOMEM)
		fail_internal(session);
	else
		fail(session, r == -ESTALE ? VERIFY_PROTOCOL_ERROR : VERIFY_MALFORMED,
		     outcome.why ? outcome.why : "malformed batch");
}

void *session_open(void *context, struct connection *connection, const struct connection_peer *peer)
{
	static _Atomic uint64_t numbers;
	struct sessions *all = context;
	struct session *session = calloc(1, sizeof(*session));
	char sensor[UUID_TEXT_BYTES];

	if (!session)
		return NULL;
	session->number = ++numbers;
	session->all = all;
	session->tenant = all->tenants[peer->authority];
	session->connection = connection;
	verify_session_init(&session->verify, peer->sensor, all->window_bytes);
	uuid_format(peer->sensor, sensor);
	snprintf(session->name, sizeof(session->name), "%s%s%s", session->tenant->options.name,
		 session->tenant->options.name[0] ? "/" : "", sensor);
	snprintf(session->address, sizeof(session->address), "%s", peer->address);
	snprintf(session->tls_version, sizeof(session->tls_version), "%s", peer->tls_version);
	snprintf(session->tls_group, sizeof(session->tls_group), "%s", peer->tls_group);
	HASH_ADD(hh, all->table->first, number, sizeof(session->number), session);
	return session;
}

size_t session_frame_bytes_max(const void *context)
{
	const struct session *session = context;

	return verify_frame_bytes_max(&session->verify);
}

/* 0: a frame may be taken now; else as struct connection_handlers says of `frame`. */
static int check_turn(struct session *session)
{
	struct tenant *tenant = session->tenant;

	if (session->all->is_stopping || !intake_has_room(tenant->intake))
		return -EAGAIN;
	if (!session->seat)
		return 0;
	return (int)roster_wait_ms(tenant->roster, session->seat, &tenant->options.sensor_limits,
				   &tenant->options.tenant_limits);
}

static void take_message(struct session *session, const struct verify_message *message)
{
	switch (message->kind) {
	case VERIFY_HELLO:
		take_hello(session, &message->hello);
		break;
	case VERIFY_BATCH:
		take_batch(session, &message->batch);
		break;
	case VERIFY_FAILURE:
		fail(session, message->failure.code, message->failure.why);
		break;
	}
}

int session_frame(void *context, const uint8_t *body, size_t size)
{
	struct session *session = context;
	struct verify_message message;
	int wait = check_turn(session);

	if (wait != 0)
		return wait;
	if (session->seat &&
	    !roster_holds(session->tenant->roster, session->seat, session->number)) {
		fail(session, VERIFY_REPLACED, "the sensor has connected again");
		return 0;
	}
	if (intake_is_refusing(session->tenant->intake)) {
		fail_internal(session);
		return 0;
	}
	verify_frame(&session->verify, body, size, &message);
	take_message(session, &message);
	verify_message_done(&message);
	return 0;
}

void session_oversized(void *context)
{
	fail(context, VERIFY_LIMIT, "a frame longer than the limit");
}

void session_late(void *context)
{
	fail(context, VERIFY_LIMIT, "no Hello in time");
}

void session_stalled(void *context)
{
	fail(context, VERIFY_LIMIT, "a frame that does not end");
}

/* Whose sensor it would have been nobody knows: the first tenant is the collector's own. */
void session_refused(void *context, const char *address, const char *why)
{
	struct sessions *all = context;

	roster_note(all->tenants[0]->roster, address, why);
}

void session_closed(void *context)
{
	struct session *session = context;
	struct tenant *tenant = session->tenant;

	session->is_over = true;
	stop_waiting(session);
	if (session->seat && roster_leave(tenant->roster, session->seat, session->number)) {
		log_info("session", "sensor %s at %s: gone", session->name, session->address);
		intake_leave(tenant->intake, session->verify.sensor);
	}
	HASH_DEL(session->all->table->first, session);
	for (size_t lane = 0; lane < VERIFY_LANES; lane++)
		content_done(&session->epochs[lane]);
	free(session);
}
