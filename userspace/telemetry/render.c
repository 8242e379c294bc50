/* SPDX-License-Identifier: Apache-2.0 */
#include "telemetry/render.h"

#include "common/clock.h"
#include "telemetry/args.h"
#include "telemetry/utf8.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <jansson.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* "xxxxxxxx" of the boot id is enough to tell the boots of one host apart. */
static uint32_t boot_prefix(const struct batch_header *header)
{
	uint32_t prefix = 0;

	for (size_t i = 0; i < sizeof(prefix); i++)
		prefix = prefix << 8 | header->boot_id[i];
	return prefix;
}

void render_entity_id(char ret_id[RENDER_ID_BYTES], const struct batch_header *header,
		      const struct record_process_key *key)
{
	ret_id[0] = '\0';
	if (record_process_key_is_none(key))
		return;
	snprintf(ret_id, RENDER_ID_BYTES, "%08" PRIx32 "-%" PRIu32 "-%" PRIx64 "-%" PRIu32,
		 boot_prefix(header), key->pid, key->start_ns, key->exec_count);
}

void render_hex(char *ret_hex, const uint8_t *bytes, size_t size)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < size; i++) {
		ret_hex[2 * i] = digits[bytes[i] >> 4];
		ret_hex[2 * i + 1] = digits[bytes[i] & 15];
	}
	ret_hex[2 * size] = '\0';
}

/* `name`: of the algorithm, NULL when we know none. */
static void render_digest(char ret_text[RENDER_VERITY_BYTES], const struct record_digest *digest,
			  const char *name)
{
	size_t size = digest->bytes < HASH_VERITY_BYTES_MAX ? digest->bytes : HASH_VERITY_BYTES_MAX;
	int length;

	ret_text[0] = '\0';
	if (digest->algorithm == 0)
		return;
	if (name)
		length = snprintf(ret_text, RENDER_VERITY_BYTES, "%s:", name);
	else
		length = snprintf(ret_text, RENDER_VERITY_BYTES, "%u:", digest->algorithm);
	render_hex(ret_text + length, digest->digest, size);
}

void render_verity(char ret_verity[RENDER_VERITY_BYTES], const struct record_digest *verity)
{
	render_digest(ret_verity, verity,
		      verity->algorithm == 1   ? "sha256"
		      : verity->algorithm == 2 ? "sha512"
					       : NULL);
}

void render_ima(char ret_ima[RENDER_VERITY_BYTES], const struct record_digest *ima)
{
	static const char *const names[UINT8_MAX + 1] = {
#define IMA_NAME(number, name, bytes) [number] = #name,
		IMA_ALGORITHMS(IMA_NAME)
#undef IMA_NAME
	};

	render_digest(ret_ima, ima, names[ima->algorithm]);
}

void render_flow_id(char ret_id[RENDER_ID_BYTES], const struct batch_header *header,
		    const struct record_flow *flow)
{
	snprintf(ret_id, RENDER_ID_BYTES, "%08" PRIx32 "-%" PRIx64 "-%" PRIu32, boot_prefix(header),
		 flow->cookie, flow->index);
}

void render_addr(char ret_addr[RENDER_ADDR_BYTES], const uint8_t addr[16])
{
	struct in6_addr in6;

	memcpy(&in6, addr, sizeof(in6));
	if (IN6_IS_ADDR_V4MAPPED(&in6))
		inet_ntop(AF_INET, addr + 12, ret_addr, RENDER_ADDR_BYTES);
	else
		inet_ntop(AF_INET6, addr, ret_addr, RENDER_ADDR_BYTES);
}

/* Three times a flow: strftime and snprintf would be a tenth of what storing it takes. */
static char *write_digits(char *at, unsigned int value, size_t count, char behind)
{
	for (size_t i = count; i > 0; i--) {
		at[i - 1] = (char)('0' + value % 10);
		value /= 10;
	}
	at[count] = behind;
	return at + count + 1;
}

void render_time(char ret_time[32], uint64_t time_ns)
{
	time_t seconds = (time_t)(time_ns / NS_PER_S);
	unsigned int ms = (unsigned int)(time_ns / NS_PER_MS % 1000);
	struct tm utc;
	char *at = ret_time;

	gmtime_r(&seconds, &utc); /* 64 bits of nanoseconds end in 2554 */
	at = write_digits(at, (unsigned int)utc.tm_year + 1900, 4, '-');
	at = write_digits(at, (unsigned int)utc.tm_mon + 1, 2, '-');
	at = write_digits(at, (unsigned int)utc.tm_mday, 2, 'T');
	at = write_digits(at, (unsigned int)utc.tm_hour, 2, ':');
	at = write_digits(at, (unsigned int)utc.tm_min, 2, ':');
	at = write_digits(at, (unsigned int)utc.tm_sec, 2, '.');
	at = write_digits(at, ms, 3, 'Z');
	*at = '\0';
}

/* snprintf would take as long as the rest of a flow's line. */
static char *write_decimal(char *to, unsigned int value)
{
	char digits[10];
	size_t count = 0;

	do {
		digits[count++] = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	while (count > 0)
		*to++ = digits[--count];
	return to;
}

void render_splt(char ret_splt[RENDER_SPLT_BYTES], const struct record_splt *splt)
{
	char *to = ret_splt;

	for (size_t i = 0; i < splt->count && i < SPLT_MAX; i++) {
		int length = splt->length[i];

		if (i > 0)
			*to++ = ',';
		if (length < 0)
			*to++ = '-';
		to = write_decimal(to, (unsigned int)(length < 0 ? -length : length));
		*to++ = ':';
		to = write_decimal(to, splt->gap[i]);
	}
	*to = '\0';
}

/* Most texts are ASCII from end to end: that much is copied at once. */
static size_t ascii_length(struct text text)
{
	size_t length = 0;

	while (length < text.length && text.at[length] > 0 && text.at[length] < 0x7f)
		length++;
	return length;
}

static size_t copy_character(char *to, struct text *rest)
{
	struct utf8_character c = utf8_take(rest);
	bool is_kept = c.is_valid && c.codepoint != 0;
	size_t bytes = is_kept ? c.length : strlen(UTF8_REPLACEMENT);

	memcpy(to, is_kept ? c.at : UTF8_REPLACEMENT, bytes);
	return bytes;
}

char *render_utf8(struct text text)
{
	char *repaired = malloc(text.length * strlen(UTF8_REPLACEMENT) + 1);
	size_t length = 0;

	if (!repaired)
		return NULL;
	while (text.length > 0) {
		size_t ascii = ascii_length(text);

		memcpy(repaired + length, text.at, ascii);
		length += ascii;
		text.at += ascii;
		text.length -= ascii;
		if (text.length > 0)
			length += copy_character(repaired + length, &text);
	}
	repaired[length] = '\0';
	return repaired;
}

static int append_argument(json_t *array, struct text argument)
{
	char *repaired = render_utf8(argument);
	int r = json_array_append_new(array, repaired ? json_string(repaired) : NULL);

	free(repaired);
	return r;
}

char *render_args_json(struct text args)
{
	json_t *array = json_array();
	char *json = NULL;
	int r = array ? 0 : -1;

	while (r == 0 && args.length > 0)
		r = append_argument(array, args_take(&args));
	if (r == 0)
		json = json_dumps(array, JSON_COMPACT);
	json_decref(array);
	return json;
}
