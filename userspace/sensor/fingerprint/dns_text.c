/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/fingerprint/dns_text.h"

#include <arpa/inet.h>

#define CLASS_IN 1
#define CLASS_CACHE_FLUSH 0x8000 /* mDNS, RFC 6762 10.2 */
#define IPV4_BYTES 4
#define IPV6_BYTES 16

struct number_name {
	uint16_t number;
	const char *name;
};

/* IANA, Domain Name System (DNS) Parameters. */
static const struct number_name types[] = {
	{ DNS_TYPE_A, "A" },
	{ DNS_TYPE_NS, "NS" },
	{ DNS_TYPE_CNAME, "CNAME" },
	{ 6, "SOA" },
	{ DNS_TYPE_PTR, "PTR" },
	{ 13, "HINFO" },
	{ DNS_TYPE_MX, "MX" },
	{ 16, "TXT" },
	{ 17, "RP" },
	{ 18, "AFSDB" },
	{ 24, "SIG" },
	{ 25, "KEY" },
	{ DNS_TYPE_AAAA, "AAAA" },
	{ 29, "LOC" },
	{ DNS_TYPE_SRV, "SRV" },
	{ 35, "NAPTR" },
	{ 37, "CERT" },
	{ DNS_TYPE_DNAME, "DNAME" },
	{ DNS_TYPE_OPT, "OPT" },
	{ 43, "DS" },
	{ 44, "SSHFP" },
	{ 46, "RRSIG" },
	{ 47, "NSEC" },
	{ 48, "DNSKEY" },
	{ 49, "DHCID" },
	{ 50, "NSEC3" },
	{ 51, "NSEC3PARAM" },
	{ 52, "TLSA" },
	{ 53, "SMIMEA" },
	{ 59, "CDS" },
	{ 60, "CDNSKEY" },
	{ 61, "OPENPGPKEY" },
	{ 62, "CSYNC" },
	{ 63, "ZONEMD" },
	{ DNS_TYPE_SVCB, "SVCB" },
	{ DNS_TYPE_HTTPS, "HTTPS" },
	{ 99, "SPF" },
	{ 108, "EUI48" },
	{ 109, "EUI64" },
	{ 249, "TKEY" },
	{ 250, "TSIG" },
	{ 251, "IXFR" },
	{ 252, "AXFR" },
	{ 255, "ANY" },
	{ 256, "URI" },
	{ 257, "CAA" },
};

static const struct number_name rcodes[] = {
	{ 0, "NOERROR" },  { 1, "FORMERR" }, { 2, "SERVFAIL" },	 { 3, "NXDOMAIN" },
	{ 4, "NOTIMP" },   { 5, "REFUSED" }, { 6, "YXDOMAIN" },	 { 7, "YXRRSET" },
	{ 8, "NXRRSET" },  { 9, "NOTAUTH" }, { 10, "NOTZONE" },	 { 11, "DSOTYPENI" },
	{ 16, "BADVERS" }, { 17, "BADKEY" }, { 18, "BADTIME" },	 { 19, "BADMODE" },
	{ 20, "BADNAME" }, { 21, "BADALG" }, { 22, "BADTRUNC" }, { 23, "BADCOOKIE" },
};

static void write_number(struct writer *writer, const struct number_name *rows, size_t count,
			 const char *otherwise, uint16_t number)
{
	for (size_t i = 0; i < count; i++) {
		if (rows[i].number != number)
			continue;
		writer_string(writer, rows[i].name);
		return;
	}
	writer_string(writer, otherwise);
	writer_decimal(writer, number);
}

void dns_write_type(struct writer *writer, uint16_t type)
{
	write_number(writer, types, sizeof(types) / sizeof(*types), "TYPE", type);
}

void dns_write_rcode(struct writer *writer, uint16_t rcode)
{
	write_number(writer, rcodes, sizeof(rcodes) / sizeof(*rcodes), "RCODE", rcode);
}

void dns_write_addr(struct writer *writer, struct cursor *c, size_t addr_bytes)
{
	char string[INET6_ADDRSTRLEN];
	uint8_t addr[IPV6_BYTES];

	cursor_copy(c, addr, addr_bytes);
	if (inet_ntop(addr_bytes == IPV4_BYTES ? AF_INET : AF_INET6, addr, string, sizeof(string)))
		writer_string(writer, string);
	explicit_bzero(addr, sizeof(addr));
	explicit_bzero(string, sizeof(string));
}

/* So many numbers of 16 bits before a name. */
static bool write_numbers_and_name(struct writer *writer, struct cursor message, struct cursor *at,
				   unsigned int numbers)
{
	for (; numbers > 0; numbers--) {
		writer_decimal(writer, cursor_u16(at));
		writer_char(writer, ' ');
	}
	return cursor_ok(at) && dns_name_read(message, at, writer) == PARSE_OK;
}

static bool write_addr(struct writer *writer, struct cursor *at, size_t left_after, size_t size)
{
	if (at->left - left_after != size)
		return false;
	dns_write_addr(writer, at, size);
	return true;
}

static bool write_known(struct writer *writer, struct cursor message,
			const struct dns_record *record, struct cursor *at)
{
	size_t left_after = at->left - record->data_bytes;

	if ((record->class & ~CLASS_CACHE_FLUSH) != CLASS_IN)
		return false;
	switch (record->type) {
	case DNS_TYPE_A:
		return write_addr(writer, at, left_after, IPV4_BYTES);
	case DNS_TYPE_AAAA:
		return write_addr(writer, at, left_after, IPV6_BYTES);
	case DNS_TYPE_NS:
	case DNS_TYPE_CNAME:
	case DNS_TYPE_PTR:
	case DNS_TYPE_DNAME:
		return write_numbers_and_name(writer, message, at, 0);
	case DNS_TYPE_MX:
		return write_numbers_and_name(writer, message, at, 1);
	case DNS_TYPE_SRV:
		return write_numbers_and_name(writer, message, at, 3);
	case DNS_TYPE_SVCB:
	case DNS_TYPE_HTTPS:
		return dns_write_svcb(writer, message, at, left_after);
	default:
		return false;
	}
}

void dns_write_data(struct writer *writer, struct cursor message, const struct dns_record *record)
{
	struct writer before = *writer;
	struct cursor at = record->data;

	if (write_known(writer, message, record, &at) && !writer->failed &&
	    record->data.left - at.left == record->data_bytes)
		return;
	*writer = before;
	writer_string(writer, "\\# ");
	writer_decimal(writer, record->data_bytes);
}
