/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/fingerprint/session.h"

#include "sensor/fingerprint/dns_state.h"

#include <errno.h>
#include <stdlib.h>

struct fingerprint_session *fingerprint_session_new(void)
{
	return calloc(1, sizeof(struct fingerprint_session));
}

struct digester *session_digester(struct fingerprint_session *session)
{
	if (!session->digester)
		session->digester = digester_new();
	return session->digester;
}

const char *pieces_reason(int error)
{
	return error == -EBADMSG ? "overlap" : "no_room";
}

size_t fingerprint_session_bytes(const struct fingerprint_session *session)
{
	if (!session)
		return 0;
	return sizeof(*session) + dtls_state_bytes(session->dtls) + quic_state_bytes(session->quic);
}

uint64_t fingerprint_asked_for(const struct fingerprint_session *session)
{
	return session ? session->dns_asked_for : 0;
}

void fingerprint_finish(const struct fingerprint_session *session, struct marks *marks)
{
	for (enum fingerprint_side side = 0; side < SIDE_COUNT; side++)
		if (dtls_state_is_unfinished(session->dtls, side) ||
		    quic_state_is_unfinished(session->quic, side))
			fingerprint_cut(marks, session->is_at_limit[side] ? "limit" : "cut");
	dns_state_add_unanswered(session->dns, marks);
}

void fingerprint_session_clear(struct fingerprint_session *session)
{
	dtls_state_free(session->dtls);
	quic_state_free(session->quic);
	dns_state_free(session->dns);
	*session = (struct fingerprint_session){ .digester = session->digester };
}

void fingerprint_session_free(struct fingerprint_session *session)
{
	if (!session)
		return;
	fingerprint_session_clear(session);
	digester_free(session->digester);
	free(session);
}
