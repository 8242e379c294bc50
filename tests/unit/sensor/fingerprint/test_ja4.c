/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/fingerprint/ja4.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/hello_talk.h"

#define SNI "0000 0006 0004 00 0001 61"
#define ALPN_H2 "0010 0005 0003 02 6832"
#define SIGS "000d 0006 0004 0403 0804"

static struct ja4_case {
	const char *name;
	const char *version; /* legacy; NULL: 0303 */
	const char *ciphers;
	const char *extensions; /* NULL: no block at all */
	const char *want_raw;
	const char *want; /* NULL: as its raw form says */
} cases[] = {
	{ "the whole of it", NULL, "1302 1301", SNI ALPN_H2 SIGS "002b 0003 02 0304",
	  "t13d0204h2_1301,1302_000d,002b_0403,0804", NULL },
	{ "no extension block", NULL, "002f", NULL, "t12i010000_002f_",
	  "t12i010000_ba72b8082249_000000000000" },
	{ "an empty extension block", NULL, "002f", "", "t12i010000_002f_",
	  "t12i010000_ba72b8082249_000000000000" },
	{ "no cipher at all", NULL, "", SIGS, "t12i000100__000d_0403,0804", NULL },
	{ "server_name and ALPN leave part c empty", NULL, "1301", SNI ALPN_H2, "t12d0102h2_1301_",
	  "t12d0102h2_0f2cb44170f4_000000000000" },
	{ "no signature algorithms: no trailing _", NULL, "1301", "0017 0000",
	  "t12i010100_1301_0017", NULL },
	{ "an empty list of signature algorithms", NULL, "1301", "000d 0002 0000",
	  "t12i010100_1301_000d", NULL },
	{ "signature algorithms stay in the order of the wire", NULL, "1301",
	  "000d 0008 0006 0804 0403 0201", "t12i010100_1301_000d_0804,0403,0201", NULL },
	{ "an empty server_name is there", NULL, "1301", "0000 0000", "t12d010100_1301_", NULL },
	{ "ALPN: first and last, not second", NULL, "1301", "0010 000b 0009 08 687474702f312e31",
	  "t12i0101h1_1301_", NULL },
	{ "ALPN of one byte counts as both", NULL, "1301", "0010 0004 0002 01 68",
	  "t12i0101hh_1301_", NULL },
	{ "ALPN of one byte, not alphanumeric", NULL, "1301", "0010 0004 0002 01 ab",
	  "t12i0101ab_1301_", NULL },
	{ "ALPN not ASCII: nibbles", NULL, "1301", "0010 0005 0003 02 b9ed", "t12i0101bd_1301_",
	  NULL },
	{ "ALPN with one end not alphanumeric: nibbles", NULL, "1301", "0010 0005 0003 02 612d",
	  "t12i01016d_1301_", NULL },
	{ "ALPN that is a GREASE value", NULL, "1301", "0010 0008 0006 02 0a0a 02 6832",
	  "t12i01010a_1301_", NULL },
	{ "an empty ALPN name", NULL, "1301", "0010 0003 0001 00", "t12i010100_1301_", NULL },
	{ "an empty ALPN list", NULL, "1301", "0010 0002 0000", "t12i010100_1301_", NULL },
	{ "GREASE everywhere", NULL, "0a0a 1301 fafa",
	  "1a1a 0000 002b 0005 04 2a2a 0303 000d 0006 0004 3a3a 0403 4a4a 0001 00",
	  "t12i010200_1301_000d,002b_0403", NULL },
	{ "only GREASE versions: legacy", "0302", "1301", "002b 0003 02 7a7a",
	  "t11i010100_1301_002b", NULL },
	{ "almost GREASE is none", NULL, "0a1a 1301", NULL, "t12i020000_0a1a,1301_", NULL },
	{ "the highest version, wherever it stands", NULL, "1301", "002b 0007 06 0303 0304 0301",
	  "t13i010100_1301_002b", NULL },
	{ "SSL 3.0", "0300", "0035", NULL, "ts3i010000_0035_", NULL },
	{ "TLS 1.0", "0301", "0035", NULL, "t10i010000_0035_", NULL },
	{ "a version nobody knows", "0309", "0035", NULL, "t00i010000_0035_", NULL },
	{ "SCSV and 0xfe values are ciphers", NULL, "00ff 5600 feff", NULL,
	  "t12i030000_00ff,5600,feff_", NULL },
};

static void check_case(void **state)
{
	static struct packet packet;
	const struct ja4_case *c = *state;
	const struct hello_parts parts = { .version = c->version,
					   .ciphers = c->ciphers,
					   .extensions = c->extensions };
	struct talk talk;

	talk_client_records(&parts, &packet);
	talk_begin(&talk);
	assert_int_equal(talk_say(&talk, FINGERPRINT_TLS, SIDE_SOURCE, packet.at, packet.size),
			 PARSE_OK);
	talk_expect(&talk, MARK_JA4_R, c->want_raw);
	if (c->want)
		talk_expect(&talk, MARK_JA4, c->want);
	talk_expect(&talk, MARK_TRUNCATED, NULL);
	talk_end(&talk);
	talk_expect_prefixes_silent(FINGERPRINT_TLS, SIDE_SOURCE, &packet);
}

/* From the definition's own example: technical_details/JA4.md. */
static void check_example(void **state)
{
	static const char raw[] =
		"t13d1516h2_002f,0035,009c,009d,1301,1302,1303,c013,c014,c02b,c02c,c02f,c030,cca8,"
		"cca9_0005,000a,000b,000d,0012,0015,0017,001b,0023,002b,002d,0033,4469,ff01_0403,"
		"0804,0401,0503,0805,0501,0806,0601";
	struct ja4_parts parts = { .first_length = 10, .ciphers_at = 11 };
	struct digester *digester = digester_new();
	char ja4[JA4_BYTES + 1];

	(void)state;
	parts.ciphers_length = strcspn(raw + parts.ciphers_at, "_");
	parts.extensions_at = parts.ciphers_at + parts.ciphers_length + 1;
	parts.extensions_length = strlen(raw) - parts.extensions_at;
	assert_true(ja4_hash(digester, (struct text){ raw, strlen(raw) }, &parts, ja4));
	assert_string_equal(ja4, "t13d1516h2_8daaf6152771_e5627efa2ab1");
	digester_free(digester);
}

/* 120 ciphers and 110 extensions: both counts stop at 99, both lists do not. */
static void check_counts(void **state)
{
	static struct packet packet;
	static char ciphers[120 * 4 + 1], extensions[110 * 8 + 1];
	const struct hello_parts parts = { .ciphers = ciphers, .extensions = extensions };
	const struct text *raw;
	struct talk talk;

	(void)state;
	for (unsigned i = 0; i < 120; i++)
		snprintf(ciphers + 4 * i, 5, "c1%02x", 200 - i);
	for (unsigned i = 0; i < 110; i++)
		snprintf(extensions + 8 * i, 9, "71%02x0000", i);
	talk_client_records(&parts, &packet);
	talk_begin(&talk);
	assert_int_equal(talk_say(&talk, FINGERPRINT_TLS, SIDE_SOURCE, packet.at, packet.size),
			 PARSE_OK);
	raw = marks_find(&talk.marks, MARK_JA4_R);
	assert_non_null(raw);
	assert_memory_equal(raw->at, "t12i999900_c151,c152,", 21);
	assert_int_equal(raw->length, 10 + 1 + 5 * 120 - 1 + 1 + 5 * 110 - 1);
	talk_end(&talk);
}

#define CASES (sizeof(cases) / sizeof(cases[0]))

int main(void)
{
	struct CMUnitTest tests[CASES + 2] = {
		[CASES] = cmocka_unit_test(check_example),
		[CASES + 1] = cmocka_unit_test(check_counts),
	};

	for (size_t i = 0; i < CASES; i++)
		tests[i] = (struct CMUnitTest){ cases[i].name, check_case, NULL, NULL, &cases[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
