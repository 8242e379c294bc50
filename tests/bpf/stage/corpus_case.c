/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf/stage/corpus_case.h"

#include "bpf/stage/stage_frame.h"
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

#define PART_BYTES 97
#define OVERLAP_BYTES 30
#define TURNED_PARTS 4
#define LOST_ONE_IN 7

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

/* Part of a segment: bytes of its payload. */
struct part {
	uint32_t at;
	uint32_t bytes;
	bool is_last;
};

static int take_part(struct replay *replay, const struct packet *packet,
		     const struct segment *segment, const struct part *part)
{
	size_t header = packet->payload_bytes - segment->payload_bytes, captured;
	uint32_t seq = segment->seq + part->at + (part->at > 0 && segment->flags & TCP_SYN);
	uint8_t bytes[HEADER_BYTES_MAX + STAGE_PAYLOAD_MAX];
	struct cursor payload = segment->payload;
	struct packet whole = *packet;

	memcpy(bytes, packet->payload.at, header);
	for (int i = 0; i < 4; i++)
		bytes[4 + i] = (uint8_t)(seq >> (24 - 8 * i));
	if (part->at > 0)
		bytes[FLAGS_AT] &= (uint8_t)~TCP_SYN;
	if (!part->is_last)
		bytes[FLAGS_AT] &= (uint8_t)~LAST_FLAGS;
	cursor_take(&payload, part->at < payload.left ? part->at : payload.left);
	captured = part->bytes < payload.left ? part->bytes : payload.left;
	if (captured > 0)
		memcpy(bytes + header, payload.at, captured);
	whole.payload = cursor_of(bytes, header + captured);
	whole.payload_bytes = (uint32_t)header + part->bytes;
	return replay_packet(replay, &whole);
}

/* Part number `i` in the order of sending. */
static struct part part_of(const struct segment *segment, enum corpus_way way, uint32_t i)
{
	uint32_t room = way == CORPUS_AS_IT_IS ? STAGE_PAYLOAD_MAX : PART_BYTES;
	uint32_t count = (segment->payload_bytes + room - 1) / room;
	uint32_t base = i / TURNED_PARTS * TURNED_PARTS;
	uint32_t group = count - base < TURNED_PARTS ? count - base : TURNED_PARTS;
	struct part part;

	if (way == CORPUS_TURNED)
		i = base + group - 1 - (i - base);
	part.at = i * room;
	part.bytes =
		segment->payload_bytes - part.at < room ? segment->payload_bytes - part.at : room;
	part.is_last = i == count - 1;
	if (way == CORPUS_OVERLAPPING && i > 0) {
		part.at -= OVERLAP_BYTES;
		part.bytes += OVERLAP_BYTES;
	}
	return part;
}

/* Any rule does that is the same for whoever watches. */
static bool is_lost(const struct segment *segment, const struct part *part)
{
	return !(segment->flags & TCP_SYN) && !part->is_last &&
	       (segment->seq + part->at) / 2 % LOST_ONE_IN == 0;
}

static int take_packet(struct replay *replay, enum corpus_way way, const struct packet *packet)
{
	uint32_t room = way == CORPUS_AS_IT_IS ? STAGE_PAYLOAD_MAX : PART_BYTES;
	struct segment segment;
	int r = 0;

	if (packet->protocol != PROTOCOL_TCP || !transport_read(packet, &segment) ||
	    segment.payload_bytes <= room)
		return replay_packet(replay, packet);
	for (uint32_t i = 0; r == 0 && i * room < segment.payload_bytes; i++) {
		const struct part part = part_of(&segment, way, i);

		if (way != CORPUS_LOST || !is_lost(&segment, &part))
			r = take_part(replay, packet, &segment, &part);
	}
	return r;
}

static int read_packets(struct replay *replay, enum corpus_way way, struct capture *capture)
{
	struct unwrap *unwrap = unwrap_new();
	char error[CAPTURE_ERROR_BYTES];
	struct capture_packet frame;
	int r = unwrap ? replay_begin(replay) : -ENOMEM;
	int end;

	if (r < 0) {
		unwrap_free(unwrap);
		return r;
	}
	while (r == 0 && capture_next(capture, &frame, error) == 1) {
		struct packet packet = { .time_ns = frame.time_ns };

		if (unwrap_frame(unwrap, unwrap_first_layer(frame.link_type), &frame.bytes,
				 &packet))
			r = take_packet(replay, way, &packet);
	}
	unwrap_free(unwrap);
	end = replay_end(replay);
	return r < 0 ? r : end;
}

static int read_capture(const char *path, enum corpus_way way, const struct watcher *watcher,
			FILE *out)
{
	struct replay *replay = replay_new(&format_ndjson, out);
	char error[CAPTURE_ERROR_BYTES];
	struct capture *capture = NULL;
	int r = 0;

	if (!replay)
		return -ENOMEM;
	replay_watch_by(replay, watcher);
	if (capture_open(path, &capture, error) == 0)
		r = read_packets(replay, way, capture);
	capture_close(capture);
	replay_free(replay);
	return r;
}

char *corpus_replay(const char *path, enum corpus_way way, const struct watcher *watcher)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	int r;

	if (!out)
		return NULL;
	r = read_capture(path, way, watcher, out);
	fclose(out);
	if (r == 0)
		return text;
	fprintf(stderr, "%s: %s\n", path, strerror(-r));
	free(text);
	return NULL;
}
