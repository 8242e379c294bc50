/* SPDX-License-Identifier: Apache-2.0 */
#include "support/hello_talk.h"
#include "support/parser_case.h"

#define LISTS 10
#define BANNER "SSH-2.0-test\r\n"

/* The name-lists in the order of SSH_MSG_KEXINIT, each other than its neighbour. */
static const char *const apart[LISTS] = { "kex-a", "host-key", "ciph-c", "ciph-s", "mac-c",
					  "mac-s", "comp-c",   "comp-s", "lang-c", "lang-s" };
static const char *const dropbear[LISTS] = {
	"curve25519-sha256@libssh.org,ecdh-sha2-nistp521,ecdh-sha2-nistp384,ecdh-sha2-nistp256,"
	"diffie-hellman-group14-sha1,diffie-hellman-group1-sha1,kexguess2@matt.ucc.asn.au",
	"ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521,ssh-rsa,ssh-dss",
	"aes128-ctr,aes256-ctr,aes128-cbc,aes256-cbc,twofish256-cbc,twofish-cbc,twofish128-cbc,"
	"3des-ctr,3des-cbc",
	"aes128-ctr,aes256-ctr,aes128-cbc,aes256-cbc,twofish256-cbc,twofish-cbc,twofish128-cbc,"
	"3des-ctr,3des-cbc",
	"hmac-sha1-96,hmac-sha1,hmac-sha2-256,hmac-sha2-512,hmac-md5",
	"hmac-sha1-96,hmac-sha1,hmac-sha2-256,hmac-sha2-512,hmac-md5",
	"zlib@openssh.com,zlib,none",
	"zlib@openssh.com,zlib,none",
	"",
	"",
};
static const char *const openssh_3_9[LISTS] = {
	"diffie-hellman-group-exchange-sha1,diffie-hellman-group14-sha1,diffie-hellman-group1-sha1",
	"ssh-rsa,ssh-dss",
	"aes128-cbc,3des-cbc,blowfish-cbc,cast128-cbc,arcfour,aes192-cbc,aes256-cbc,"
	"rijndael-cbc@lysator.liu.se,aes128-ctr,aes192-ctr,aes256-ctr",
	"aes128-cbc,3des-cbc,blowfish-cbc,cast128-cbc,arcfour,aes192-cbc,aes256-cbc,"
	"rijndael-cbc@lysator.liu.se,aes128-ctr,aes192-ctr,aes256-ctr",
	"hmac-md5,hmac-sha1,hmac-ripemd160,hmac-ripemd160@openssh.com,hmac-sha1-96,hmac-md5-96",
	"hmac-md5,hmac-sha1,hmac-ripemd160,hmac-ripemd160@openssh.com,hmac-sha1-96,hmac-md5-96",
	"none,zlib",
	"none,zlib",
	"",
	"",
};
static const char *const strict[LISTS] = {
	"mlkem768x25519-sha256,sntrup761x25519-sha512,ext-info-c,kex-strict-c-v00@openssh.com",
	"ssh-ed25519",
	"aes128-ctr",
	"aes128-ctr",
	"hmac-sha2-256",
	"hmac-sha2-256",
	"none",
	"none",
	"",
	"",
};
static const char *const empty[LISTS] = { "", "", "", "", "", "", "", "", "", "" };

static struct packet packet;

static void begin(const char *lines)
{
	packet.size = 0;
	packet_add_bytes(&packet, lines, strlen(lines));
}

/* A packet with `padding` behind what its caller writes until close_packet(). */
static size_t open_packet(uint8_t padding, uint8_t type)
{
	size_t opened = packet_open(&packet, 4);

	packet_add(&packet, padding, 1);
	packet_add(&packet, type, 1);
	return opened;
}

static void close_packet(size_t opened, uint8_t padding)
{
	for (uint8_t i = 0; i < padding; i++)
		packet_add(&packet, 0, 1);
	packet_close(&packet, opened, 4);
}

static void add_kexinit(const char *const lists[LISTS])
{
	size_t opened = open_packet(6, 20);

	packet_add(&packet, 0x1122334455667788, 8);
	packet_add(&packet, 0x1122334455667788, 8);
	for (size_t i = 0; i < LISTS; i++) {
		packet_add(&packet, strlen(lists[i]), 4);
		packet_add_bytes(&packet, lists[i], strlen(lists[i]));
	}
	packet_add(&packet, 0, 5);
	close_packet(opened, 6);
}

static void expect(enum fingerprint_side side, enum parse_status want, const char *want_marks)
{
	const struct parser_case c = {
		.bytes = packet.at,
		.size = packet.size,
		.want = want,
		.want_marks = want_marks,
		.side = side,
	};

	check_parser_case(FINGERPRINT_SSH, &c);
}

/* The marks beside NPF. */
static void expect_hassh(enum fingerprint_side side, const char *banner, const char *hassh)
{
	struct talk talk;

	talk_begin(&talk);
	assert_int_equal(talk_say(&talk, FINGERPRINT_SSH, side, packet.at, packet.size), PARSE_OK);
	talk_expect(&talk, MARK_SSH_CLIENT, side == SIDE_SOURCE ? banner : NULL);
	talk_expect(&talk, MARK_SSH_SERVER, side == SIDE_SOURCE ? NULL : banner);
	talk_expect(&talk, MARK_HASSH, side == SIDE_SOURCE ? hassh : NULL);
	talk_expect(&talk, MARK_HASSH_SERVER, side == SIDE_SOURCE ? NULL : hassh);
	talk_end(&talk);
}

static void each_end_has_its_own_lists(void **state)
{
	(void)state;
	begin(BANNER);
	add_kexinit(apart);
	expect(SIDE_SOURCE, PARSE_OK,
	       "ssh_client=SSH-2.0-test hassh=949aecdf441ff35e58bee689766b55d0 "
	       "npf=ssh/(5353482d322e302d74657374)(6b65782d61)(686f73742d6b6579)(636970682d63)"
	       "(636970682d73)(6d61632d63)(6d61632d73)(636f6d702d63)(636f6d702d73)(6c616e672d63)"
	       "(6c616e672d73)");
	expect(SIDE_DESTINATION, PARSE_OK,
	       "ssh_server=SSH-2.0-test hassh_server=52653ae1da1e45ad218b14246875c980 "
	       "npf=ssh_server/(5353482d322e302d74657374)(6b65782d61)(686f73742d6b6579)"
	       "(636970682d63)(636970682d73)(6d61632d63)(6d61632d73)(636f6d702d63)(636f6d702d73)"
	       "(6c616e672d63)(6c616e672d73)");
}

static void captured_ends_have_their_known_hassh(void **state)
{
	(void)state;
	begin("SSH-2.0-dropbear_2017.75\r\n");
	add_kexinit(dropbear);
	expect_hassh(SIDE_SOURCE, "SSH-2.0-dropbear_2017.75", "7742887e2a57712bdb91a772093f54ce");
	begin("SSH-1.99-OpenSSH_3.9p1\n"); /* no CR */
	add_kexinit(openssh_3_9);
	expect_hassh(SIDE_DESTINATION, "SSH-1.99-OpenSSH_3.9p1",
		     "f430cd6761697a6a658ee1d45ed22e49");
}

static void markers_among_the_algorithms_belong_to_them(void **state)
{
	(void)state;
	begin(BANNER);
	add_kexinit(strict);
	expect_hassh(SIDE_SOURCE, "SSH-2.0-test", "617657475b1de1b3606992974871c961");
}

static void empty_lists_are_lists(void **state)
{
	(void)state;
	begin(BANNER);
	add_kexinit(empty);
	expect_hassh(SIDE_SOURCE, "SSH-2.0-test", "95420f9d932ddd22833f17b96a80bedb");
}

static void lines_may_come_before_the_banner(void **state)
{
	(void)state;
	begin("Welcome.\r\nNo entry without a key.\n\r\nSSH-2.0-test with a comment\r\n");
	add_kexinit(apart);
	expect_hassh(SIDE_DESTINATION, "SSH-2.0-test with a comment",
		     "52653ae1da1e45ad218b14246875c980");
}

static void talk_may_come_before_the_key_exchange(void **state)
{
	static const uint8_t types[] = { 2, 3, 4 }; /* IGNORE, UNIMPLEMENTED, DEBUG */

	(void)state;
	begin(BANNER);
	for (size_t i = 0; i < sizeof(types); i++) {
		size_t opened = open_packet(4, types[i]);

		packet_add(&packet, 0, 4);
		close_packet(opened, 4);
	}
	add_kexinit(apart);
	expect_hassh(SIDE_SOURCE, "SSH-2.0-test", "949aecdf441ff35e58bee689766b55d0");
}

static void bytes_after_the_key_exchange_do_not_count(void **state)
{
	(void)state;
	begin(BANNER);
	add_kexinit(apart);
	packet_add(&packet, 0xffffffff, 4);
	expect_hassh(SIDE_SOURCE, "SSH-2.0-test", "949aecdf441ff35e58bee689766b55d0");
}

static void who_says_no_more_has_only_a_banner(void **state)
{
	(void)state;
	begin("SSH-1.5-OpenSSH_3.1p1\n");
	expect(SIDE_SOURCE, PARSE_OK, "ssh_client=SSH-1.5-OpenSSH_3.1p1");
	begin(BANNER);
	expect(SIDE_SOURCE, PARSE_NEED_MORE, "ssh_client=SSH-2.0-test");
	close_packet(open_packet(10, 1), 10); /* DISCONNECT */
	expect(SIDE_SOURCE, PARSE_OK, "ssh_client=SSH-2.0-test");
}

static void a_banner_that_is_none_is_malformed(void **state)
{
	static const char *const lines[] = { "SSH-\r\n", "SSH-2.0\r\n", "SSH-2.0-a\001b\r\n",
					     "SSH-2.0-a\177\r\n", "SSH-2.0-a\rb\r\n" };
	static char longer[400] = "SSH-2.0-";

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		begin(lines[i]);
		expect(SIDE_SOURCE, PARSE_MALFORMED, NULL);
	}
	memset(longer + 8, 'a', 300);
	begin(longer);
	expect(SIDE_SOURCE, PARSE_MALFORMED, NULL); /* no end in 255 bytes */
	longer[308] = '\n';
	begin(longer);
	expect(SIDE_SOURCE, PARSE_MALFORMED, NULL);
}

static void expect_broken_packet(const char *hex)
{
	begin(BANNER);
	packet_add_hex(&packet, hex);
	expect(SIDE_SOURCE, PARSE_MALFORMED, "ssh_client=SSH-2.0-test");
}

static void a_broken_packet_gives_no_hassh(void **state)
{
	(void)state;
	expect_broken_packet("00000005"); /* shorter than the shortest */
	expect_broken_packet("000088b9"); /* longer than the longest */
	expect_broken_packet("00000008 07 14 00000000 0000"); /* nothing but padding */
	expect_broken_packet("00000008 04 15 00000000 0000"); /* NEWKEYS comes later */
}

#define BROKEN "ssh_client=SSH-2.0-test truncated=broken"

/* The packet is whole, but its cookie is cut, or a list goes on behind its end. */
static void lists_must_end_in_their_packet(void **state)
{
	size_t opened;

	(void)state;
	begin(BANNER);
	packet_add_hex(&packet, "0000000c 04 14 00000000 00000000 0000");
	expect(SIDE_SOURCE, PARSE_MALFORMED, BROKEN);

	begin(BANNER);
	opened = open_packet(4, 20);
	for (int i = 0; i < 16; i++)
		packet_add(&packet, 0, 1);
	packet_add(&packet, 100, 4);
	packet_add(&packet, 0, 8);
	close_packet(opened, 4);
	add_kexinit(apart);
	expect(SIDE_SOURCE, PARSE_MALFORMED, BROKEN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_end_has_its_own_lists),
		cmocka_unit_test(captured_ends_have_their_known_hassh),
		cmocka_unit_test(markers_among_the_algorithms_belong_to_them),
		cmocka_unit_test(empty_lists_are_lists),
		cmocka_unit_test(lines_may_come_before_the_banner),
		cmocka_unit_test(talk_may_come_before_the_key_exchange),
		cmocka_unit_test(bytes_after_the_key_exchange_do_not_count),
		cmocka_unit_test(who_says_no_more_has_only_a_banner),
		cmocka_unit_test(a_banner_that_is_none_is_malformed),
		cmocka_unit_test(a_broken_packet_gives_no_hassh),
		cmocka_unit_test(lists_must_end_in_their_packet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
