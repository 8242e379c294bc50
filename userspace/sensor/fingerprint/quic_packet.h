/* SPDX-License-Identifier: Apache-2.0 */
/* QUIC's long headers and what the versions differ in. RFC 8999 5.1, 9000 17.2, 9369 3. */
#ifndef YAGURA_FINGERPRINT_QUIC_PACKET_H
#define YAGURA_FINGERPRINT_QUIC_PACKET_H

#include "sensor/fingerprint/fingerprint.h"

#define QUIC_CID_BYTES_MAX 20
#define QUIC_SALT_BYTES 20

/* A salt that Initials of a range of versions may be protected with. */
struct quic_version {
	uint32_t from, to;
	bool is_v2; /* labels and packet types of RFC 9369 */
	uint8_t salt[QUIC_SALT_BYTES];
};

enum quic_packet_type {
	QUIC_INITIAL,
	QUIC_ZERO_RTT,
	QUIC_HANDSHAKE,
	QUIC_RETRY,
	QUIC_VERSION_NEGOTIATION,
};

struct quic_packet {
	enum quic_packet_type type;
	uint32_t version;
	struct cursor destination_id, source_id;
	struct cursor whole; /* from its first byte to its last */
	size_t number_at; /* where in `whole` the packet number begins (Initials) */
};

/* The next row to try for a version; NULL: no more. Begin with NULL. */
const struct quic_version *quic_version_next(const struct quic_version *after, uint32_t version);

/* Takes the next packet of a datagram. PARSE_NEED_MORE when the datagram ends before the packet
 * does, PARSE_MALFORMED when it is no long header of a known version. */
enum parse_status quic_packet_read(struct cursor *datagram, struct quic_packet *ret_packet);

#endif
