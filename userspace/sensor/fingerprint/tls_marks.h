/* SPDX-License-Identifier: Apache-2.0 */
/* What hellos say, as marks. Private to fingerprint/. */
#ifndef YAGURA_FINGERPRINT_TLS_MARKS_H
#define YAGURA_FINGERPRINT_TLS_MARKS_H

#include "sensor/fingerprint/npf_tls.h"
#include "sensor/fingerprint/session.h"
#include "sensor/fingerprint/tls_hello.h"

/* What a handshake travels in. */
struct tls_transport {
	char ja4; /* its first letter */
	bool is_dtls;
	struct {
		const char *prefix; /* NULL: none */
		enum npf_order order;
	} npf[2];
};

/*
 * One whole handshake message (without its header): adds what a hello says to `marks`. The first
 * ClientHello of the flow counts, and the first ServerHello, before which a HelloRetryRequest may
 * come. PARSE_OK when nothing more of this end is of interest; PARSE_NEED_MORE when what counts is
 * still to come; PARSE_MALFORMED.
 */
enum parse_status tls_handshake_message(struct fingerprint_session *session,
					const struct tls_transport *transport, uint8_t type,
					struct cursor body, struct marks *marks);

#endif
