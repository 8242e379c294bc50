/* SPDX-License-Identifier: Apache-2.0 */
/* SSH: what each end says of itself in the clear. RFC 4253 4.2 (identification), 6 (packets), 7.1
 * (key exchange). */
#include "sensor/fingerprint/parser_table.h"
#include "sensor/fingerprint/session.h"
#include "sensor/fingerprint/writer.h"

#include <stdlib.h>

#define SSH_BYTES_MAX (16u * 1024)
#define BANNER_BYTES_MAX 255 /* with CR and LF */
#define PACKET_BYTES_MIN 6 /* padding length, type, 4 of padding */
#define PACKET_BYTES_MAX 35000
#define COOKIE_BYTES 16

enum message_type { DISCONNECT = 1, IGNORE = 2, UNIMPLEMENTED = 3, DEBUG = 4, KEXINIT = 20 };

/* The name-lists of SSH_MSG_KEXINIT in their order; _CS: client to server. */
enum list {
	KEX,
	HOST_KEY,
	CIPHER_CS,
	CIPHER_SC,
	MAC_CS,
	MAC_SC,
	COMPRESSION_CS,
	COMPRESSION_SC,
	LANGUAGE_CS,
	LANGUAGE_SC,
	LIST_COUNT
};

struct kexinit {
	struct cursor banner;
	struct cursor lists[LIST_COUNT];
};

/* What differs between the ends. */
static const struct side {
	enum mark_kind banner, hassh;
	enum list hassh_lists[4];
	const char *npf;
} sides[SIDE_COUNT] = {
	[SIDE_SOURCE] = { MARK_SSH_CLIENT,
			  MARK_HASSH,
			  { KEX, CIPHER_CS, MAC_CS, COMPRESSION_CS },
			  "ssh/" },
	[SIDE_DESTINATION] = { MARK_SSH_SERVER,
			       MARK_HASSH_SERVER,
			       { KEX, CIPHER_SC, MAC_SC, COMPRESSION_SC },
			       "ssh_server/" },
};

static bool begins_with(struct cursor c, const char *want)
{
	for (; *want; want++)
		if (cursor_u8(&c) != (uint8_t)*want)
			return false;
	return cursor_ok(&c);
}

static struct cursor without_cr(struct cursor line)
{
	if (line.left > 0 && line.at[line.left - 1] == '\r')
		line.left--;
	return line;
}

static bool has_control_character(struct cursor line)
{
	while (line.left > 0) {
		uint8_t byte = cursor_u8(&line);

		if (byte < ' ' || byte == 0x7f)
			return true;
	}
	return false;
}

/* SSH-protoversion-softwareversion [SP comments] CR LF, after lines that do not begin like it. Old
 * ends leave CR out. */
static enum parse_status take_banner(struct cursor *c, struct cursor *ret_banner)
{
	struct cursor line = { 0 };
	size_t size;

	do {
		size = c->left;
		line = *c;
		*ret_banner = cursor_until(c, '\n');
		if (!cursor_ok(c))
			return begins_with(line, "SSH-") && size > BANNER_BYTES_MAX
				       ? PARSE_MALFORMED
				       : PARSE_NEED_MORE;
		size -= c->left;
	} while (!begins_with(*ret_banner, "SSH-"));
	*ret_banner = without_cr(*ret_banner);
	if (size > BANNER_BYTES_MAX || has_control_character(*ret_banner))
		return PARSE_MALFORMED;
	return PARSE_OK;
}

/* 1.99: both, RFC 4253 5.1. Others have no key exchange of this kind. */
static bool is_version_2(struct cursor version)
{
	return (version.left == 3 && begins_with(version, "2.0")) ||
	       (version.left == 4 && begins_with(version, "1.99"));
}

/* uint32 packet_length; byte padding_length; byte payload[]; byte padding[] */
static enum parse_status take_payload(struct cursor *c, struct cursor *ret_payload)
{
	uint32_t length = cursor_u32(c);
	struct cursor packet;
	uint8_t padding;

	if (cursor_ok(c) && (length < PACKET_BYTES_MIN || length > PACKET_BYTES_MAX))
		return PARSE_MALFORMED;
	packet = cursor_take(c, length);
	if (!cursor_ok(c))
		return PARSE_NEED_MORE;
	padding = cursor_u8(&packet);
	if (padding >= packet.left)
		return PARSE_MALFORMED;
	*ret_payload = cursor_take(&packet, packet.left - padding);
	return PARSE_OK;
}

/* The first packet that is more than talk; its type is taken. */
static enum parse_status take_message(struct cursor *c, struct cursor *ret_payload,
				      uint8_t *ret_type)
{
	enum parse_status status;

	do {
		status = take_payload(c, ret_payload);
		if (status != PARSE_OK)
			return status;
		*ret_type = cursor_u8(ret_payload);
	} while (*ret_type == IGNORE || *ret_type == UNIMPLEMENTED || *ret_type == DEBUG);
	return PARSE_OK;
}

/* byte cookie[16]; ten name-lists; boolean first_kex_packet_follows; uint32 0 */
static bool read_lists(struct cursor payload, struct kexinit *ret_kexinit)
{
	cursor_take(&payload, COOKIE_BYTES);
	for (enum list list = 0; list < LIST_COUNT; list++)
		ret_kexinit->lists[list] = cursor_take(&payload, cursor_u32(&payload));
	cursor_take(&payload, 1 + sizeof(uint32_t));
	return cursor_ok(&payload);
}

static struct text text_of(struct cursor bytes)
{
	return (struct text){ (const char *)bytes.at, bytes.left };
}

static void add_hassh(struct fingerprint_session *session, const struct side *side,
		      const struct kexinit *kexinit, struct writer writer, struct marks *marks)
{
	struct digester *digester = session_digester(session);
	char hex[DIGEST_HEX_MAX + 1];

	for (size_t i = 0; i < sizeof(side->hassh_lists) / sizeof(*side->hassh_lists); i++) {
		if (i > 0)
			writer_char(&writer, ';');
		writer_text(&writer, text_of(kexinit->lists[side->hassh_lists[i]]));
	}
	if (!writer.failed && digester &&
	    digest_hex(digester, DIGEST_MD5, writer.at, writer.length, hex))
		marks_add_string(marks, side->hassh, hex);
}

static void write_string(struct writer *writer, struct cursor bytes)
{
	writer_char(writer, '(');
	writer_hex_bytes(writer, bytes);
	writer_char(writer, ')');
}

static void add_npf(const struct side *side, const struct kexinit *kexinit, struct writer writer,
		    struct marks *marks)
{
	writer_string(&writer, side->npf);
	write_string(&writer, kexinit->banner);
	for (enum list list = 0; list < LIST_COUNT; list++)
		write_string(&writer, kexinit->lists[list]);
	if (!writer.failed)
		marks_add(marks, MARK_NPF, writer_done(&writer));
}

static void add_fingerprints(struct fingerprint_session *session, const struct side *side,
			     const struct kexinit *kexinit, struct marks *marks)
{
	size_t room = 2 * SSH_BYTES_MAX + 64; /* all of the message in hexadecimal */
	char *place = malloc(room);

	if (!place)
		return;
	add_hassh(session, side, kexinit, writer_of(place, room), marks);
	add_npf(side, kexinit, writer_of(place, room), marks);
	explicit_bzero(place, room);
	free(place);
}

static enum parse_status parse(struct fingerprint_session *session,
			       const struct fingerprint_message *message, struct marks *marks)
{
	const struct side *side = &sides[message->side];
	struct cursor c = message->bytes;
	struct kexinit kexinit = { 0 };
	struct cursor version, payload = { 0 };
	enum parse_status status = take_banner(&c, &kexinit.banner);
	uint8_t type = 0;

	if (status != PARSE_OK)
		return status;
	version = kexinit.banner;
	cursor_until(&version, '-');
	version = cursor_until(&version, '-');
	if (!cursor_ok(&version))
		return PARSE_MALFORMED;
	marks_add(marks, side->banner, text_of(kexinit.banner));
	if (!is_version_2(version))
		return PARSE_OK;
	status = take_message(&c, &payload, &type);
	if (status != PARSE_OK || type == DISCONNECT)
		return status;
	if (type != KEXINIT)
		return PARSE_MALFORMED;
	if (!read_lists(payload, &kexinit)) {
		fingerprint_cut(marks, "broken");
		return PARSE_MALFORMED;
	}
	add_fingerprints(session, side, &kexinit, marks);
	return PARSE_OK;
}

const struct fingerprint_parser fingerprint_ssh = {
	.name = "ssh",
	.protocol = FINGERPRINT_SSH,
	.bytes_max = SSH_BYTES_MAX,
	.parse = parse,
};
