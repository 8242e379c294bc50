/* SPDX-License-Identifier: Apache-2.0 */
/* What is in a DNS message, as text: names, types, data. Private to fingerprint/. */
#ifndef YAGURA_FINGERPRINT_DNS_TEXT_H
#define YAGURA_FINGERPRINT_DNS_TEXT_H

#include "sensor/fingerprint/fingerprint.h"
#include "sensor/fingerprint/writer.h"

#define DNS_NAME_TEXT_MAX 1024 /* 255 bytes, each as \DDD at most */
#define DNS_DATA_TEXT_MAX 2048
#define DNS_HEADER_BYTES 12

enum dns_type {
	DNS_TYPE_A = 1,
	DNS_TYPE_NS = 2,
	DNS_TYPE_CNAME = 5,
	DNS_TYPE_PTR = 12,
	DNS_TYPE_MX = 15,
	DNS_TYPE_AAAA = 28,
	DNS_TYPE_SRV = 33,
	DNS_TYPE_DNAME = 39,
	DNS_TYPE_OPT = 41,
	DNS_TYPE_SVCB = 64,
	DNS_TYPE_HTTPS = 65,
};

/* A resource record whose owner was read already. */
struct dns_record {
	uint16_t type;
	uint16_t class;
	uint32_t ttl;
	uint16_t data_bytes;
	struct cursor data; /* from there to the end of the message */
};

/* Reads a name at `at`, which must end with `message`, and writes it without a last dot (the root:
 * "."). PARSE_NEED_MORE when the message ends too early. RFC 1035 4.1.4; compression leads backward
 * only. What lies in a label beside printable ASCII, and dots, are escaped as RFC 4343 2.1 says. */
enum parse_status dns_name_read(struct cursor message, struct cursor *at, struct writer *writer);

/* "AAAA", "TYPE65400"; "NXDOMAIN", "RCODE24". RFC 3597 5 */
void dns_write_type(struct writer *writer, uint16_t type);
void dns_write_rcode(struct writer *writer, uint16_t rcode);

/* Addresses, names, and what MX, SRV, SVCB and HTTPS say in presentation form; of everything else,
 * texts before all, only its length: "\# 27" (RFC 3597 5 without the data). Writes nothing else. */
void dns_write_data(struct writer *writer, struct cursor message, const struct dns_record *record);

/* With what is not printable, and each of `special`, escaped. */
void dns_write_escaped(struct writer *writer, struct cursor bytes, const char *special);
/* The value of SVCB and HTTPS: false when it is malformed. RFC 9460 2.1, 14.3.2 */
bool dns_write_svcb(struct writer *writer, struct cursor message, struct cursor *at,
		    size_t left_after);
/* `addr_bytes` 4 or 16. */
void dns_write_addr(struct writer *writer, struct cursor *c, size_t addr_bytes);

#endif
