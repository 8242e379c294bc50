/* SPDX-License-Identifier: Apache-2.0 */
/* flow/ and fingerprint/ together: however a message is cut, shuffled and repeated on its way, a
 * flow says what the whole message says, and what contradicts itself says nothing. */
#include "sensor/flow/flow_table.h"

#include "support/hello_talk.h"
#include "support/parser_case.h"

#define ROUNDS 60

static const struct flow_key key = { 1, 1 };
static struct packet packet;

static void build_ssh(void)
{
	size_t opened;

	packet_add_bytes(&packet, "SSH-2.0-test\r\n", 14);
	opened = packet_open(&packet, 4);
	packet_add_hex(&packet, "04 14 00112233445566778899aabbccddeeff");
	for (unsigned int list = 0; list < 10; list++) {
		packet_add(&packet, 8, 4);
		packet_add_bytes(&packet, "a-b-c-de", 8);
	}
	packet_add_hex(&packet, "0000000000 00000000");
	packet_close(&packet, opened, 4);
}

static void build_http(void)
{
	static const char request[] = "GET /x HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n";

	packet_add_bytes(&packet, request, sizeof(request) - 1);
}

static void build_dns(void)
{
	packet_add_hex(&packet, "002d 1234 8180 0001 0001 0000 0000 07 6578616d706c65 03 636f6d 00 "
				"0001 0001 c00c 0001 0001 0000012c 0004 c0000201");
}

static void build_tls(void)
{
	const struct hello_parts parts = {
		.ciphers = "1301 1302 1303",
		.extensions = "0000 0010 000e 00 000b 6578616d706c652e636f6d 002b 0003 02 0304",
	};

	talk_client_records(&parts, &packet);
}

static struct message_case {
	const char *name;
	enum fingerprint_protocol protocol;
	void (*build)(void);
} cases[] = {
	{ "a TLS hello", FINGERPRINT_TLS, build_tls },
	{ "an SSH key exchange", FINGERPRINT_SSH, build_ssh },
	{ "an HTTP request", FINGERPRINT_HTTP, build_http },
	{ "a DNS answer over TCP", FINGERPRINT_DNS_TCP, build_dns },
};

static struct flow_table *new_table(void)
{
	const struct flow_table_options options = { .flows_max = 1, .pending_bytes_max = 1 << 20 };
	struct flow_table *table = flow_table_new(&options);

	assert_non_null(table);
	return table;
}

static void give(struct flow_table *table, enum fingerprint_protocol protocol, size_t offset,
		 size_t size)
{
	uint8_t *copy = hex_copy(packet.at + offset, size);
	struct flow_piece piece = {
		.key = key,
		.protocol = protocol,
		.offset = (uint32_t)offset,
		.total_bytes = rand() % 3 ? 0 : (uint32_t)packet.size,
		.bytes = cursor_of(copy, size),
	};

	assert_int_equal(flow_table_piece(table, &piece), 0);
	free(copy);
}

static void assert_says(struct flow_table *table, const char *want)
{
	static char text[RENDERED_BYTES_MAX];

	flow_table_finish(table, &key);
	assert_non_null(flow_table_marks(table, &key));
	render_marks(flow_table_marks(table, &key), text);
	assert_string_equal(text, want);
	flow_table_free(table);
}

/* Every byte once, in pieces of at most `piece_max`, shuffled, and every third piece again. */
static void give_shuffled(struct flow_table *table, enum fingerprint_protocol protocol,
			  size_t piece_max)
{
	static struct {
		size_t offset, size;
	} pieces[2048];
	size_t count = 0;

	for (size_t at = 0; at < packet.size; count++) {
		size_t size = 1 + (size_t)rand() % piece_max;

		pieces[count].offset = at;
		pieces[count].size = size < packet.size - at ? size : packet.size - at;
		at += pieces[count].size;
	}
	for (size_t left = count; left > 0; left--) {
		size_t chosen = (size_t)rand() % left;

		give(table, protocol, pieces[chosen].offset, pieces[chosen].size);
		if (rand() % 3 == 0)
			give(table, protocol, pieces[chosen].offset, pieces[chosen].size);
		pieces[chosen] = pieces[left - 1];
	}
}

static void check_case(void **state)
{
	const struct message_case *c = *state;
	static char want[RENDERED_BYTES_MAX];
	struct parser_case whole = { .bytes = packet.at };

	packet.size = 0;
	c->build();
	whole.size = packet.size;
	assert_int_equal(parse_alone(c->protocol, &whole, whole.size, want), PARSE_OK);
	assert_true(strlen(want) > 0);
	srand(3);
	for (size_t round = 0; round < ROUNDS; round++) {
		struct flow_table *table = new_table();

		give_shuffled(table, c->protocol, 1 + round * 5);
		assert_says(table, want);
	}
}

/* One bit of one byte is told in two ways before the message is whole. */
static void check_contradiction(void **state)
{
	const struct message_case *c = *state;

	packet.size = 0;
	c->build();
	srand(4);
	for (size_t round = 0; round < ROUNDS; round++) {
		struct flow_table *table = new_table();
		size_t place = 1 + (size_t)rand() % (packet.size - 1);

		give(table, c->protocol, place, packet.size - place);
		packet.at[place] ^= 1;
		give(table, c->protocol, place, 1);
		packet.at[place] ^= 1;
		give(table, c->protocol, 0, packet.size);
		assert_says(table, "truncated=overlap");
	}
}

#define CASES (sizeof(cases) / sizeof(*cases))

int main(void)
{
	static struct CMUnitTest tests[2 * CASES];
	static char names[CASES][64];

	for (size_t i = 0; i < CASES; i++) {
		snprintf(names[i], sizeof(names[i]), "%s that contradicts itself", cases[i].name);
		tests[i] = (struct CMUnitTest){ cases[i].name, check_case, NULL, NULL, &cases[i] };
		tests[CASES + i] =
			(struct CMUnitTest){ names[i], check_contradiction, NULL, NULL, &cases[i] };
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
