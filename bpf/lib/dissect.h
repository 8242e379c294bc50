/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What do these bytes look like? Asked of the beginning of a segment's or datagram's payload, on
 * any port. Pure, and without an array: the bytes lie in two words, which every kernel's verifier
 * follows. Compiled for BPF and for userspace (replay, tests, fuzzers), so that both ends run the
 * very same lines.
 *
 * The answer decides only which bytes leave the kernel; what they mean, and whether they are well
 * formed, is for the parsers in userspace to say.
 */
#ifndef YAGURA_LIB_DISSECT_H
#define YAGURA_LIB_DISSECT_H

#include <linux/types.h>
#include <stdbool.h>

#define DISSECT_INLINE static inline __attribute__((always_inline, unused))

/* As userspace/sensor/fingerprint/fingerprint.h numbers them; userspace asserts it. */
enum dissect_protocol {
	DISSECT_NONE = 0,
	DISSECT_TLS = 1,
	DISSECT_SSH = 2,
	DISSECT_HTTP = 3,
	DISSECT_DNS_TCP = 4,
	DISSECT_DNS = 5,
	DISSECT_QUIC = 6,
	DISSECT_DTLS = 7,
	DISSECT_COUNT
};

/* Up to 16 bytes, the first in the highest eight bits of `first`; zero after the last. */
#define DISSECT_HEAD_BYTES 16
struct dissect_head {
	__u64 first;
	__u64 second;
	__u32 count;
};

/* So many bytes, as they lie in memory, in a word whose highest byte is the first. */
DISSECT_INLINE __u64 dissect_word(__u64 in_memory, __u32 count)
{
	__u64 word = __builtin_bswap64(in_memory);

	if (count >= 8)
		return word;
	return count ? word & ~0ull << (64 - 8 * count) : 0;
}

DISSECT_INLINE struct dissect_head dissect_head_of(const __u64 in_memory[2], __u32 count)
{
	return (struct dissect_head){
		.first = dissect_word(in_memory[0], count),
		.second = count > 8 ? dissect_word(in_memory[1], count - 8) : 0,
		.count = count < DISSECT_HEAD_BYTES ? count : DISSECT_HEAD_BYTES,
	};
}

DISSECT_INLINE __u8 dissect_at(const struct dissect_head *head, __u32 i)
{
	return (__u8)((i < 8 ? head->first : head->second) >> (56 - 8 * (i & 7)));
}

DISSECT_INLINE __u32 dissect_u16(const struct dissect_head *head, __u32 i)
{
	return (__u32)dissect_at(head, i) << 8 | dissect_at(head, i + 1);
}

/* Another byte after the last; there is room. */
DISSECT_INLINE void dissect_push(struct dissect_head *head, __u8 byte)
{
	if (head->count < 8)
		head->first |= (__u64)byte << (56 - 8 * head->count);
	else
		head->second |= (__u64)byte << (56 - 8 * (head->count & 7));
	head->count++;
}

/* The first byte goes. */
DISSECT_INLINE void dissect_drop(struct dissect_head *head)
{
	head->first = head->first << 8 | head->second >> 56;
	head->second <<= 8;
	head->count--;
}

/* 0x80 in each byte of the word that equals this one, 0 in the others (zero bytes, Warren, Hacker's
 * Delight 6-1). */
DISSECT_INLINE __u64 dissect_bytes_like(__u64 word, __u8 byte)
{
	const __u64 low_bits = 0x7f7f7f7f7f7f7f7full;
	__u64 zero_there = word ^ 0x0101010101010101ull * byte;

	return ~(((zero_there & low_bits) + low_bits) | zero_there | low_bits);
}

/* MAYBE: right so far, more bytes would tell. */
enum dissect_likeness { DISSECT_NO = 0, DISSECT_MAYBE = 1, DISSECT_YES = 2 };

struct dissect_answer {
	enum dissect_likeness likeness;
	enum dissect_protocol protocol; /* when YES */
};

#define TLS_HANDSHAKE 0x16
#define TLS_RECORD_BYTES_MAX 16384 /* of plaintext, RFC 8446 5.1 */

/* Is byte i, if it is there, within these bounds? */
DISSECT_INLINE bool dissect_within(const struct dissect_head *head, __u32 i, __u8 least, __u8 most)
{
	return i >= head->count || (dissect_at(head, i) >= least && dissect_at(head, i) <= most);
}

/*
 * TLS, RFC 8446 5.1 and 4, RFC 5246 6.2.1 and 7.4.1: a record of type handshake, version 3.0 to
 * 3.4, with the beginning of a ClientHello (1) or ServerHello (2) of less than 64 KiB and version
 * 3.x. A record may end within that beginning; then another one follows.
 */
DISSECT_INLINE enum dissect_likeness dissect_tls(const struct dissect_head *head)
{
	__u32 record_bytes = head->count > 4 ? dissect_u16(head, 3) : 6;
	bool is_split = record_bytes < 6;

	if (!dissect_within(head, 0, TLS_HANDSHAKE, TLS_HANDSHAKE) ||
	    !dissect_within(head, 1, 3, 3) || !dissect_within(head, 2, 0, 4) ||
	    !dissect_within(head, 5, 1, 2))
		return DISSECT_NO;
	if (record_bytes == 0 || record_bytes > TLS_RECORD_BYTES_MAX)
		return DISSECT_NO;
	if (is_split && !dissect_within(head, 5 + record_bytes, TLS_HANDSHAKE, TLS_HANDSHAKE))
		return DISSECT_NO;
	if (!is_split && (!dissect_within(head, 6, 0, 0) || !dissect_within(head, 9, 3, 3) ||
			  !dissect_within(head, 10, 0, 4)))
		return DISSECT_NO;
	return head->count >= 11 ? DISSECT_YES : DISSECT_MAYBE;
}

/* Does it begin with these bytes, as far as it goes? `text`: the first in the highest eight. */
DISSECT_INLINE enum dissect_likeness dissect_text(const struct dissect_head *head, __u64 text,
						  __u32 bytes)
{
	__u32 known = head->count < bytes ? head->count : bytes;
	__u64 mask = known >= 8 ? ~0ull : ~(~0ull >> 8 * known);

	if ((head->first ^ text) & mask)
		return DISSECT_NO;
	return known == bytes ? DISSECT_YES : DISSECT_MAYBE;
}

/* An SSH identification string, RFC 4253 4.2 and 5.1. */
DISSECT_INLINE enum dissect_likeness dissect_ssh(const struct dissect_head *head)
{
	enum dissect_likeness likeness = dissect_text(head, 0x5353482d322e302dull, 8);

	return likeness ? likeness : dissect_text(head, 0x5353482d312e3939ull, 8);
}

/* X(text, bytes): methods with the space that follows, RFC 9110 9.1 and RFC 5789. */
#define DISSECT_HTTP_METHODS(X)                                                                    \
	X(0x4745542000000000ull, 4) /* GET */                                                      \
	X(0x504f535420000000ull, 5) /* POST */                                                     \
	X(0x4845414420000000ull, 5) /* HEAD */                                                     \
	X(0x5055542000000000ull, 4) /* PUT */                                                      \
	X(0x44454c4554452000ull, 7) /* DELETE */                                                   \
	X(0x434f4e4e45435420ull, 8) /* CONNECT */                                                  \
	X(0x4f5054494f4e5320ull, 8) /* OPTIONS */                                                  \
	X(0x5041544348200000ull, 6) /* PATCH */                                                    \
	X(0x5452414345200000ull, 6) /* TRACE */

/* The first byte of a request target, RFC 9112 3.2: "/path", "*", "http://…", "host:port", and
 * "[2001:db8::1]:443". */
DISSECT_INLINE bool dissect_is_target(__u8 byte)
{
	__u8 letter = byte | 0x20;

	return byte == '/' || byte == '*' || byte == '[' || (letter >= 'a' && letter <= 'z') ||
	       (byte >= '0' && byte <= '9');
}

/* An HTTP/1 request: method, a space, the first byte of the target. */
DISSECT_INLINE enum dissect_likeness dissect_http(const struct dissect_head *head)
{
	enum dissect_likeness likeness;

#define DISSECT_TRY(text, bytes)                                                                   \
	likeness = dissect_text(head, text, bytes);                                                \
	if (likeness == DISSECT_MAYBE || (likeness == DISSECT_YES && head->count == (bytes)))      \
		return DISSECT_MAYBE;                                                              \
	if (likeness == DISSECT_YES)                                                               \
		return dissect_is_target(dissect_at(head, bytes)) ? DISSECT_YES : DISSECT_NO;
	DISSECT_HTTP_METHODS(DISSECT_TRY)
#undef DISSECT_TRY
	return DISSECT_NO;
}

#define DNS_HEADER_BYTES 12
#define DNS_MESSAGE_BYTES_MIN 17 /* with one question, for the root */
#define DNS_QUERY_BYTES_MAX 2048 /* a name, and records such as OPT and TSIG */
#define DNS_FLAG_RESPONSE 0x8000
#define DNS_FLAGS_OF_QUERY 0x0130u /* recursion desired, authentic data, checking disabled */
#define DNS_FLAGS_OF_RESPONSE 0x87bfu /* no opcode, no reserved bit */

/*
 * A DNS message whose header begins at byte `at`, RFC 1035 4.1.1: opcode QUERY, one question. A
 * query has no answers and at most two records more (OPT, TSIG); the first label of its name begins
 * with a visible character. `at` is 0 or 2.
 */
DISSECT_INLINE enum dissect_likeness dissect_dns(const struct dissect_head *head, __u32 at)
{
	bool has_flags = head->count >= at + 4;
	__u32 flags = has_flags ? dissect_u16(head, at + 2) : 0;
	bool is_response = flags & DNS_FLAG_RESPONSE;
	__u8 few = is_response ? 1 : 0; /* records: below 512 in a response, else few */

	if (flags & ~(is_response ? DNS_FLAGS_OF_RESPONSE : DNS_FLAGS_OF_QUERY))
		return DISSECT_NO;
	if (!dissect_within(head, at + 4, 0, 0) || !dissect_within(head, at + 5, 1, 1) ||
	    !dissect_within(head, at + 6, 0, few) || !dissect_within(head, at + 8, 0, few) ||
	    !dissect_within(head, at + 10, 0, few))
		return DISSECT_NO;
	if (!is_response &&
	    (!dissect_within(head, at + 7, 0, 0) || !dissect_within(head, at + 9, 0, 0) ||
	     !dissect_within(head, at + 11, 0, 2)))
		return DISSECT_NO;
	if (!dissect_within(head, at + 12, 0, 63))
		return DISSECT_NO;
	if (head->count < at + 14)
		return DISSECT_MAYBE;
	if (dissect_at(head, at + 12) == 0) /* the root: its type's high byte, below 1,024 */
		return dissect_within(head, at + 13, 0, 3) ? DISSECT_YES : DISSECT_NO;
	return dissect_within(head, at + 13, 0x21, 0x7e) ? DISSECT_YES : DISSECT_NO;
}

/* DNS over TCP, RFC 1035 4.2.2: its length comes first. Other protocols' counters look like a query
 * for the root, but hardly like the length of one. */
DISSECT_INLINE enum dissect_likeness dissect_dns_tcp(const struct dissect_head *head)
{
	__u32 bytes = head->count >= 2 ? dissect_u16(head, 0) : DNS_MESSAGE_BYTES_MIN;
	bool is_query = head->count > 4 && dissect_at(head, 4) < 0x80;

	if (bytes < DNS_MESSAGE_BYTES_MIN || (is_query && bytes > DNS_QUERY_BYTES_MAX))
		return DISSECT_NO;
	return dissect_dns(head, 2);
}

DISSECT_INLINE struct dissect_answer dissect_either(struct dissect_answer sofar,
						    enum dissect_likeness likeness,
						    enum dissect_protocol protocol)
{
	if (likeness > sofar.likeness)
		return (struct dissect_answer){ likeness, protocol };
	return sofar;
}

/* In the middle of a segment only a TLS hello is looked for; its first byte. */
#define DISSECT_INSIDE TLS_HANDSHAKE

/* The protocols that may be asked for, by a bit each. */
#define DISSECT_BIT(protocol) (1u << (protocol))
#define DISSECT_STREAMS                                                                            \
	(DISSECT_BIT(DISSECT_TLS) | DISSECT_BIT(DISSECT_SSH) | DISSECT_BIT(DISSECT_HTTP) |         \
	 DISSECT_BIT(DISSECT_DNS_TCP))
#define DISSECT_DATAGRAMS                                                                          \
	(DISSECT_BIT(DISSECT_DNS) | DISSECT_BIT(DISSECT_QUIC) | DISSECT_BIT(DISSECT_DTLS))
#define DISSECT_ALL (DISSECT_STREAMS | DISSECT_DATAGRAMS)

#ifdef __bpf__
/* A function of its own: the verifier would try what it has learned in one of them in all others.
 * Weak, as each object has it. */
#define DISSECT_APART(name)                                                                        \
	__attribute__((weak)) int name##_apart(__u64 first, __u64 second, __u32 count)             \
	{                                                                                          \
		const struct dissect_head head = { first, second, count };                         \
		return (int)name(&head);                                                           \
	}
#define DISSECT_CALL(name, head)                                                                   \
	(enum dissect_likeness) name##_apart((head)->first, (head)->second, (head)->count)
DISSECT_APART(dissect_tls)
DISSECT_APART(dissect_ssh)
DISSECT_APART(dissect_http)
DISSECT_APART(dissect_dns_tcp)
#else
#define DISSECT_CALL(name, head) name(head)
#endif

/* What a stream's bytes look like, of the protocols in `wanted`. Nothing at all may be anything. */
DISSECT_INLINE struct dissect_answer dissect_stream(const struct dissect_head *head, __u32 wanted)
{
	struct dissect_answer answer = { DISSECT_NO, DISSECT_NONE };

	/* What one look at a byte rules out is not asked: a call costs more than that. */
	if (wanted & DISSECT_BIT(DISSECT_TLS) &&
	    dissect_within(head, 0, TLS_HANDSHAKE, TLS_HANDSHAKE))
		answer = dissect_either(answer, DISSECT_CALL(dissect_tls, head), DISSECT_TLS);
	if (wanted & DISSECT_BIT(DISSECT_SSH) && dissect_within(head, 0, 'S', 'S'))
		answer = dissect_either(answer, DISSECT_CALL(dissect_ssh, head), DISSECT_SSH);
	if (wanted & DISSECT_BIT(DISSECT_HTTP) && dissect_within(head, 0, 'C', 'T'))
		answer = dissect_either(answer, DISSECT_CALL(dissect_http, head), DISSECT_HTTP);
	if (wanted & DISSECT_BIT(DISSECT_DNS_TCP) && dissect_within(head, 6, 0, 0))
		answer = dissect_either(answer, DISSECT_CALL(dissect_dns_tcp, head),
					DISSECT_DNS_TCP);
	return answer;
}

#define QUIC_V1 0x00000001 /* RFC 9000 */
#define QUIC_V2 0x6b3343cf /* RFC 9369 */

/* Versions whose Initials a third party can read: 1, 2, the drafts of 1 from 22 on (ff0000xx),
 * those that mvfst numbers (faceb0xx), and the reserved ones (?a?a?a?a, RFC 9000 15), by which
 * clients try whether a server reads versions at all. */
DISSECT_INLINE bool dissect_is_quic_version(__u32 version)
{
	__u32 draft = version - 0xff000000;

	return version == QUIC_V1 || version == QUIC_V2 || (draft >= 22 && draft <= 34) ||
	       (version & 0xffffff00) == 0xfaceb000 || (version & 0x0f0f0f0f) == 0x0a0a0a0a;
}

/* A QUIC packet with a long header that can be read by a third party: Initial or Retry, RFC 9000
 * 17.2 and RFC 9369 3.2. Its fixed bit may be anything (RFC 9287 3.1). */
DISSECT_INLINE bool dissect_quic(const struct dissect_head *head, __u32 datagram_bytes)
{
	__u32 version = (__u32)(head->first >> 24);
	__u8 type = dissect_at(head, 0) >> 4 & 3;
	bool is_readable = version == QUIC_V2 ? type <= 1 : type == 0 || type == 3;

	return datagram_bytes >= 32 && dissect_at(head, 0) & 0x80 && is_readable &&
	       dissect_at(head, 5) <= 20 && dissect_is_quic_version(version);
}

/* A DTLS handshake record of epoch 0 that begins a ClientHello, ServerHello or HelloVerifyRequest,
 * RFC 6347 4.1 and 4.2.2. */
DISSECT_INLINE bool dissect_dtls(const struct dissect_head *head, __u32 datagram_bytes)
{
	__u32 record_bytes = dissect_u16(head, 11);
	__u8 type = dissect_at(head, 13);

	return datagram_bytes >= 25 && dissect_at(head, 0) == TLS_HANDSHAKE &&
	       dissect_at(head, 1) == 0xfe &&
	       (dissect_at(head, 2) == 0xff || dissect_at(head, 2) == 0xfd) &&
	       dissect_u16(head, 3) == 0 && record_bytes >= 12 &&
	       record_bytes <= TLS_RECORD_BYTES_MAX && type >= 1 && type <= 3;
}

/* A whole datagram of `datagram_bytes`, of which `head` has the first up to 16. */
DISSECT_INLINE enum dissect_protocol dissect_datagram(const struct dissect_head *head,
						      __u32 datagram_bytes, __u32 wanted)
{
	if (head->count < DISSECT_HEAD_BYTES)
		return DISSECT_NONE;
	if (wanted & DISSECT_BIT(DISSECT_QUIC) && dissect_quic(head, datagram_bytes))
		return DISSECT_QUIC;
	if (wanted & DISSECT_BIT(DISSECT_DTLS) && dissect_dtls(head, datagram_bytes))
		return DISSECT_DTLS;
	if (wanted & DISSECT_BIT(DISSECT_DNS) && datagram_bytes >= DNS_MESSAGE_BYTES_MIN &&
	    dissect_dns(head, 0) == DISSECT_YES)
		return DISSECT_DNS;
	return DISSECT_NONE;
}

#ifdef __bpf__
__attribute__((weak)) int dissect_datagram_apart(__u64 first, __u64 second, __u32 bytes,
						 __u32 wanted)
{
	const struct dissect_head head = { first, second, DISSECT_HEAD_BYTES };

	return (int)dissect_datagram(&head, bytes, wanted);
}
#define DISSECT_DATAGRAM(head, bytes, wanted)                                                      \
	(enum dissect_protocol) dissect_datagram_apart((head)->first, (head)->second, bytes, wanted)
#else
#define DISSECT_DATAGRAM(head, bytes, wanted) dissect_datagram(head, bytes, wanted)
#endif

#endif
