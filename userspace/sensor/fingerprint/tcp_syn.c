/* SPDX-License-Identifier: Apache-2.0 */
/* The first segments of a TCP connection: MuonFP's tuple, p0f's signature, NPF "tcp/". Definitions
 * in proto/FINGERPRINTS.md; RFC 9293 3.1 (header), 3.2 (options). */
#include "sensor/fingerprint/fingerprint.h"
#include "sensor/fingerprint/writer.h"

#define TEXT_BYTES_MAX 512 /* 40 bytes of options at most */
#define OPTIONS_BYTES_MAX 40

enum flag { FLAG_PSH = 0x08, FLAG_ACK = 0x10, FLAG_URG = 0x20, FLAG_ECE = 0x40, FLAG_CWR = 0x80 };
enum option { END = 0, NOP = 1, MSS = 2, SCALE = 3, SACK_OK = 4, SACK = 5, TIMESTAMP = 8 };

#define TIMESTAMP_BYTES 10
#define SCALE_MAX 14 /* RFC 7323 2.3 */

/* What the options say. */
struct options {
	bool has_mss, has_scale, has_timestamp;
	uint16_t mss;
	uint8_t scale;
	uint32_t timestamp, timestamp_echo;
	bool is_end_not_zero; /* something follows the end of the list */
	bool is_malformed;
};

/* One option as on the wire: kind alone, or with length and value. False when there is none, or it
 * is malformed, which fails `options`. */
static bool take_option(struct cursor *options, uint8_t *ret_kind, struct cursor *ret_whole)
{
	struct cursor look = *options;
	uint8_t length = 1;

	if (options->failed || options->left == 0)
		return false;
	*ret_kind = cursor_u8(&look);
	if (*ret_kind != END && *ret_kind != NOP)
		length = cursor_u8(&look);
	if (look.failed || length == 0 || (length == 1 && *ret_kind > NOP))
		cursor_take(options, SIZE_MAX);
	*ret_whole = cursor_take(options, length);
	return cursor_ok(options);
}

/* kind, length, value; those of another length are not what they say. */
static void read_option(struct options *read, uint8_t kind, struct cursor whole)
{
	static const uint8_t lengths[] = {
		[END] = 1,   [NOP] = 1,	    [MSS] = 4,
		[SCALE] = 3, [SACK_OK] = 2, [TIMESTAMP] = TIMESTAMP_BYTES
	};

	if (kind < sizeof(lengths) && lengths[kind] > 0 && lengths[kind] != whole.left) {
		read->is_malformed = true;
		return;
	}
	cursor_take(&whole, 2);
	if (kind == MSS) {
		read->has_mss = true;
		read->mss = cursor_u16(&whole);
	} else if (kind == SCALE) {
		read->has_scale = true;
		read->scale = cursor_u8(&whole);
	} else if (kind == TIMESTAMP) {
		read->has_timestamp = true;
		read->timestamp = cursor_u32(&whole);
		read->timestamp_echo = cursor_u32(&whole);
	}
}

static struct options read_options(struct cursor options)
{
	struct options read = { 0 };
	struct cursor whole = { 0 };
	uint8_t kind = NOP;

	while (kind != END && take_option(&options, &kind, &whole))
		read_option(&read, kind, whole);
	read.is_malformed |= options.failed;
	while (options.left > 0)
		read.is_end_not_zero |= cursor_u8(&options) != 0;
	return read;
}

/* window:kinds:mss:ws, the kinds up to and with the end of the list, or a malformed option. */
static void add_tuple(const struct fingerprint_syn *syn, const struct options *read,
		      struct marks *marks)
{
	char place[TEXT_BYTES_MAX];
	struct writer writer = writer_of(place, sizeof(place));
	struct cursor options = syn->options;
	struct cursor whole = { 0 };
	uint8_t kind = NOP;

	writer_decimal(&writer, syn->window);
	writer_char(&writer, ':');
	for (bool is_first = true; kind != END && options.left > 0; is_first = false) {
		take_option(&options, &kind, &whole); /* nothing is left behind a malformed one */
		if (!is_first)
			writer_char(&writer, '-');
		writer_decimal(&writer, kind);
	}
	writer_char(&writer, ':');
	if (read->has_mss)
		writer_decimal(&writer, read->mss);
	writer_char(&writer, ':');
	if (read->has_scale)
		writer_decimal(&writer, read->scale);
	if (!writer.failed)
		marks_add(marks, (syn->flags & FLAG_ACK) ? MARK_TCP_SYNACK : MARK_TCP_SYN,
			  writer_done(&writer));
}

/* What the sender began with: the next usual value. */
static uint8_t initial_ttl(uint8_t ttl)
{
	if (ttl <= 32)
		return 32;
	if (ttl <= 64)
		return 64;
	return ttl <= 128 ? 128 : 255;
}

/* As a multiple of what the segment says of sizes, where it is one. */
static void write_window(struct writer *writer, const struct fingerprint_syn *syn,
			 const struct options *read)
{
	uint32_t mss = read->mss;
	uint32_t mtu = mss + (syn->ip_version == 6 ? 60 : 40);
	uint32_t unit = 0;

	if (mss >= 100 && syn->window > 0) {
		if (syn->window % mss == 0)
			unit = mss;
		else if (read->timestamp > 0 && syn->window % (mss - 12) == 0)
			unit = mss - 12;
		else if (syn->window % mtu == 0)
			unit = mtu;
	}
	if (unit > 0)
		writer_string(writer, unit == mtu ? "mtu*" : "mss*");
	writer_decimal(writer, unit > 0 ? syn->window / unit : syn->window);
}

static void write_option(struct writer *writer, uint8_t kind, size_t behind)
{
	static const char *const names[] = {
		[NOP] = "nop",	   [MSS] = "mss",   [SCALE] = "ws",
		[SACK_OK] = "sok", [SACK] = "sack", [TIMESTAMP] = "ts"
	};

	if (kind == END) {
		writer_string(writer, "eol+");
		writer_decimal(writer, (uint32_t)behind);
	} else if (kind < sizeof(names) / sizeof(*names) && names[kind]) {
		writer_string(writer, names[kind]);
	} else {
		writer_char(writer, '?');
		writer_decimal(writer, kind);
	}
}

static void write_layout(struct writer *writer, struct cursor options)
{
	struct cursor whole = { 0 };
	uint8_t kind = NOP;

	for (bool is_first = true; kind != END && take_option(&options, &kind, &whole);
	     is_first = false) {
		if (!is_first)
			writer_char(writer, ',');
		write_option(writer, kind, options.left);
	}
}

static void write_quirks(struct writer *writer, const struct fingerprint_syn *syn,
			 const struct options *read)
{
	bool is_ipv4 = syn->ip_version == 4;
	const struct {
		const char *name;
		bool is_there;
	} quirks[] = {
		{ "df", is_ipv4 && syn->dont_fragment },
		{ "id+", is_ipv4 && syn->dont_fragment && !syn->is_id_zero },
		{ "id-", is_ipv4 && !syn->dont_fragment && syn->is_id_zero },
		{ "ecn", (syn->flags & (FLAG_ECE | FLAG_CWR)) != 0 },
		{ "flow", !is_ipv4 && !syn->is_id_zero },
		{ "urgf+", (syn->flags & FLAG_URG) != 0 },
		{ "pushf+", (syn->flags & FLAG_PSH) != 0 },
		{ "ts1-", read->has_timestamp && read->timestamp == 0 },
		{ "ts2+", read->timestamp_echo != 0 },
		{ "opt+", read->is_end_not_zero },
		{ "exws", read->scale > SCALE_MAX },
		{ "bad", read->is_malformed },
	};
	const char *separator = "";

	for (size_t i = 0; i < sizeof(quirks) / sizeof(*quirks); i++) {
		if (!quirks[i].is_there)
			continue;
		writer_string(writer, separator);
		writer_string(writer, quirks[i].name);
		separator = ",";
	}
}

/* ver:ittl:olen:mss:wsize,scale:olayout:quirks:pclass */
static void add_signature(const struct fingerprint_syn *syn, const struct options *read,
			  struct marks *marks)
{
	char place[TEXT_BYTES_MAX];
	struct writer writer = writer_of(place, sizeof(place));
	const uint32_t head[] = { syn->ip_version, initial_ttl(syn->ttl), syn->ip_options_bytes,
				  read->mss };

	for (size_t i = 0; i < sizeof(head) / sizeof(*head); i++) {
		writer_decimal(&writer, head[i]);
		writer_char(&writer, ':');
	}
	write_window(&writer, syn, read);
	writer_char(&writer, ',');
	writer_decimal(&writer, read->scale);
	writer_char(&writer, ':');
	write_layout(&writer, syn->options);
	writer_char(&writer, ':');
	write_quirks(&writer, syn, read);
	writer_string(&writer, syn->has_payload ? ":+" : ":0");
	if (!writer.failed)
		marks_add(marks, MARK_TCP_SYN_SIG, writer_done(&writer));
}

/* tcp/(IP version)(00 when the identification is zero)(TTL & e0)(window)((option)*) */
static void add_npf(const struct fingerprint_syn *syn, struct marks *marks)
{
	char place[TEXT_BYTES_MAX];
	struct writer writer = writer_of(place, sizeof(place));
	struct cursor options = syn->options;
	struct cursor whole = { 0 };
	uint8_t kind = NOP;

	writer_string(&writer, "tcp/(");
	writer_hex(&writer, (uint32_t)syn->ip_version << 4, 1);
	writer_string(&writer, syn->is_id_zero ? ")(00)(" : ")()(");
	writer_hex(&writer, syn->ttl & 0xe0, 1);
	writer_string(&writer, ")(");
	writer_hex(&writer, syn->window, 2);
	writer_string(&writer, ")(");
	while (kind != END && take_option(&options, &kind, &whole)) {
		writer_char(&writer, '(');
		writer_hex_bytes(&writer,
				 kind == MSS || kind == SCALE ? whole : cursor_take(&whole, 1));
		writer_char(&writer, ')');
	}
	writer_char(&writer, ')');
	if (!writer.failed)
		marks_add(marks, MARK_NPF, writer_done(&writer));
}

void fingerprint_syn(const struct fingerprint_syn *syn, struct marks *marks)
{
	struct options read = read_options(syn->options);

	add_tuple(syn, &read, marks);
	if (syn->flags & FLAG_ACK)
		return;
	add_signature(syn, &read, marks);
	add_npf(syn, marks);
}

static void put(struct fingerprint_syn_shape *shape, const void *bytes, size_t size)
{
	memcpy(shape->bytes + shape->length, bytes, size);
	shape->length = (uint8_t)(shape->length + size);
}

static void put_option(struct fingerprint_syn_shape *shape, uint8_t kind, struct cursor whole)
{
	uint8_t are_set[2];

	if (kind != TIMESTAMP || whole.left != TIMESTAMP_BYTES) {
		put(shape, whole.at, whole.left);
		return;
	}
	put(shape, whole.at, 2);
	cursor_take(&whole, 2);
	are_set[0] = cursor_u32(&whole) != 0;
	are_set[1] = cursor_u32(&whole) != 0;
	put(shape, are_set, sizeof(are_set));
}

void fingerprint_syn_shape(const struct fingerprint_syn *syn,
			   struct fingerprint_syn_shape *ret_shape)
{
	const uint8_t facts[] = { syn->ip_version, initial_ttl(syn->ttl), syn->ttl & 0xe0,
				  syn->is_id_zero, syn->dont_fragment,	  syn->has_payload };
	const uint16_t numbers[] = { syn->ip_options_bytes, syn->window, syn->flags };
	struct cursor options = syn->options;
	struct cursor whole = { 0 };
	uint8_t kind = NOP;

	ret_shape->length = 0;
	ret_shape->marks = (syn->flags & FLAG_ACK) ? 1 : 3;
	if (options.left > OPTIONS_BYTES_MAX)
		return;
	put(ret_shape, facts, sizeof(facts));
	put(ret_shape, numbers, sizeof(numbers));
	while (kind != END && take_option(&options, &kind, &whole))
		put_option(ret_shape, kind, whole);
	if (options.failed)
		ret_shape->length = 0;
	else if (options.left > 0) /* behind the end of the list */
		put(ret_shape, options.at, options.left);
}

_Static_assert(6 + 3 * sizeof(uint16_t) + OPTIONS_BYTES_MAX <= FINGERPRINT_SYN_BYTES_MAX, "room");
