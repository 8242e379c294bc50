/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/fingerprint/tls_hello.h"

#define RANDOM_BYTES 32
#define SESSION_ID_BYTES_MAX 32
#define HOST_NAME 0

/* The lists inside extensions: a length, then items of one size. */
static const struct list_row {
	uint16_t type;
	uint8_t length_bytes;
	uint8_t item_bytes;
	size_t field;
} lists[] = {
	{ TLS_SUPPORTED_GROUPS, 2, 2, offsetof(struct tls_client_hello, groups) },
	{ TLS_POINT_FORMATS, 1, 1, offsetof(struct tls_client_hello, point_formats) },
	{ TLS_SIGNATURE_ALGORITHMS, 2, 2, offsetof(struct tls_client_hello, signature_algorithms) },
	{ TLS_ALPN, 2, 1, offsetof(struct tls_client_hello, protocols) },
	{ TLS_SUPPORTED_VERSIONS, 1, 2, offsetof(struct tls_client_hello, versions) },
};

static const struct tls_extension *find(const struct tls_extensions *extensions, uint16_t type)
{
	for (size_t i = 0; i < extensions->count; i++)
		if (extensions->at[i].type == type)
			return &extensions->at[i];
	return NULL;
}

bool tls_extensions_have(const struct tls_extensions *extensions, uint16_t type)
{
	return find(extensions, type) != NULL;
}

#define EXTENSION_BYTES_MIN 4

/* Extension extensions<0..2^16-1>, each { u16 type; opaque data<0..2^16-1> }, RFC 8446 4.2. Before
 * TLS 1.3 the whole block may be missing. A rest too short for an extension is none. */
static enum parse_status read_extensions(struct cursor *body, struct tls_extensions *ret)
{
	struct cursor block = { 0 };

	ret->count = 0;
	ret->is_over_limit = false;
	if (cursor_ok(body) && body->left > 0)
		block = cursor_block(body, 2);
	while (block.left >= EXTENSION_BYTES_MIN && ret->count < TLS_EXTENSIONS_MAX) {
		struct tls_extension *extension = &ret->at[ret->count++];

		extension->type = cursor_u16(&block);
		extension->body = cursor_block(&block, 2);
	}
	ret->is_over_limit = block.left >= EXTENSION_BYTES_MIN;
	return cursor_ok(&block) && cursor_done(body) ? PARSE_OK : PARSE_MALFORMED;
}

static enum parse_status read_list(const struct list_row *row, struct tls_client_hello *hello)
{
	const struct tls_extension *extension = find(&hello->extensions, row->type);
	struct cursor *list = (struct cursor *)(void *)((char *)hello + row->field);
	struct cursor body;

	*list = (struct cursor){ 0 };
	if (!extension)
		return PARSE_OK;
	body = extension->body;
	*list = cursor_block(&body, row->length_bytes);
	return cursor_ok(list) && list->left % row->item_bytes == 0 ? PARSE_OK : PARSE_MALFORMED;
}

/* ProtocolName protocol_name_list<2..2^16-1>, opaque ProtocolName<1..2^8-1>, RFC 7301 3.1 */
static enum parse_status check_protocols(struct cursor protocols)
{
	while (protocols.left > 0)
		cursor_block(&protocols, 1);
	return cursor_ok(&protocols) ? PARSE_OK : PARSE_MALFORMED;
}

/* ServerName server_name_list<1..2^16-1>, each { u8 type; opaque HostName<1..2^16-1> }, RFC 6066 3.
 * A name that cannot be read is no name; the rest of the hello stands. */
static struct cursor read_server_name(const struct tls_extensions *extensions)
{
	const struct tls_extension *extension = find(extensions, TLS_SERVER_NAME);
	struct cursor body = extension ? extension->body : (struct cursor){ 0 };
	struct cursor names = body.left > 0 ? cursor_block(&body, 2) : body;

	while (names.left > 0) {
		uint8_t type = cursor_u8(&names);
		struct cursor name = cursor_block(&names, 2);

		if (type == HOST_NAME && cursor_ok(&name))
			return name;
	}
	return (struct cursor){ 0 };
}

static enum parse_status read_contents(struct tls_client_hello *hello)
{
	enum parse_status status = PARSE_OK;

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]) && status == PARSE_OK; i++)
		status = read_list(&lists[i], hello);
	if (status == PARSE_OK)
		status = check_protocols(hello->protocols);
	hello->server_name = read_server_name(&hello->extensions);
	return status;
}

/* u16 legacy_version; Random random; opaque session_id<0..32>; [DTLS: opaque cookie<0..2^8-1>;]
 * CipherSuite cipher_suites<2..2^16-2>; opaque compression_methods<1..2^8-1>; extensions */
enum parse_status tls_client_hello_read(struct cursor body, bool is_dtls,
					struct tls_client_hello *ret_hello)
{
	struct cursor session_id;
	enum parse_status status;

	ret_hello->version = cursor_u16(&body);
	cursor_take(&body, RANDOM_BYTES);
	session_id = cursor_block(&body, 1);
	if (is_dtls)
		cursor_block(&body, 1);
	ret_hello->ciphers = cursor_block(&body, 2);
	cursor_block(&body, 1);
	if (!cursor_ok(&body) || session_id.left > SESSION_ID_BYTES_MAX ||
	    ret_hello->ciphers.left % 2 != 0)
		return PARSE_MALFORMED;

	status = read_extensions(&body, &ret_hello->extensions);
	ret_hello->is_over_limit = ret_hello->extensions.is_over_limit ||
				   ret_hello->ciphers.left / 2 > TLS_CIPHERS_MAX;
	return status == PARSE_OK ? read_contents(ret_hello) : status;
}

/* SHA-256 of "HelloRetryRequest", RFC 8446 4.1.3 */
static bool is_retry_request(struct cursor random)
{
	static const uint8_t retry[RANDOM_BYTES] = {
		0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c,
		0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb,
		0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
	};

	return cursor_compare(random, cursor_of(retry, sizeof(retry))) == 0;
}

static struct cursor body_of(const struct tls_extensions *extensions, uint16_t type)
{
	const struct tls_extension *extension = find(extensions, type);

	return extension ? extension->body : (struct cursor){ 0 };
}

/* supported_versions: u16; key_share: u16 group, and in no HelloRetryRequest opaque key<1..2^16-1>;
 * ALPN: a list of one name. RFC 8446 4.2.1, 4.2.8. What cannot be read was not chosen; the
 * hello's shape stands. */
static void read_choices(struct tls_server_hello *hello)
{
	struct cursor version = body_of(&hello->extensions, TLS_SUPPORTED_VERSIONS);
	struct cursor key_share = body_of(&hello->extensions, TLS_KEY_SHARE);
	struct cursor alpn = body_of(&hello->extensions, TLS_ALPN);
	struct cursor names = cursor_block(&alpn, 2);
	struct cursor name = cursor_block(&names, 1);
	uint16_t chosen = cursor_u16(&version);

	hello->chosen_version = cursor_done(&version) ? chosen : hello->version;
	hello->group = cursor_u16(&key_share);
	hello->protocol = cursor_done(&names) && cursor_done(&alpn) ? name : (struct cursor){ 0 };
}

/* u16 legacy_version; Random random; opaque session_id<0..32>; CipherSuite cipher_suite;
 * u8 compression_method; extensions */
enum parse_status tls_server_hello_read(struct cursor body, struct tls_server_hello *ret_hello)
{
	struct cursor session_id, random;
	enum parse_status status;

	ret_hello->version = cursor_u16(&body);
	random = cursor_take(&body, RANDOM_BYTES);
	session_id = cursor_block(&body, 1);
	ret_hello->cipher = cursor_u16(&body);
	cursor_u8(&body);
	if (!cursor_ok(&body) || session_id.left > SESSION_ID_BYTES_MAX)
		return PARSE_MALFORMED;

	ret_hello->is_retry_request = is_retry_request(random);
	status = read_extensions(&body, &ret_hello->extensions);
	read_choices(ret_hello);
	return status;
}

#define IS_DTLS(version) ((version) >> 8 == 0xfe)

static bool is_newer(uint16_t a, uint16_t b)
{
	if (IS_DTLS(a) && IS_DTLS(b))
		return a < b;
	return IS_DTLS(a) || (!IS_DTLS(b) && a > b);
}

uint16_t tls_version_offered(const struct tls_client_hello *hello)
{
	struct cursor versions = hello->versions;
	uint16_t newest = 0;

	while (versions.left > 0) {
		uint16_t version = cursor_u16(&versions);

		if (!tls_is_grease(version) && (newest == 0 || is_newer(version, newest)))
			newest = version;
	}
	return newest != 0 ? newest : hello->version;
}
