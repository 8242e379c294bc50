/* SPDX-License-Identifier: Apache-2.0 */
/* Files of two packets, "abcd" and "efghij", whole and cut at every length. */
#include "replay/capture.h"

#include "support/hex.h"

#include <errno.h>
#include <pcap/dlt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

#define FIRST_NS 1700000000000005000ull
#define SECOND_NS 1700000001000006000ull

/* draft-ietf-opsawg-pcap: magic, version 2.4, zone 0, accuracy 0, snap length, link type; each
 * packet seconds, fraction, captured, original length. */
#define PCAP_LITTLE                                                                                \
	"d4c3b2a1 0200 0400 00000000 00000000 ffff0000 01000000"                                   \
	"00f15365 05000000 04000000 04000000 61626364"                                             \
	"01f15365 06000000 06000000 06000000 65666768696a"
#define PCAP_BIG                                                                                   \
	"a1b2c3d4 0002 0004 00000000 00000000 0000ffff 00000001"                                   \
	"6553f100 00000005 00000004 00000004 61626364"                                             \
	"6553f101 00000006 00000006 00000006 65666768696a"
#define PCAP_NANO                                                                                  \
	"4d3cb2a1 0200 0400 00000000 00000000 ffff0000 01000000"                                   \
	"00f15365 88130000 04000000 04000000 61626364"                                             \
	"01f15365 70170000 06000000 06000000 65666768696a"
/* draft-ietf-opsawg-pcapng: section, interface, two enhanced packets (microseconds since 1970 in
 * two words: 0x60a24181e4005 and 0x60a24182d8246). */
#define PCAPNG PCAPNG_SECTION PCAPNG_INTERFACE PCAPNG_FIRST PCAPNG_SECOND
#define PCAPNG_SECTION "0a0d0d0a 1c000000 4d3c2b1a 0100 0000 ffffffffffffffff 1c000000"
#define PCAPNG_INTERFACE "01000000 14000000 0100 0000 ffff0000 14000000"
#define PCAPNG_FIRST "06000000 24000000 00000000" FIRST_TIME FOUR "24000000"
#define PCAPNG_SECOND "06000000 28000000 00000000" SECOND_TIME SIX "28000000"
#define FIRST_TIME "240a0600 05401e18"
#define SECOND_TIME "240a0600 46822d18"
#define FOUR "04000000 04000000 61626364"
#define SIX "06000000 06000000 65666768696a 0000"
/* The second interface differs, and the obsolete block of packets, names and statistics. */
#define PCAPNG_TWO                                                                                 \
	PCAPNG_SECTION PCAPNG_INTERFACE                                                            \
		"01000000 14000000 0100 0000 80000000 14000000"                                    \
		"04000000 14000000 00000000 00000000 14000000"                                     \
		"02000000 24000000 0100 0000" FIRST_TIME FOUR "24000000"                           \
		"05000000 18000000 00000000 240a0600 05401e18 18000000" PCAPNG_SECOND
/* A second section in the other byte order, which counts nanoseconds from another day on. */
#define PCAPNG_SECTIONS                                                                            \
	PCAPNG_SECTION PCAPNG_INTERFACE PCAPNG_FIRST                                               \
		"0a0d0d0a 0000001c 1a2b3c4d 0001 0000 ffffffffffffffff 0000001c"                   \
		"00000001 0000002c 0001 0000 0000ffff 0009 0001 09000000"                          \
		"000e 0008 0000000065500000 0000 0000 0000002c"                                    \
		"00000006 00000028 00000000 0000eaed 51c4e170"                                     \
		"00000006 00000006 65666768696a 0000 00000028"

static struct capture_case {
	const char *name;
	const char *hex;
	bool gzip;
	int whole_ends; /* shorter than it, where it may end as well: between packets */
} cases[] = {
	{ "pcap, little endian", PCAP_LITTLE, false, 2 },
	{ "pcap, big endian", PCAP_BIG, false, 2 },
	{ "pcap with nanoseconds", PCAP_NANO, false, 2 },
	{ "pcapng", PCAPNG, false, 3 },
	{ "pcapng of two interfaces", PCAPNG_TWO, false, 6 },
	{ "pcapng of two sections", PCAPNG_SECTIONS, false, 5 },
	{ "gzip of pcap", PCAP_LITTLE, true, 0 },
	{ "gzip of pcapng", PCAPNG, true, 0 },
};

/* A file of these bytes, in memory; ret_path names it. */
static int make_file(const uint8_t *bytes, size_t size, char ret_path[32])
{
	int fd = memfd_create("capture", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), (ssize_t)size);
	snprintf(ret_path, 32, "/proc/self/fd/%d", fd);
	return fd;
}

static size_t compress_gzip(const uint8_t *bytes, size_t size, uint8_t **ret_bytes)
{
	z_stream stream = { 0 };

	*ret_bytes = malloc(size + 100);
	assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY),
			 Z_OK);
	stream.next_in = (uint8_t *)bytes;
	stream.avail_in = (uInt)size;
	stream.next_out = *ret_bytes;
	stream.avail_out = (uInt)size + 100;
	assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
	size = stream.total_out;
	deflateEnd(&stream);
	return size;
}

static void check_packet(int number, const struct capture_packet *packet)
{
	static const char *const bytes[] = { "abcd", "efghij" };
	static const uint64_t times_ns[] = { FIRST_NS, SECOND_NS };

	assert_in_range(number, 0, 1);
	assert_true(packet->time_ns == times_ns[number]);
	assert_int_equal(packet->link_type, DLT_EN10MB);
	assert_int_equal(packet->bytes.left, strlen(bytes[number]));
	assert_memory_equal(packet->bytes.at, bytes[number], packet->bytes.left);
}

/* The number of packets; *ret_end is how the file ended. */
static int read_file(const uint8_t *bytes, size_t size, int *ret_end)
{
	char path[32];
	char error[CAPTURE_ERROR_BYTES] = "";
	struct capture *capture = NULL;
	struct capture_packet packet;
	int fd = make_file(bytes, size, path);
	int packets = 0;

	*ret_end = capture_open(path, &capture, error);
	if (*ret_end == 0) {
		while ((*ret_end = capture_next(capture, &packet, error)) == 1)
			check_packet(packets++, &packet);
		capture_close(capture);
	}
	assert_int_equal(error[0] != '\0', *ret_end < 0);
	close(fd);
	return packets;
}

static void check_case(void **state)
{
	const struct capture_case *c = *state;
	uint8_t *bytes;
	size_t size = hex_decode(c->hex, &bytes);
	int whole_ends = 0;
	int end;

	if (c->gzip) {
		uint8_t *compressed;

		size = compress_gzip(bytes, size, &compressed);
		free(bytes);
		bytes = compressed;
	}
	assert_int_equal(read_file(bytes, size, &end), 2);
	assert_int_equal(end, 0);
	for (size_t cut = 0; cut < size; cut++) {
		int packets = read_file(bytes, cut, &end);

		assert_true(packets < 2 || c->gzip); /* only the checksum may be missing there */
		assert_true(end == 0 || end == -EBADMSG);
		whole_ends += end == 0;
	}
	assert_int_equal(whole_ends, c->whole_ends);
	free(bytes);
}

/* What no pcapng may be, after what may. */
static struct broken_case {
	const char *name;
	const char *hex;
	const char *why;
} broken[] = {
	{ "no section", "0a0d0d0a 1c000000 00000000 0100 0000 ffffffffffffffff 1c000000",
	  "unknown file format" },
	{ "a text that begins with an empty line", "0a0a 74657874 74657874 74657874",
	  "unknown file format" },
	{ "a later version", "0a0d0d0a 1c000000 4d3c2b1a 0200 0000 ffffffffffffffff 1c000000",
	  "a version of pcapng that is not known here" },
	{ "an odd length", PCAPNG_SECTION "05000000 0d000000 00000000 00",
	  "a block has a length that none can have" },
	{ "a short length", PCAPNG_SECTION "05000000 08000000 08000000",
	  "a block has a length that none can have" },
	{ "a huge length", PCAPNG_SECTION "05000000 04000001 00000000",
	  "a block has a length that none can have" },
	{ "two lengths", PCAPNG_SECTION "05000000 10000000 00000000 14000000",
	  "a block ends with another length than it begins" },
	{ "an interface without its length", PCAPNG_SECTION "01000000 10000000 0100 0000 10000000",
	  "an interface that cannot be read, or too many" },
	{ "a packet of no interface", PCAPNG_SECTION PCAPNG_FIRST,
	  "a packet of an interface that is not described" },
	{ "a packet longer than its block",
	  PCAPNG_SECTION PCAPNG_INTERFACE "06000000 24000000 00000000" FIRST_TIME
					  "05000000 05000000 61626364 24000000",
	  "a packet is longer than its block" },
	{ "a packet without its length",
	  PCAPNG_SECTION PCAPNG_INTERFACE "06000000 14000000 00000000 240a0600 14000000",
	  "a packet is longer than its block" },
};

static void check_broken(void **state)
{
	const struct broken_case *c = *state;
	char path[32], error[CAPTURE_ERROR_BYTES] = "";
	struct capture *capture = NULL;
	struct capture_packet packet;
	uint8_t *bytes;
	size_t size = hex_decode(c->hex, &bytes);
	int fd = make_file(bytes, size, path);

	assert_int_equal(capture_open(path, &capture, error), 0);
	assert_int_equal(capture_next(capture, &packet, error), -EBADMSG);
	assert_string_equal(error, c->why);
	capture_close(capture);
	close(fd);
	free(bytes);
}

/* u8: the resolution; u64: ticks; i64: offset in seconds. What no clock says is clamped. */
static void test_resolutions(void **state)
{
	static const struct {
		uint8_t resolution;
		uint64_t ticks;
		int64_t offset_s;
		uint64_t want_ns;
	} rows[] = {
		{ 0, 3, 2, 5000000000 },
		{ 6, 1500000, -1, 500000000 },
		{ 9, 7, 0, 7 },
		{ 12, 7999, 0, 7 },
		{ 19, UINT64_MAX, 0, 1844674407 },
		{ 127, UINT64_MAX, 0, 0 },
		{ 0x80, 4, 0, 4000000000 },
		{ 0x8a, 1536, 0, 1500000000 },
		{ 0xff, UINT64_MAX, 0, 0 },
		{ 0, UINT64_MAX, 0, UINT64_MAX },
		{ 6, 1, INT64_MIN, 0 },
		{ 6, 1, INT64_MAX, UINT64_MAX },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char path[32], hex[512], error[CAPTURE_ERROR_BYTES] = "";
		struct capture *capture = NULL;
		struct capture_packet packet;
		uint8_t *bytes;
		size_t size;
		int fd;

		snprintf(hex, sizeof(hex),
			 "0a0d0d0a 0000001c 1a2b3c4d 0001 0000 ffffffffffffffff 0000001c"
			 "00000001 0000002c 0001 0000 00000000 0009 0001 %02x000000 000e 0008 "
			 "%016llx"
			 "0000 0000 0000002c 00000006 00000020 00000000 %016llx 00000000 00000000"
			 "00000020",
			 rows[i].resolution, (unsigned long long)rows[i].offset_s,
			 (unsigned long long)rows[i].ticks);
		size = hex_decode(hex, &bytes);
		fd = make_file(bytes, size, path);
		assert_int_equal(capture_open(path, &capture, error), 0);
		assert_int_equal(capture_next(capture, &packet, error), 1);
		assert_true(packet.time_ns == rows[i].want_ns);
		capture_close(capture);
		close(fd);
		free(bytes);
	}
}

/* Simple packets have no time, and as many bytes as the first interface takes. */
static void test_simple_packets(void **state)
{
	static const char hex[] =
		PCAPNG_SECTION "01000000 14000000 0100 0000 03000000 14000000"
			       "03000000 18000000 05000000 6162636465 000000 18000000"
			       "03000000 14000000 02000000 6162 0000 14000000";
	char path[32], error[CAPTURE_ERROR_BYTES] = "";
	struct capture *capture = NULL;
	struct capture_packet packet;
	uint8_t *bytes;
	size_t size = hex_decode(hex, &bytes);
	int fd = make_file(bytes, size, path);

	(void)state;
	assert_int_equal(capture_open(path, &capture, error), 0);
	for (size_t want = 3; want > 1; want--) {
		assert_int_equal(capture_next(capture, &packet, error), 1);
		assert_int_equal(packet.bytes.left, want);
		assert_true(packet.time_ns == 0);
	}
	assert_int_equal(capture_next(capture, &packet, error), 0);
	capture_close(capture);
	close(fd);
	free(bytes);
}

static void test_damaged_gzip(void **state)
{
	uint8_t *bytes;
	uint8_t *compressed;
	size_t size = hex_decode(PCAP_LITTLE, &bytes);
	int end;

	(void)state;
	size = compress_gzip(bytes, size, &compressed);
	compressed[size - 5] ^= 1; /* of the checksum */
	read_file(compressed, size, &end);
	assert_int_equal(end, -EBADMSG);
	free(bytes);
	free(compressed);
}

static void test_no_file(void **state)
{
	char error[CAPTURE_ERROR_BYTES] = "";
	struct capture *capture = NULL;

	(void)state;
	assert_int_equal(capture_open("/nowhere/at/all", &capture, error), -ENOENT);
	assert_string_equal(error, "No such file or directory");
	assert_int_equal(capture_open("/", &capture, error), -EISDIR);
	assert_null(capture);
	capture_close(NULL);
}

#define CASES (sizeof(cases) / sizeof(cases[0]))
#define BROKEN (sizeof(broken) / sizeof(broken[0]))

int main(void)
{
	struct CMUnitTest tests[CASES + BROKEN + 4] = {
		[CASES + BROKEN] = cmocka_unit_test(test_damaged_gzip),
		[CASES + BROKEN + 1] = cmocka_unit_test(test_no_file),
		[CASES + BROKEN + 2] = cmocka_unit_test(test_resolutions),
		[CASES + BROKEN + 3] = cmocka_unit_test(test_simple_packets),
	};

	for (size_t i = 0; i < CASES; i++)
		tests[i] = (struct CMUnitTest){ cases[i].name, check_case, NULL, NULL, &cases[i] };
	for (size_t i = 0; i < BROKEN; i++)
		tests[CASES + i] =
			(struct CMUnitTest){ broken[i].name, check_broken, NULL, NULL, &broken[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
