/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/sinks/syslog.h"

#include "collector/sinks/syslog_socket.h"
#include "support/temp_dir.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

/* RFC 5424 6: HEADER SP STRUCTURED-DATA SP MSG, with what stands in ours. */
#define FORM                                                                                       \
	"^<108>1 [0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{12}Z [!-~]{1,255} yagura-collector - gap "     \
	"\\[yagura@32473 sensor=\"01000000-0000-0000-0000-000000000000\" "                         \
	"generation=\"0000000000000009\" lane=\"1\" seq=\"77\" index=\"3\" class=\"flow\" "        \
	"reason=\"ring_full\" count=\"12\"\\] .*12 flow records are missing: ring_full$"

struct fixture {
	char *directory;
	char *path; /* of a Unix socket */
	char address[128];
	struct sink_options options;
	struct sink_place place;
	void *sink;
	int fd; /* the receiver's */
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->directory = temp_dir_new();
	f->path = temp_dir_path(f->directory, "log");
	f->options.directory = f->directory;
	f->options.syslog = f->address;
	f->place = (struct sink_place){ .generation = 5, .position = 1 };
	f->fd = -1;
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	if (f->sink)
		syslog_sink.close(f->sink);
	close(f->fd);
	temp_dir_remove(f->directory);
	free(f->path);
	free(f);
	return 0;
}

static void open_sink(struct fixture *f)
{
	char error[SINK_ERROR_BYTES] = "";

	assert_int_equal(syslog_sink.open(&f->options, &f->sink, error), 0);
}

static void listen_unix(struct fixture *f)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };

	f->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	snprintf(name.sun_path, sizeof(name.sun_path), "%s", f->path);
	assert_int_equal(bind(f->fd, (struct sockaddr *)&name, sizeof(name)), 0);
	snprintf(f->address, sizeof(f->address), "unix:%s", f->path);
}

static void listen_inet(struct fixture *f, int type, const char *scheme)
{
	struct sockaddr_in name = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t length = sizeof(name);

	f->fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(f->fd, (struct sockaddr *)&name, sizeof(name)), 0);
	if (type == SOCK_STREAM)
		assert_int_equal(listen(f->fd, 1), 0);
	assert_int_equal(getsockname(f->fd, (struct sockaddr *)&name, &length), 0);
	snprintf(f->address, sizeof(f->address), "%s:127.0.0.1:%u", scheme, ntohs(name.sin_port));
}

static int put(struct fixture *f, enum record_class class)
{
	static const uint8_t sensor[16] = { 1 };
	const struct entry entry = { .type = ENTRY_BATCH,
				     .batch = { .generation = 9, .lane = 1, .seq = 77 } };
	struct record record = { .class = class };
	const struct sink_item item = {
		.sensor = sensor, .record = &record, .entry = &entry, .index = 3
	};

	if (class == RECORD_GAP)
		record.gap = (struct record_gap){ .time_ns = 1795395723456000000ull,
						  .class = RECORD_FLOW,
						  .reason = GAP_RING_FULL,
						  .count = 12 };
	assert_int_equal(syslog_sink.write(f->sink, &item), 0);
	return syslog_sink.flush(f->sink, &f->place);
}

static void expect_message(const char *text)
{
	regex_t form;

	assert_int_equal(regcomp(&form, FORM, REG_EXTENDED | REG_NOSUB), 0);
	if (regexec(&form, text, 0, NULL, 0) != 0)
		fail_msg("not of the form: %s", text);
	regfree(&form);
}

static void expect_datagram(struct fixture *f)
{
	char text[4096];
	ssize_t size = recv(f->fd, text, sizeof(text) - 1, 0);

	assert_true(size > 0);
	text[size] = '\0';
	expect_message(text);
	assert_int_equal(recv(f->fd, text, sizeof(text), MSG_DONTWAIT), -1); /* no other */
}

static void to_a_unix_socket(void **state)
{
	struct fixture *f = *state;

	listen_unix(f);
	open_sink(f);
	assert_int_equal(put(f, RECORD_EXEC), 0); /* is told nobody */
	assert_int_equal(put(f, RECORD_GAP), 0);
	expect_datagram(f);
}

static void to_udp(void **state)
{
	struct fixture *f = *state;

	listen_inet(f, SOCK_DGRAM, "udp");
	open_sink(f);
	assert_int_equal(put(f, RECORD_GAP), 0);
	expect_datagram(f);
}

/* RFC 6587 3.4.1: the length, a space, the message. */
static void to_tcp(void **state)
{
	struct fixture *f = *state;
	char text[4096];
	char *end;
	ssize_t size;
	long announced;
	int fd;

	listen_inet(f, SOCK_STREAM, "tcp");
	open_sink(f);
	assert_int_equal(put(f, RECORD_GAP), 0);
	fd = accept(f->fd, NULL, NULL);
	size = recv(fd, text, sizeof(text) - 1, 0);
	assert_true(size > 0);
	text[size] = '\0';
	announced = strtol(text, &end, 10);
	assert_int_equal(announced, size - (end + 1 - text));
	assert_true(*end == ' ');
	expect_message(end + 1);
	close(fd);
}

/* Nobody listens: the place stays, and once somebody does, it goes on. */
static void a_receiver_that_is_away(void **state)
{
	struct fixture *f = *state;
	struct sink_place found;

	listen_unix(f);
	close(f->fd);
	unlink(f->path);
	open_sink(f);
	assert_int_equal(put(f, RECORD_GAP), -ENOENT);
	syslog_sink.discard(f->sink);
	assert_int_equal(syslog_sink.place(f->sink, &found), 0);
	assert_true(found.position == 0);
	listen_unix(f);
	assert_int_equal(put(f, RECORD_GAP), 0);
	expect_datagram(f);
	syslog_sink.close(f->sink);
	open_sink(f);
	assert_int_equal(syslog_sink.place(f->sink, &found), 0);
	assert_true(found.generation == 5 && found.position == 1);
}

static void addresses(void **state)
{
	static const char *const good[] = { "unix:/dev/log", "udp:192.0.2.1:514", "tcp:[::1]:601" };
	static const char *const bad[] = { "",
					   "unix:log",
					   "udp:192.0.2.1",
					   "tcp::601",
					   "tcp:host:601",
					   "udp:[::1:514",
					   "192.0.2.1:1",
					   "udp:1.2.3.4:x",
					   "unix:" };
	struct syslog_address found;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_int_equal(syslog_address_parse(good[i], &found), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(syslog_address_parse(bad[i], &found), -EINVAL);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(to_a_unix_socket),
		TEST(to_udp),
		TEST(to_tcp),
		TEST(a_receiver_that_is_away),
		cmocka_unit_test(addresses),
	};

	return cmocka_run_group_tests_name("syslog", tests, NULL, NULL);
}
