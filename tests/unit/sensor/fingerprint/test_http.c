/* SPDX-License-Identifier: Apache-2.0 */
#include "support/parser_case.h"

#define MESSAGE(literal) .bytes = literal, .size = sizeof(literal) - 1

static struct parser_case cases[] = {
	{ .name = "the least: no header",
	  MESSAGE("GET / HTTP/1.0\r\n\r\n"),
	  PARSE_OK,
	  "npf=http/(474554)(485454502f312e30)()" },
	{ .name = "names of some, values of few, nothing of others",
	  MESSAGE("POST /secret?password=1 HTTP/1.1\r\nHost: secret.example\r\n"
		  "Cookie: secret\r\nAccept: */*\r\nauthorization: Basic c2VjcmV0\r\n"
		  "X-Secret: secret\r\nDNT:1\r\nContent-Length: 6\r\n\r\n"),
	  PARSE_OK,
	  "npf=http/(504f5354)(485454502f312e31)((486f7374)(4163636570743a202a2f2a)"
	  "(617574686f72697a6174696f6e)(444e543a2031))" },
	{ .name = "the case of names is kept, the order too",
	  MESSAGE("GET /a HTTP/1.1\r\nuser-AGENT: x\r\nHOST: y\r\n\r\n"),
	  PARSE_OK,
	  "npf=http/(474554)(485454502f312e31)((757365722d4147454e54)(484f5354))" },
	{ .name = "blanks around a value do not belong to it",
	  MESSAGE("GET /a HTTP/1.1\r\ndpr: \t2 \t\r\nConnection:\r\n\r\n"),
	  PARSE_OK,
	  "npf=http/(474554)(485454502f312e31)((6470723a2032)(436f6e6e656374696f6e3a20))" },
	{ .name = "lines that end with LF alone",
	  MESSAGE("GET /a HTTP/1.1\nHost: y\n\n"),
	  PARSE_OK,
	  "npf=http/(474554)(485454502f312e31)((486f7374))" },
	{ .name = "what comes after the headers is not read",
	  MESSAGE("PUT /a HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n"),
	  PARSE_OK,
	  "npf=http/(505554)(485454502f312e31)()",
	  .tail = 16 },
	{ .name = "a target with blanks: the last word is the version",
	  MESSAGE("GET /a b HTTP/1.1\r\n\r\n"),
	  PARSE_OK,
	  "npf=http/(474554)(485454502f312e31)()" },
	{ .name = "the header block has no end",
	  MESSAGE("GET / HTTP/1.1\r\nHost: y\r\n"),
	  PARSE_NEED_MORE },
	{ .name = "a continued line is nobody's",
	  MESSAGE("GET / HTTP/1.1\r\nCookie: a\r\n secret\r\n\r\n"),
	  PARSE_MALFORMED },
	{ .name = "a continued line of a kept value",
	  MESSAGE("GET / HTTP/1.1\r\nAccept: a\r\n\tsecret: b\r\n\r\n"),
	  PARSE_MALFORMED },
	{ .name = "a header without a colon",
	  MESSAGE("GET / HTTP/1.1\r\nHost\r\n\r\n"),
	  PARSE_MALFORMED },
	{ .name = "a blank before the colon",
	  MESSAGE("GET / HTTP/1.1\r\nHost : y\r\n\r\n"),
	  PARSE_MALFORMED },
	{ .name = "a header without a name",
	  MESSAGE("GET / HTTP/1.1\r\n: y\r\n\r\n"),
	  PARSE_MALFORMED },
	{ .name = "HTTP/2's preface",
	  MESSAGE("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
	  PARSE_MALFORMED },
	{ .name = "an answer", MESSAGE("HTTP/1.1 200 OK\r\n\r\n"), PARSE_MALFORMED },
	{ .name = "no version (HTTP/0.9)", MESSAGE("GET /\r\n\r\n"), PARSE_MALFORMED },
	{ .name = "one word", MESSAGE("HTTP/1.1\r\n\r\n"), PARSE_MALFORMED },
	{ .name = "a version of two digits", MESSAGE("GET / HTTP/1.10\r\n\r\n"), PARSE_MALFORMED },
	{ .name = "another protocol", MESSAGE("GET / RTSP/1.0\r\n\r\n"), PARSE_MALFORMED },
	{ .name = "a method that is no token", MESSAGE("G(T / HTTP/1.1\r\n\r\n"), PARSE_MALFORMED },
	{ .name = "a method that is too long",
	  MESSAGE("GETGETGETGETGETGETGETGETGETGETGET / HTTP/1.1\r\n\r\n"),
	  PARSE_MALFORMED },
	{ .name = "a NUL in a name",
	  MESSAGE("GET / HTTP/1.1\r\nHo\0st: y\r\n\r\n"),
	  PARSE_MALFORMED },
};

static void check_case(void **state)
{
	check_parser_case(FINGERPRINT_HTTP, *state);
}

int main(void)
{
	static struct CMUnitTest tests[sizeof(cases) / sizeof(*cases)];

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		tests[i] = (struct CMUnitTest){ cases[i].name, check_case, NULL, NULL, &cases[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
