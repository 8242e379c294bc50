/* SPDX-License-Identifier: Apache-2.0 */
/* Two ends of a QUIC connection, and their Initials in datagrams. Include after cmocka.h. */
#ifndef YAGURA_SUPPORT_QUIC_TALK_H
#define YAGURA_SUPPORT_QUIC_TALK_H

#include "support/hello_talk.h"
#include "support/quic_seal.h"

#define FIRST_ID "8394c8f03e515708"
#define SERVER_ID "f067a5502a4262b5"

static const struct hello_parts client = { .ciphers = "1301",
					   .extensions = "0000 0006 0004 00 0001 61 0010 0005 0003 "
							 "02 6833 002b 0003 02 0304 0039 0003 0f "
							 "01 aa" };
static const struct hello_parts server = { .ciphers = "1301",
					   .extensions = "0033 0005 001d 0001 aa 002b 0002 0304" };
static const struct hello_parts retry = { .ciphers = "1301",
					  .extensions = "0033 0002 0017 002b 0002 0304",
					  .is_retry_request = true };

static const struct seal client_seal = {
	.version = 1, .key_id = FIRST_ID, .destination_id = FIRST_ID, .source_id = ""
};
static const struct seal server_seal = { .version = 1,
					 .is_server = true,
					 .key_id = FIRST_ID,
					 .destination_id = "",
					 .source_id = SERVER_ID };

/* The handshake message, as a CRYPTO stream carries it. */
static inline struct packet *stream_of(const struct hello_parts *parts, bool is_server)
{
	static struct packet body, streams[2];
	struct packet *stream = &streams[is_server];

	body.size = 0;
	stream->size = 0;
	if (is_server)
		packet_server_hello(&body, parts);
	else
		packet_client_hello(&body, parts);
	packet_handshake(stream, is_server ? 2 : 1, &body);
	return stream;
}

static inline enum parse_status say(struct talk *talk, enum fingerprint_side side,
				    const struct packet *datagram)
{
	return talk_say(talk, FINGERPRINT_QUIC, side, datagram->at, datagram->size);
}

/* A datagram with one Initial, which holds these frames. */
static inline enum parse_status say_frames(struct talk *talk, const struct seal *seal,
					   const struct packet *frames)
{
	static struct packet datagram;

	datagram.size = 0;
	packet_quic_initial(&datagram, seal, frames);
	return say(talk, seal->is_server ? SIDE_DESTINATION : SIDE_SOURCE, &datagram);
}

static inline struct packet *crypto_frame(const struct packet *stream, size_t offset, size_t size)
{
	static struct packet frames;

	frames.size = 0;
	packet_crypto_frame(&frames, stream, offset, size);
	packet_add(&frames, 0, 8); /* padding */
	return &frames;
}

static inline enum parse_status say_part(struct talk *talk, const struct seal *seal,
					 const struct packet *stream, size_t offset, size_t size)
{
	return say_frames(talk, seal, crypto_frame(stream, offset, size));
}

/* All of its end's hello. */
static inline enum parse_status say_hello(struct talk *talk, const struct seal *seal)
{
	const struct packet *stream =
		stream_of(seal->is_server ? &server : &client, seal->is_server);

	return say_part(talk, seal, stream, 0, stream->size);
}

static inline void expect_client(const struct talk *talk, const char *version)
{
	char npf[128];

	snprintf(npf, sizeof(npf),
		 "quic/(%s)(0303)(1301)[(0000)(001000050003026833)(002b0003020304)((0039)[(0f)])]",
		 version);
	talk_expect(talk, MARK_NPF, npf);
	talk_expect(talk, MARK_JA4_R, "q13d0104h3_1301_002b,0039");
	talk_expect(talk, MARK_QUIC_VERSION, version);
	talk_expect(talk, MARK_SERVER_NAME, "a");
	talk_expect(talk, MARK_TRUNCATED, NULL);
}

#endif
