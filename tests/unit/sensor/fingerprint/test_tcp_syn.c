/* SPDX-License-Identifier: Apache-2.0 */
#include "support/parser_case.h"

#define LINUX "020405b4 0402 080a 01020304 00000000 01 030307"
#define WINDOWS "02040550 01 030308 01 01 0402"
#define MACOS "020405b4 01 030306 01 01 080a 01020304 00000000 0402 0000"

static struct syn_case {
	const char *name;
	const char *options;
	const char *want;
	struct fingerprint_syn syn;
} cases[] = {
	{ "Linux",
	  LINUX,
	  "tcp_syn=29200:2-4-8-1-3:1460:7 "
	  "tcp_syn_sig=4:64:0:1460:mss*20,7:mss,sok,ts,nop,ws:df,id+:0 "
	  "npf=tcp/(40)()(20)(7210)((020405b4)(04)(08)(01)(030307))",
	  { .ip_version = 4, .ttl = 52, .dont_fragment = true, .window = 29200, .flags = 0x02 } },
	{ "Windows",
	  WINDOWS,
	  "tcp_syn=8192:2-1-3-1-1-4:1360:8 "
	  "tcp_syn_sig=4:128:0:1360:8192,8:mss,nop,ws,nop,nop,sok:df,id+:0 "
	  "npf=tcp/(40)()(80)(2000)((02040550)(01)(030308)(01)(01)(04))",
	  { .ip_version = 4, .ttl = 128, .dont_fragment = true, .window = 8192, .flags = 0x02 } },
	{ "macOS: the list has an end",
	  MACOS,
	  "tcp_syn=65535:2-1-3-1-1-8-4-0:1460:6 "
	  "tcp_syn_sig=4:64:0:1460:65535,6:mss,nop,ws,nop,nop,ts,sok,eol+1:id-,ecn:0 "
	  "npf=tcp/(40)(00)(40)(ffff)((020405b4)(01)(030306)(01)(01)(08)(04)(00))",
	  { .ip_version = 4, .ttl = 64, .is_id_zero = true, .window = 65535, .flags = 0xc2 } },
	{ "an answer is told apart",
	  LINUX,
	  "tcp_synack=28960:2-4-8-1-3:1460:7",
	  { .ip_version = 4, .ttl = 64, .window = 28960, .flags = 0x12 } },
	{ "no options",
	  "",
	  "tcp_syn=65535::: tcp_syn_sig=4:255:0:0:65535,0:::0 npf=tcp/(40)()(e0)(ffff)()",
	  { .ip_version = 4, .ttl = 255, .window = 65535, .flags = 0x02 } },
	{ "IPv6 with a flow label, a payload and IP options",
	  "020405a0",
	  "tcp_syn=14400:2:1440: tcp_syn_sig=6:32:8:1440:mss*10,0:mss:flow:+ "
	  "npf=tcp/(60)()(00)(3840)((020405a0))",
	  { .ip_version = 6,
	    .ttl = 30,
	    .window = 14400,
	    .flags = 0x02,
	    .ip_options_bytes = 8,
	    .has_payload = true } },
	{ "a window in units of the MSS without the timestamp's twelve bytes",
	  LINUX,
	  "tcp_syn=14480:2-4-8-1-3:1460:7 "
	  "tcp_syn_sig=4:64:0:1460:mss*10,7:mss,sok,ts,nop,ws::0 "
	  "npf=tcp/(40)()(40)(3890)((020405b4)(04)(08)(01)(030307))",
	  { .ip_version = 4, .ttl = 64, .window = 14480, .flags = 0x02 } },
	{ "a window in units of the MTU",
	  "020405b4",
	  "tcp_syn=6000:2:1460: tcp_syn_sig=4:64:0:1460:mtu*4,0:mss::0 "
	  "npf=tcp/(40)()(40)(1770)((020405b4))",
	  { .ip_version = 4, .ttl = 64, .window = 6000, .flags = 0x02 } },
	{ "quirks of flags and timestamps",
	  "080a 00000000 00000001 03030f",
	  "tcp_syn=1:8-3::15 tcp_syn_sig=4:64:0:0:1,15:ts,ws:urgf+,pushf+,ts1-,ts2+,exws:0 "
	  "npf=tcp/(40)()(40)(0001)((08)(03030f))",
	  { .ip_version = 4, .ttl = 64, .window = 1, .flags = 0x2a } },
	{ "something after the end of the list",
	  "020405b4 00 00 01",
	  "tcp_syn=1:2-0:1460: tcp_syn_sig=4:64:0:1460:1,0:mss,eol+2:opt+:0 "
	  "npf=tcp/(40)()(40)(0001)((020405b4)(00))",
	  { .ip_version = 4, .ttl = 64, .window = 1, .flags = 0x02 } },
	{ "an unknown option",
	  "22 04 0102 01",
	  "tcp_syn=1:34-1:: tcp_syn_sig=4:64:0:0:1,0:?34,nop::0 "
	  "npf=tcp/(40)()(40)(0001)((22)(01))",
	  { .ip_version = 4, .ttl = 64, .window = 1, .flags = 0x02 } },
	{ "an option that says it is shorter than itself",
	  "01 02 01 05b4",
	  "tcp_syn=1:1-2:: tcp_syn_sig=4:64:0:0:1,0:nop:bad:0 npf=tcp/(40)()(40)(0001)((01))",
	  { .ip_version = 4, .ttl = 64, .window = 1, .flags = 0x02 } },
	{ "an option of length zero",
	  "01 02 00 05b4",
	  "tcp_syn=1:1-2:: tcp_syn_sig=4:64:0:0:1,0:nop:bad:0 npf=tcp/(40)()(40)(0001)((01))",
	  { .ip_version = 4, .ttl = 64, .window = 1, .flags = 0x02 } },
	{ "an option of another length than its kind's",
	  "02 06 05b40000",
	  "tcp_syn=1:2:: tcp_syn_sig=4:64:0:0:1,0:mss:bad:0 "
	  "npf=tcp/(40)()(40)(0001)((020605b40000))",
	  { .ip_version = 4, .ttl = 64, .window = 1, .flags = 0x02 } },
	{ "an option without its length",
	  "01 03",
	  "tcp_syn=1:1-3:: tcp_syn_sig=4:64:0:0:1,0:nop:bad:0 npf=tcp/(40)()(40)(0001)((01))",
	  { .ip_version = 4, .ttl = 64, .window = 1, .flags = 0x02 } },
	{ "forty bytes of options, each of one byte",
	  "01010101010101010101010101010101010101010101010101010101010101010101010101010101",
	  "tcp_syn=1:1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-"
	  "1"
	  ":: tcp_syn_sig=4:64:0:0:1,0:nop,nop,nop,nop,nop,nop,nop,nop,nop,nop,nop,nop,nop,nop,nop,"
	  "nop,nop,nop,nop,nop,nop,nop,nop,nop,nop,nop,nop,nop,nop,nop,nop,nop,nop,nop,nop,nop,nop,"
	  "nop,nop,nop::0 npf=tcp/(40)()(40)(0001)((01)(01)(01)(01)(01)(01)(01)(01)(01)(01)(01)(01)"
	  "(01)(01)(01)(01)(01)(01)(01)(01)(01)(01)(01)(01)(01)(01)(01)(01)(01)(01)(01)(01)(01)(01)"
	  "(01)(01)(01)(01)(01)(01))",
	  { .ip_version = 4, .ttl = 64, .window = 1, .flags = 0x02 } },
};

static void parse_options(const struct fingerprint_syn *like, const uint8_t *bytes, size_t size,
			  char text[RENDERED_BYTES_MAX])
{
	uint8_t *copy = hex_copy(bytes, size);
	struct fingerprint_syn syn = *like;
	struct marks marks = { 0 };

	syn.options = cursor_of(copy, size);
	fingerprint_syn(&syn, &marks);
	free(copy);
	render_marks(&marks, text);
	marks_done(&marks);
}

/* Options that are cut are options of another kind: they never look like the whole. */
static void check_case(void **state)
{
	const struct syn_case *c = *state;
	static char text[RENDERED_BYTES_MAX];
	uint8_t *bytes = NULL;
	size_t size = hex_decode(c->options, &bytes);

	parse_options(&c->syn, bytes, size, text);
	assert_string_equal(text, c->want);
	for (size_t cut = 0; cut < size; cut++) {
		parse_options(&c->syn, bytes, cut, text);
		if (!strstr(c->want, ":bad:") && !strstr(c->want, "synack"))
			assert_string_not_equal(text, c->want);
	}
	free(bytes);
}

static struct fingerprint_syn segment_of(const struct syn_case *c, uint8_t options[40])
{
	struct fingerprint_syn syn = c->syn;
	uint8_t *bytes = NULL;
	size_t size = hex_decode(c->options, &bytes);

	assert_true(size <= 40);
	if (size > 0)
		memcpy(options, bytes, size);
	syn.options = cursor_of(options, size);
	free(bytes);
	return syn;
}

/* One thing of it is another, or nothing is. */
static void vary(struct fingerprint_syn *syn, uint8_t options[40])
{
	const int what = rand() % 9;

	if (what == 0)
		syn->ttl = (uint8_t)rand();
	else if (what == 1)
		syn->is_id_zero = !syn->is_id_zero;
	else if (what == 2)
		syn->dont_fragment = !syn->dont_fragment;
	else if (what == 3)
		syn->window = (uint16_t)(rand() % 2 ? 1460 : rand());
	else if (what == 4)
		syn->flags ^= (uint16_t)(1 << rand() % 8);
	else if (what == 5)
		syn->ip_options_bytes = (uint16_t)(rand() % 3 * 4);
	else if (what == 6)
		syn->has_payload = !syn->has_payload;
	else if (what == 7 && syn->options.left > 0)
		options[(size_t)rand() % syn->options.left] = (uint8_t)(rand() % 12);
}

static bool have_same_shape(const struct fingerprint_syn_shape *a,
			    const struct fingerprint_syn_shape *b)
{
	return a->length > 0 && a->length == b->length && a->marks == b->marks &&
	       memcmp(a->bytes, b->bytes, a->length) == 0;
}

static void render_syn(const struct fingerprint_syn *syn, char text[RENDERED_BYTES_MAX])
{
	parse_options(syn, syn->options.at, syn->options.left, text);
}

/* What is remembered by its shape says what would have been said anew. */
static void segments_of_one_shape_have_the_same_marks(void **state)
{
	static char text[2][RENDERED_BYTES_MAX];
	unsigned int same = 0, others = 0;

	(void)state;
	srand(3);
	for (unsigned int i = 0; i < 20000; i++) {
		const struct syn_case *c =
			&cases[(size_t)rand() % (sizeof(cases) / sizeof(*cases))];
		struct fingerprint_syn_shape shape[2];
		uint8_t options[40];
		struct fingerprint_syn syn = segment_of(c, options);

		fingerprint_syn_shape(&syn, &shape[0]);
		render_syn(&syn, text[0]);
		vary(&syn, options);
		fingerprint_syn_shape(&syn, &shape[1]);
		render_syn(&syn, text[1]);
		if (have_same_shape(&shape[0], &shape[1])) {
			assert_string_equal(text[0], text[1]);
			same++;
		}
		others += strcmp(text[0], text[1]) != 0;
	}
	assert_true(same > 1000);
	assert_true(others > 1000);
}

/* Else every connection of a host would have another one. */
static void the_time_is_no_part_of_the_shape(void **state)
{
	uint8_t early[] = { 8, 10, 0, 0, 0, 1, 0, 0, 0, 0 };
	uint8_t late[] = { 8, 10, 9, 9, 9, 9, 0, 0, 0, 0 };
	uint8_t never[] = { 8, 10, 0, 0, 0, 0, 0, 0, 0, 0 };
	struct fingerprint_syn syn = { .ip_version = 4, .ttl = 64, .window = 1, .flags = 2 };
	struct fingerprint_syn_shape shape[3];

	(void)state;
	syn.options = cursor_of(early, sizeof(early));
	fingerprint_syn_shape(&syn, &shape[0]);
	syn.options = cursor_of(late, sizeof(late));
	fingerprint_syn_shape(&syn, &shape[1]);
	syn.options = cursor_of(never, sizeof(never));
	fingerprint_syn_shape(&syn, &shape[2]);
	assert_true(have_same_shape(&shape[0], &shape[1]));
	assert_false(have_same_shape(&shape[0], &shape[2]));
}

int main(void)
{
	static struct CMUnitTest tests[sizeof(cases) / sizeof(*cases) + 2] = {
		cmocka_unit_test(segments_of_one_shape_have_the_same_marks),
		cmocka_unit_test(the_time_is_no_part_of_the_shape),
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		tests[i + 2] =
			(struct CMUnitTest){ cases[i].name, check_case, NULL, NULL, &cases[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
