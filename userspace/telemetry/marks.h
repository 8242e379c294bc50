/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a flow's first bytes say of it, as a list of (kind, value): fingerprints, names, versions,
 * facts. Every value is a text, so that a new kind is one line here: the wire, NDJSON and the
 * database's columns grow from it. Plain values; no I/O, no clock.
 */
#ifndef YAGURA_TELEMETRY_MARKS_H
#define YAGURA_TELEMETRY_MARKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "telemetry/text.h"

/*
 * X(NAME, name, key, form, repeats, side): `key` is the NDJSON name (ECS; with dots turned into
 * underscores the database's column). `form` is how JSON writes the value: TEXT, NUMBER (decimal
 * digits) or FLAG (the value is "1": true). `repeats` is SET (a value is kept once, in the order
 * of first sight) or LIST (each is kept: lists of one group are aligned with each other).
 * `side` is what the value mostly goes with: CLIENT, the software that began the flow, or PEER, the
 * other end; batches keep the values of each together.
 * The order is the wire's number of a kind, from 1 on: append only.
 */
#define MARK_KINDS(X)                                                                              \
	X(TLS_VERSION, tls_version, "tls.version", TEXT, SET,                                      \
	  PEER) /* "1.3", chosen, else offered */                                                  \
	X(TLS_CIPHER, tls_cipher, "tls.cipher", TEXT, SET,                                         \
	  PEER) /* chosen; IANA name or "0x1301" */                                                \
	X(TLS_GROUP, tls_group, "tls.curve", TEXT, SET, PEER) /* of the server's key share */      \
	X(TLS_NEXT_PROTOCOL, tls_next_protocol, "tls.next_protocol", TEXT, SET,                    \
	  PEER) /* ALPN, chosen */                                                                 \
	X(SERVER_NAME, server_name, "tls.client.server_name", TEXT, SET, PEER)                     \
	X(JA3, ja3, "tls.client.ja3", TEXT, SET, CLIENT)                                           \
	X(JA4, ja4, "tls.client.ja4", TEXT, SET, CLIENT)                                           \
	X(JA3S, ja3s, "tls.server.ja3s", TEXT, SET, PEER)                                          \
	X(JA4_R, ja4_r, "yagura.ja4_r", TEXT, SET, CLIENT)                                         \
	X(NPF, npf, "yagura.npf", TEXT, SET, CLIENT) /* tls/1, quic/, dtls/, ssh/, http/, tcp/ */  \
	X(ALPN, alpn, "yagura.alpn", TEXT, SET, CLIENT) /* offered */                              \
	X(PQ_GROUP, pq_group, "yagura.pq_group", TEXT, SET,                                        \
	  CLIENT) /* post-quantum groups offered */                                                \
	X(ECH, ech, "yagura.ech", FLAG, SET, CLIENT) /* server_name is the outer one */            \
	X(HRR, hrr, "yagura.hrr", FLAG, SET, PEER) /* HelloRetryRequest seen */                    \
	X(HELLO_OFFSET, hello_offset, "yagura.hello_offset", NUMBER, SET,                          \
	  CLIENT) /* if it is not 0 */                                                             \
	X(HASSH, hassh, "yagura.hassh", TEXT, SET, CLIENT)                                         \
	X(HASSH_SERVER, hassh_server, "yagura.hassh_server", TEXT, SET, PEER)                      \
	X(SSH_CLIENT, ssh_client, "yagura.ssh_client", TEXT, SET, CLIENT) /* banner */             \
	X(SSH_SERVER, ssh_server, "yagura.ssh_server", TEXT, SET, PEER)                            \
	X(TCP_SYN, tcp_syn, "yagura.tcp_syn", TEXT, SET, CLIENT) /* MuonFP form w:o-o-o:mss:ws */  \
	X(TCP_SYNACK, tcp_synack, "yagura.tcp_synack", TEXT, SET, PEER) /* likewise */             \
	X(TCP_SYN_SIG, tcp_syn_sig, "yagura.tcp_syn_sig", TEXT, SET, CLIENT) /* p0f v3 syntax */   \
	X(QUIC_VERSION, quic_version, "yagura.quic_version", TEXT, SET, CLIENT) /* 8 hex digits */ \
	X(DNS_NAME, dns_name, "dns.question.name", TEXT, LIST, PEER)                               \
	X(DNS_TYPE, dns_type, "dns.question.type", TEXT, LIST, PEER) /* "AAAA", "TYPE65400" */     \
	X(DNS_RCODE, dns_rcode, "dns.response_code", TEXT, LIST, PEER) /* "NXDOMAIN" */            \
	X(DNS_ANSWER_NAME, dns_answer_name, "dns.answers.name", TEXT, LIST, PEER)                  \
	X(DNS_ANSWER_TYPE, dns_answer_type, "dns.answers.type", TEXT, LIST, PEER)                  \
	X(DNS_ANSWER_DATA, dns_answer_data, "dns.answers.data", TEXT, LIST, PEER)                  \
	X(DNS_ANSWER_TTL, dns_answer_ttl, "dns.answers.ttl", NUMBER, LIST, PEER)                   \
	X(DNS_RESOLVED_IP, dns_resolved_ip, "dns.resolved_ip", TEXT, SET, PEER)                    \
	X(FIRST_BYTES, first_bytes, "yagura.first_bytes", TEXT, SET, PEER) /* entropy class */     \
	X(TRUNCATED, truncated, "yagura.truncated", TEXT, SET,                                     \
	  PEER) /* why something was not read */

enum mark_kind {
	MARK_NONE = 0,
#define MARK_KIND_ENUM(NAME, name, key, form, repeats, side) MARK_##NAME,
	MARK_KINDS(MARK_KIND_ENUM)
#undef MARK_KIND_ENUM
		MARK_KIND_COUNT
};

enum mark_form { MARK_FORM_TEXT, MARK_FORM_NUMBER, MARK_FORM_FLAG };
enum mark_repeats { MARK_REPEATS_SET, MARK_REPEATS_LIST };
enum mark_side { MARK_SIDE_CLIENT, MARK_SIDE_PEER };

/* The row of MARK_KINDS as data; `name` "?" outside the enum. */
struct mark_kind_row {
	const char *name;
	const char *key;
	enum mark_form form;
	enum mark_repeats repeats;
	enum mark_side side;
};
const struct mark_kind_row *mark_kind_row(enum mark_kind kind);
enum mark_side mark_kind_side(enum mark_kind kind);

struct mark {
	enum mark_kind kind;
	struct text value;
};

#define MARKS_MAX 192 /* of one flow */
#define MARK_VALUE_BYTES_MAX 65536
#define MARKS_BYTES_MAX (4 * MARK_VALUE_BYTES_MAX)

/* Owns its values, which lie in one place: adding may move all of them. All zero is an empty list.
 */
struct marks {
	struct mark *at;
	size_t count;
	size_t bytes; /* of all values */
	size_t capacity; /* marks there is room for */
	char *texts;
	size_t texts_length; /* taken, values that were forgotten included */
	size_t texts_capacity;
};

/* Keeps a copy of `value`, which is none of its own; a SET kind that has it already stays as it is.
 * 0, -ENOMEM, or -ENOSPC when a limit is reached, which leaves one MARK_TRUNCATED "too_many"
 * behind. */
int marks_add(struct marks *marks, enum mark_kind kind, struct text value);
/* The same in place of every value the kind has. */
int marks_replace(struct marks *marks, enum mark_kind kind, struct text value);
/* marks_add for a NUL-terminated text. */
int marks_add_string(struct marks *marks, enum mark_kind kind, const char *value);
/* Forgets those of which `is_meant` says so; the others keep their order. */
void marks_forget(struct marks *marks,
		  bool (*is_meant)(const struct mark *mark, const void *context),
		  const void *context);
/* The first value of a kind, or NULL. */
const struct text *marks_find(const struct marks *marks, enum mark_kind kind);
/* Forgets all values (wiped: they may be names) and frees them. */
void marks_done(struct marks *marks);
/* Forgets them likewise, but keeps what usual marks take for those of another flow. */
void marks_clear(struct marks *marks);
/* What they take of the heap. */
size_t marks_heap_bytes(const struct marks *marks);

#endif
