/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/fingerprint/tls_marks.h"

#include "sensor/fingerprint/ja3.h"
#include "sensor/fingerprint/ja4.h"
#include "sensor/fingerprint/tls_names.h"

#define PROTOCOLS_MAX 32
#define GROUPS_MAX 32

/* One text after the other is written here; it is not cleared in between. */
struct scratch {
	struct digester *digester;
	struct marks *marks;
	char space[MARK_VALUE_BYTES_MAX];
};

static struct writer writer_in(struct scratch *scratch)
{
	return writer_of(scratch->space, sizeof(scratch->space));
}

static void add_md5(struct scratch *scratch, enum mark_kind kind, const struct writer *writer)
{
	char hex[DIGEST_HEX_MAX + 1];

	if (writer->failed)
		fingerprint_cut(scratch->marks, "limit");
	else if (digest_hex(scratch->digester, DIGEST_MD5, writer->at, writer->length, hex))
		marks_add_string(scratch->marks, kind, hex);
}

static void add_ja3(struct scratch *scratch, const struct tls_client_hello *hello)
{
	struct writer writer = writer_in(scratch);

	ja3_write(hello, &writer);
	add_md5(scratch, MARK_JA3, &writer);
}

static void add_ja4(struct scratch *scratch, const struct tls_client_hello *hello, char transport)
{
	struct writer writer = writer_in(scratch);
	struct ja4_parts parts;
	char ja4[JA4_BYTES + 1];

	ja4_raw_write(hello, transport, &writer, &parts);
	if (writer.failed) {
		fingerprint_cut(scratch->marks, "limit");
		return;
	}
	if (ja4_hash(scratch->digester, writer_done(&writer), &parts, ja4))
		marks_add_string(scratch->marks, MARK_JA4, ja4);
	marks_add(scratch->marks, MARK_JA4_R, writer_done(&writer));
}

static void add_npf(struct scratch *scratch, const struct tls_client_hello *hello,
		    const struct tls_transport *transport)
{
	for (size_t i = 0; i < 2 && transport->npf[i].prefix; i++) {
		struct writer writer = writer_in(scratch);

		writer_string(&writer, transport->npf[i].prefix);
		npf_tls_write(hello, transport->npf[i].order, &writer);
		if (!writer.failed)
			marks_add(scratch->marks, MARK_NPF, writer_done(&writer));
	}
}

static struct text text_of(struct cursor bytes)
{
	return (struct text){ (const char *)bytes.at, bytes.left };
}

/* RFC 8701: an ALPN name of two bytes that would be a GREASE value anywhere else. */
static bool is_grease_name(struct cursor name)
{
	return name.left == 2 && tls_is_grease(cursor_u16(&name));
}

static void add_protocols(struct cursor protocols, struct marks *marks)
{
	size_t count = 0;

	while (protocols.left > 0) {
		struct cursor name = cursor_block(&protocols, 1);

		if (name.left == 0 || is_grease_name(name))
			continue;
		if (++count > PROTOCOLS_MAX) {
			fingerprint_cut(marks, "limit");
			return;
		}
		marks_add(marks, MARK_ALPN, text_of(name));
	}
}

static void add_post_quantum_groups(struct cursor groups, struct marks *marks)
{
	char name[TLS_NAME_BYTES_MAX];

	while (groups.left > 0) {
		uint16_t group = cursor_u16(&groups);

		if (!tls_group_is_post_quantum(group))
			continue;
		tls_group_name(group, name);
		marks_add_string(marks, MARK_PQ_GROUP, name); /* a table bounds them */
	}
}

static void replace_version(struct marks *marks, uint16_t version)
{
	char name[TLS_NAME_BYTES_MAX];

	tls_version_name(version, name);
	marks_replace(marks, MARK_TLS_VERSION, (struct text){ name, strlen(name) });
}

/* Few and short: they come first, so that nothing a client offers can push them out. */
static void add_client_facts(const struct fingerprint_session *session,
			     const struct tls_client_hello *hello, struct marks *marks)
{
	if (!session->has_server_hello)
		replace_version(marks, tls_version_offered(hello));
	if (hello->server_name.left > 0)
		marks_add(marks, MARK_SERVER_NAME, text_of(hello->server_name));
	if (tls_extensions_have(&hello->extensions, TLS_ENCRYPTED_CLIENT_HELLO))
		marks_add_string(marks, MARK_ECH, "1");
}

/* All of a hello is there, and its lengths contradict each other. */
static enum parse_status broken(struct marks *marks)
{
	fingerprint_cut(marks, "broken");
	return PARSE_MALFORMED;
}

static enum parse_status client_hello(struct fingerprint_session *session,
				      const struct tls_transport *transport, struct cursor body,
				      struct marks *marks)
{
	struct scratch scratch;
	struct tls_client_hello hello;

	if (session->has_client_hello)
		return PARSE_OK;
	if (tls_client_hello_read(body, transport->is_dtls, &hello) != PARSE_OK)
		return broken(marks);

	session->has_client_hello = true;
	scratch.digester = session_digester(session);
	scratch.marks = marks;
	if (hello.is_over_limit || !scratch.digester) {
		fingerprint_cut(marks, hello.is_over_limit ? "limit" : "no_room");
		return PARSE_OK;
	}
	add_client_facts(session, &hello, marks);
	add_ja3(&scratch, &hello);
	add_ja4(&scratch, &hello, transport->ja4);
	add_npf(&scratch, &hello, transport);
	add_post_quantum_groups(hello.groups, marks);
	add_protocols(hello.protocols, marks);
	return PARSE_OK;
}

static void add_choices(const struct tls_server_hello *hello, struct marks *marks)
{
	char name[TLS_NAME_BYTES_MAX];

	replace_version(marks, hello->chosen_version);
	tls_cipher_name(hello->cipher, name);
	marks_add_string(marks, MARK_TLS_CIPHER, name);
	if (hello->group != 0) {
		tls_group_name(hello->group, name);
		marks_add_string(marks, MARK_TLS_GROUP, name);
	}
	if (hello->protocol.left > 0)
		marks_add(marks, MARK_TLS_NEXT_PROTOCOL, text_of(hello->protocol));
}

static enum parse_status server_hello(struct fingerprint_session *session, struct cursor body,
				      struct marks *marks)
{
	struct scratch scratch;
	struct tls_server_hello hello;
	struct writer writer = writer_in(&scratch);

	if (session->has_server_hello)
		return PARSE_OK;
	if (tls_server_hello_read(body, &hello) != PARSE_OK)
		return broken(marks);

	session->has_server_hello = !hello.is_retry_request;
	scratch.digester = session_digester(session);
	scratch.marks = marks;
	if (hello.extensions.is_over_limit || !scratch.digester) {
		fingerprint_cut(marks, scratch.digester ? "limit" : "no_room");
		return PARSE_OK;
	}
	ja3s_write(&hello, &writer);
	add_md5(&scratch, MARK_JA3S, &writer);
	add_choices(&hello, marks);
	if (hello.is_retry_request)
		marks_add_string(marks, MARK_HRR, "1");
	return hello.is_retry_request ? PARSE_NEED_MORE : PARSE_OK;
}

enum parse_status tls_handshake_message(struct fingerprint_session *session,
					const struct tls_transport *transport, uint8_t type,
					struct cursor body, struct marks *marks)
{
	if (type == TLS_CLIENT_HELLO)
		return client_hello(session, transport, body, marks);
	if (type == TLS_SERVER_HELLO)
		return server_hello(session, body, marks);
	return type == TLS_HELLO_REQUEST || type == TLS_HELLO_VERIFY_REQUEST ? PARSE_NEED_MORE
									     : PARSE_MALFORMED;
}
