/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/fingerprint/tls_record.h"

#define VERSION_MAJOR 3
#define FRAGMENT_BYTES_MAX (1 << 14)
#define OTHERS_MAX 8

enum content_type { CHANGE_CIPHER_SPEC = 20, ALERT = 21, HANDSHAKE = 22 };

void tls_records_open(struct tls_records *records, struct cursor bytes)
{
	records->left = bytes;
	records->fragment = (struct cursor){ 0 };
	records->others = 0;
}

/* Whether a header that is only partly there may still become one: a byte that is wrong already
 * will not get right. */
static enum parse_status judge_start(struct cursor start)
{
	uint8_t type = start.left > 0 ? cursor_u8(&start) : HANDSHAKE;
	uint8_t major = start.left > 0 ? cursor_u8(&start) : VERSION_MAJOR;

	return type >= CHANGE_CIPHER_SPEC && type <= HANDSHAKE && major == VERSION_MAJOR
		       ? PARSE_NEED_MORE
		       : PARSE_MALFORMED;
}

/* struct { ContentType type; u16 legacy_record_version; u16 length; opaque fragment[length]; }
 * Of a record that is still coming, what is there is taken. Application data means that the
 * handshake's plain part is over. */
static enum parse_status next_record(struct tls_records *records)
{
	struct cursor ahead = records->left;
	uint8_t type = cursor_u8(&ahead);
	uint16_t length;

	cursor_u16(&ahead);
	length = cursor_u16(&ahead);
	if (judge_start(records->left) == PARSE_MALFORMED)
		return PARSE_MALFORMED;
	if (!cursor_ok(&ahead))
		return PARSE_NEED_MORE;
	if (length == 0 || length > FRAGMENT_BYTES_MAX)
		return PARSE_MALFORMED;
	if (type != HANDSHAKE && (++records->others > OTHERS_MAX || length > ahead.left))
		return records->others > OTHERS_MAX ? PARSE_MALFORMED : PARSE_NEED_MORE;

	records->fragment = cursor_take(&ahead, length < ahead.left ? length : ahead.left);
	if (type != HANDSHAKE)
		records->fragment.left = 0;
	records->left = ahead;
	return PARSE_OK;
}

static enum parse_status refill(struct tls_records *records)
{
	enum parse_status status = PARSE_OK;

	while (records->fragment.left == 0 && status == PARSE_OK)
		status = next_record(records);
	return status;
}

enum parse_status tls_records_take(struct tls_records *records, size_t n, struct cursor *ret_bytes)
{
	size_t have = 0;
	enum parse_status status = n > 0 ? refill(records) : PARSE_OK;

	if (status == PARSE_OK && records->fragment.left >= n) {
		*ret_bytes = cursor_take(&records->fragment, n);
		return PARSE_OK;
	}
	while (status == PARSE_OK && have < n) {
		size_t part = records->fragment.left < n - have ? records->fragment.left : n - have;

		cursor_copy(&records->fragment, records->gathered + have, part);
		have += part;
		if (have < n)
			status = refill(records);
	}
	*ret_bytes = cursor_of(records->gathered, have);
	return status;
}

bool tls_records_is_empty(const struct tls_records *records)
{
	return records->fragment.left == 0 && records->left.left == 0;
}
