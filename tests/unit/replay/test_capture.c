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
#define PCAPNG                                                                                     \
	"0a0d0d0a 1c000000 4d3c2b1a 0100 0000 ffffffffffffffff 1c000000"                           \
	"01000000 14000000 0100 0000 ffff0000 14000000"                                            \
	"06000000 24000000 00000000 240a0600 05401e18 04000000 04000000 61626364 24000000"         \
	"06000000 28000000 00000000 240a0600 46822d18 06000000 06000000 65666768696a0000 28000000"

static struct capture_case {
	const char *name;
	const char *hex;
	bool gzip;
} cases[] = {
	{ "pcap, little endian", PCAP_LITTLE, false }, { "pcap, big endian", PCAP_BIG, false },
	{ "pcap with nanoseconds", PCAP_NANO, false }, { "pcapng", PCAPNG, false },
	{ "gzip of pcap", PCAP_LITTLE, true },	       { "gzip of pcapng", PCAPNG, true },
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
		assert_int_equal(capture_link_type(capture), DLT_EN10MB);
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
	int whole_ends = 0; /* prefixes that end between packets are whole files, of fewer */
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
	/* Before and after the first packet; the interface of a pcapng may be missing too. */
	assert_int_equal(whole_ends, c->gzip ? 0 : 2);
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

int main(void)
{
	struct CMUnitTest tests[CASES + 2] = {
		cmocka_unit_test(test_damaged_gzip),
		cmocka_unit_test(test_no_file),
	};

	for (size_t i = 0; i < CASES; i++)
		tests[i + 2] = (struct CMUnitTest){ .name = cases[i].name,
						    .test_func = check_case,
						    .initial_state = &cases[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
