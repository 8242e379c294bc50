/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf/corpus_case.h"

#include "bpf/stage_frame.h"
#include "replay/replay.h"
#include "replay/unwrap.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEADER_BYTES_MAX 60 /* of TCP: RFC 9293 3.1 */
#define FLAGS_AT 13
#define LAST_FLAGS (TCP_FIN | 0x08) /* PSH */

static struct corpus *collecting; /* nftw() hands nothing on */

static int collect(const char *path, const struct stat *status, int type, struct FTW *place)
{
	char **grown;

	(void)status;
	(void)place;
	if (type != FTW_F || !strstr(path, ".pcap"))
		return 0;
	grown = realloc(collecting->path, (collecting->count + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	collecting->path = grown;
	grown[collecting->count] = strdup(path);
	return grown[collecting->count++] ? 0 : -ENOMEM;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int corpus_open(struct corpus *ret_corpus)
{
	int r;

	memset(ret_corpus, 0, sizeof(*ret_corpus));
	collecting = ret_corpus;
	r = nftw(CORPUS, collect, 8, FTW_PHYS);
	if (r == -1 && errno == ENOENT)
		return 0;
	if (r == -1)
		return -errno;
	if (ret_corpus->count > 0)
		qsort(ret_corpus->path, ret_corpus->count, sizeof(*ret_corpus->path), by_name);
	return r;
}

void corpus_close(struct corpus *corpus)
{
	for (size_t i = 0; i < corpus->count; i++)
		free(corpus->path[i]);
	free(corpus->path);
}

/* The part of a segment that begins at byte `at` of its payload. */
static int take_part(struct replay *replay, const struct packet *packet,
		     const struct segment *segment, uint32_t at)
{
	size_t header = packet->payload_bytes - segment->payload_bytes;
	uint32_t left = segment->payload_bytes - at;
	uint32_t bytes = left < STAGE_PAYLOAD_MAX ? left : STAGE_PAYLOAD_MAX;
	uint32_t seq = segment->seq + at + (at > 0 && segment->flags & TCP_SYN);
	uint8_t part[HEADER_BYTES_MAX + STAGE_PAYLOAD_MAX];
	struct cursor payload = segment->payload;
	struct packet whole = *packet;
	size_t captured;

	memcpy(part, packet->payload.at, header);
	for (int i = 0; i < 4; i++)
		part[4 + i] = (uint8_t)(seq >> (24 - 8 * i));
	if (at > 0)
		part[FLAGS_AT] &= (uint8_t)~TCP_SYN;
	if (bytes < left)
		part[FLAGS_AT] &= (uint8_t)~LAST_FLAGS;
	cursor_take(&payload, at < payload.left ? at : payload.left);
	captured = bytes < payload.left ? bytes : payload.left;
	if (captured > 0)
		memcpy(part + header, payload.at, captured);
	whole.payload = cursor_of(part, header + captured);
	whole.payload_bytes = (uint32_t)header + bytes;
	return replay_packet(replay, &whole);
}

static int take_packet(struct replay *replay, const struct packet *packet)
{
	struct segment segment;
	int r = 0;

	if (packet->protocol != PROTOCOL_TCP || !transport_read(packet, &segment) ||
	    segment.payload_bytes <= STAGE_PAYLOAD_MAX)
		return replay_packet(replay, packet);
	for (uint32_t at = 0; r == 0 && at < segment.payload_bytes; at += STAGE_PAYLOAD_MAX)
		r = take_part(replay, packet, &segment, at);
	return r;
}

static int read_packets(struct replay *replay, struct capture *capture)
{
	enum layer first = unwrap_first_layer(capture_link_type(capture));
	struct unwrap *unwrap = unwrap_new();
	char error[CAPTURE_ERROR_BYTES];
	struct capture_packet frame;
	int r = unwrap ? replay_begin(replay, first) : -ENOMEM;
	int end;

	if (r < 0) {
		unwrap_free(unwrap);
		return r;
	}
	while (r == 0 && capture_next(capture, &frame, error) == 1) {
		struct packet packet = { .time_ns = frame.time_ns };

		if (unwrap_frame(unwrap, first, &frame.bytes, &packet))
			r = take_packet(replay, &packet);
	}
	unwrap_free(unwrap);
	end = replay_end(replay);
	return r < 0 ? r : end;
}

static int read_capture(const char *path, const struct watcher *watcher, FILE *out)
{
	struct replay *replay = replay_new(&format_ndjson, out);
	char error[CAPTURE_ERROR_BYTES];
	struct capture *capture = NULL;
	int r = 0;

	if (!replay)
		return -ENOMEM;
	replay_watch_by(replay, watcher);
	if (capture_open(path, &capture, error) == 0 &&
	    unwrap_first_layer(capture_link_type(capture)) != LAYER_FOREIGN)
		r = read_packets(replay, capture);
	capture_close(capture);
	replay_free(replay);
	return r;
}

char *corpus_replay(const char *path, const struct watcher *watcher)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	int r;

	if (!out)
		return NULL;
	r = read_capture(path, watcher, out);
	fclose(out);
	if (r == 0)
		return text;
	fprintf(stderr, "%s: %s\n", path, strerror(-r));
	free(text);
	return NULL;
}
