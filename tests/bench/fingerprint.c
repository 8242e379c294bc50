/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a flow's fingerprints cost: a session, its messages, the marks, and all of it freed again;
 * and what an execution's costs. Beside each stands the part that nobody can save, run in turn with
 * it: the digests of a hello or an execution, the key derivation and decryption of an Initial.
 * Medians; ratios are medians of pairs.
 */
#include "sensor/fingerprint/fingerprint.h"
#include "sensor/fingerprint/digest.h"
#include "sensor/fingerprint/px1.h"
#include "sensor/fingerprint/quic_crypto.h"
#include "sensor/fingerprint/quic_packet.h"
#include "support/packet_build.h"
#include "support/quic_seal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROUNDS 101
#define RUNS_A_ROUND 200
#define INITIAL_BYTES 1162 /* of frames: a datagram of 1200 bytes */
#define FIRST_ID "8394c8f03e515708"

#define CIPHERS "0a0a 1301 1302 1303 c02b c02f c02c c030 cca9 cca8 c013 c014 009c 009d 002f 0035"
#define EXTENSIONS                                                                                 \
	"1a1a 0000 0000 0010 000e 00 000b 6578616d706c652e636f6d 0017 0000 ff01 0001 00 "          \
	"000a 000a 0008 2a2a 11ec 001d 0017 000b 0002 0100 0023 0000 "                             \
	"0010 000e 000c 02 6832 08 687474702f312e31 0005 0005 0100000000 "                         \
	"000d 0012 0010 0403 0804 0401 0503 0805 0501 0806 0601 0012 0000 "                        \
	"002d 0002 0101 002b 0007 06 3a3a 0304 0303 001b 0003 020002 "

static struct packet hello, hello_pq, initial;

struct load {
	const char *name;
	void (*run)(const struct load *load);
	enum fingerprint_protocol protocol;
	const struct packet *message;
	void (*floor)(void);
};

static struct digester *digester;
static struct quic_crypto *crypto;

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void require(int holds, const char *what)
{
	if (!holds) {
		fprintf(stderr, "bench: %s\n", what);
		exit(1);
	}
}

/* Texts as long as those of `hello`: JA3's, and parts b and c of JA4. */
static void digests(void)
{
	static const char text[192] = { 'x' };
	char hex[DIGEST_HEX_MAX + 1];

	require(digest_hex(digester, DIGEST_MD5, text, 150, hex) &&
			digest_hex(digester, DIGEST_SHA256, text, 74, hex) &&
			digest_hex(digester, DIGEST_SHA256, text, 95, hex),
		"no digest");
}

static void decryption(void)
{
	static uint8_t plain[2048];
	const struct quic_version *version = quic_version_next(NULL, 1);
	struct quic_secret secret = { .salt = cursor_of(version->salt, sizeof(version->salt)) };
	struct cursor datagram = cursor_of(initial.at, initial.size);
	struct quic_packet packet;
	struct quic_keys keys;
	size_t size;

	require(quic_packet_read(&datagram, &packet) == PARSE_OK &&
			quic_keys_derive(crypto, &secret, packet.destination_id, &keys) &&
			quic_open(crypto, &keys, packet.whole, packet.number_at, plain, &size),
		"the Initial does not open");
	digests();
}

static void add_key_share(struct packet *packet, size_t bytes)
{
	packet_add(packet, 0x0033, 2);
	packet_add(packet, bytes + 6, 2);
	packet_add(packet, bytes + 4, 2);
	packet_add(packet, 0x11ec, 2);
	packet_add(packet, bytes, 2);
	for (size_t i = 0; i < bytes; i++)
		packet_add(packet, i & 0xff, 1);
}

/* A browser's hello with a key of that many bytes, as a handshake message. */
static void make_hello(size_t key_bytes, struct packet *ret)
{
	static struct packet body, extensions;
	size_t opened;

	body.size = extensions.size = ret->size = 0;
	packet_add_hex(&extensions, EXTENSIONS);
	add_key_share(&extensions, key_bytes);
	packet_client_hello(&body, &(struct hello_parts){ .ciphers = CIPHERS });
	opened = packet_open(&body, 2);
	packet_add_bytes(&body, extensions.at, extensions.size);
	packet_close(&body, opened, 2);
	packet_handshake(ret, 1, &body);
}

static void make_messages(void)
{
	static struct packet handshake, frames;
	const struct seal seal = {
		.version = 1, .key_id = FIRST_ID, .destination_id = FIRST_ID, .source_id = ""
	};

	make_hello(1216, &handshake);
	packet_tls_records(&hello_pq, &handshake, 1 << 14);
	make_hello(32, &handshake);
	packet_tls_records(&hello, &handshake, 1 << 14);
	packet_crypto_frame(&frames, &handshake, 0, handshake.size);
	while (frames.size < INITIAL_BYTES)
		packet_add(&frames, 0, 1);
	packet_quic_initial(&initial, &seal, &frames);
}

static void parse_flow(const struct load *load)
{
	const struct fingerprint_message message = {
		.protocol = load->protocol,
		.bytes = cursor_of(load->message->at, load->message->size),
	};
	struct fingerprint_session *session = fingerprint_session_new();
	struct marks marks = { 0 };

	require(session && fingerprint_parse(session, &message, &marks) == PARSE_OK &&
			marks_find(&marks, MARK_JA4) && marks_find(&marks, MARK_JA3) &&
			marks_find(&marks, MARK_NPF),
		"a hello was not read");
	marks_done(&marks);
	fingerprint_session_free(session);
}

static const char compiler_args[] =
	"/usr/bin/gcc\0-O2\0-g\0-Wall\0-Iuserspace\0-I.\0-D_GNU_SOURCE\0-std=gnu11\0-MMD\0-c\0"
	"userspace/sensor/fingerprint/px1.c\0-o\0build/obj/px1.o";

static struct text text_of(const char *string)
{
	return (struct text){ string, strlen(string) };
}

static void parse_execution(const struct load *load)
{
	const struct px1_ancestor ancestors[] = {
		{ text_of("/usr/bin/make"), true },
		{ text_of("/usr/bin/bash"), true },
		{ text_of("/usr/sbin/sshd"), true },
		{ text_of("/usr/lib/systemd/systemd"), true },
	};
	const struct px1_input input = {
		.kind = PX1_ELF,
		.args = { compiler_args, sizeof(compiler_args) },
		.ancestors = ancestors,
		.ancestor_count = sizeof(ancestors) / sizeof(ancestors[0]),
	};
	char px1[PX1_LENGTH + 1];

	(void)load;
	px1_write(&input, digester, px1);
	require(px1[20] != '-' && px1[33] != '-', "an execution has no fingerprint");
}

/* Texts as long as its shape and its ancestry. */
static void execution_digests(void)
{
	static const char text[128] = { 'x' };
	char hex[DIGEST_HEX_MAX + 1];

	require(digest_hex(digester, DIGEST_SHA256, text, 100, hex) &&
			digest_hex(digester, DIGEST_SHA256, text, 22, hex),
		"no digest");
}

static int by_value(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

static double median(double *values)
{
	qsort(values, ROUNDS, sizeof(*values), by_value);
	return values[ROUNDS / 2];
}

static void measure(const struct load *load)
{
	static double costs[ROUNDS], floors[ROUNDS], ratios[ROUNDS];

	for (int round = 0; round < ROUNDS; round++) {
		uint64_t start = now_ns(), middle;

		for (int i = 0; i < RUNS_A_ROUND; i++)
			load->floor();
		middle = now_ns();
		for (int i = 0; i < RUNS_A_ROUND; i++)
			load->run(load);
		costs[round] = (double)(now_ns() - middle) / RUNS_A_ROUND;
		floors[round] = (double)(middle - start) / RUNS_A_ROUND;
		ratios[round] = costs[round] / floors[round];
	}
	printf("%s_ns: %.0f ns\n", load->name, median(costs));
	printf("%s_floor_ns: %.0f ns\n", load->name, median(floors));
	printf("%s_ratio: %.2f x\n", load->name, median(ratios));
}

int main(void)
{
	static const struct load loads[] = {
		{ "client_hello", parse_flow, FINGERPRINT_TLS, &hello, digests },
		{ "client_hello_pq", parse_flow, FINGERPRINT_TLS, &hello_pq, digests },
		{ "quic_initial", parse_flow, FINGERPRINT_QUIC, &initial, decryption },
		{ "px1", parse_execution, .floor = execution_digests },
	};

	digester = digester_new();
	crypto = quic_crypto_new();
	require(digester && crypto, "no memory");
	make_messages();
	for (size_t i = 0; i < sizeof(loads) / sizeof(loads[0]); i++)
		measure(&loads[i]);
	digester_free(digester);
	quic_crypto_free(crypto);
	return 0;
}
