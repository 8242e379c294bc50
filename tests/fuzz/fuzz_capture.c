/* SPDX-License-Identifier: Apache-2.0 */
/* Arbitrary frames through the whole of yagura-replay. The first byte is the link type; then each
 * frame is a length (2 bytes, big-endian), milliseconds since the one before (2) and its bytes.
 * Every line that comes out must be JSON, and every flow that began must have come out. */
#include "replay/replay.h"

#include "common/clock.h"

#include <jansson.h>
#include <pcap/dlt.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static const int link_types[] = {
	DLT_EN10MB, DLT_LINUX_SLL, DLT_LINUX_SLL2, DLT_RAW,  DLT_IPV4,
	DLT_IPV6,   DLT_NULL,	   DLT_PPP,	   DLT_MPLS, DLT_PPP_ETHER,
};

static void require(int holds)
{
	if (!holds)
		abort();
}

/* From a copy of exactly its size: ASan sees one byte over. */
static void feed_frame(struct replay *replay, struct capture_packet frame)
{
	uint8_t *copy = malloc(frame.bytes.left + 1);
	struct cursor exact = cursor_of(copy + 1, frame.bytes.left);

	require(copy != NULL);
	if (frame.bytes.left > 0)
		memcpy(copy + 1, frame.bytes.at, frame.bytes.left);
	frame.bytes = exact;
	require(replay_frame(replay, &frame) == 0);
	free(copy);
}

static void feed(struct replay *replay, int link_type, struct cursor *input)
{
	struct capture_packet frame = { .time_ns = 1700000000 * NS_PER_S, .link_type = link_type };

	while (input->left > 0) {
		uint16_t length = cursor_u16(input);

		frame.time_ns += cursor_u16(input) * NS_PER_MS;
		frame.bytes = cursor_take(input, length < input->left ? length : input->left);
		feed_frame(replay, frame);
	}
}

static uint64_t check_lines(const char *at, size_t size)
{
	uint64_t lines = 0;

	while (size > 0) {
		const char *end = memchr(at, '\n', size);
		json_t *line;

		require(end != NULL);
		line = json_loadb(at, (size_t)(end - at), JSON_REJECT_DUPLICATES, NULL);
		require(json_is_object(line));
		json_decref(line);
		lines++;
		size -= (size_t)(end - at) + 1;
		at = end + 1;
	}
	return lines;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct cursor input = cursor_of(bytes, size);
	size_t type = cursor_u8(&input) % (sizeof(link_types) / sizeof(link_types[0]));
	char *text = NULL;
	size_t text_bytes = 0;
	FILE *out = open_memstream(&text, &text_bytes);
	struct replay *replay = replay_new(&format_ndjson, out);

	require(replay_begin(replay) == 0);
	feed(replay, link_types[type], &input);
	require(replay_end(replay) == 0);
	require(replay_finish(replay) == 0);
	fclose(out);
	require(check_lines(text, text_bytes) == replay_totals(replay)->track.flows);
	replay_free(replay);
	free(text);
	return 0;
}
