/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A keeper whose answers wait before the question is put. Questions are numbered from 1 by the
 * link, and one more than the last by this file.
 */
#include "sensor/kernel/keeper_link.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static uint64_t asked; /* questions so far, over all tests */

struct fixture {
	int keeper;
	int worker;
};

static int set_up(void **state)
{
	static struct fixture f;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		return -1;
	f = (struct fixture){ .keeper = pair[0], .worker = pair[1] };
	*state = &f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	if (f->keeper >= 0)
		close(f->keeper);
	close(f->worker);
	return 0;
}

/* --- the keeper --- */

static struct keeper_reply counters_reply(uint64_t id, uint64_t first_value)
{
	struct keeper_reply reply;

	memset(&reply, 0, sizeof(reply));
	reply.id = id;
	reply.verb = KEEPER_COUNTERS;
	reply.counters.value[0] = first_value;
	return reply;
}

static void answer_bytes(const struct fixture *f, const void *bytes, size_t size)
{
	assert_int_equal(send(f->keeper, bytes, size, 0), size);
}

static void answer(const struct fixture *f, struct keeper_reply reply)
{
	answer_bytes(f, &reply, sizeof(reply));
}

/* An answer that carries `count` copies of a descriptor. */
static void answer_with(const struct fixture *f, const struct keeper_reply *reply, int fd,
			size_t count)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(8 * sizeof(int))];
	} ancillary = { 0 };
	struct iovec body = { .iov_base = (void *)(uintptr_t)reply, .iov_len = sizeof(*reply) };
	struct msghdr message = { .msg_iov = &body,
				  .msg_iovlen = 1,
				  .msg_control = ancillary.bytes,
				  .msg_controllen = CMSG_SPACE(count * sizeof(int)) };

	ancillary.header.cmsg_level = SOL_SOCKET;
	ancillary.header.cmsg_type = SCM_RIGHTS;
	ancillary.header.cmsg_len = CMSG_LEN(count * sizeof(int));
	for (size_t i = 0; i < count; i++)
		memcpy(CMSG_DATA(&ancillary.header) + i * sizeof(int), &fd, sizeof(fd));
	assert_int_equal(sendmsg(f->keeper, &message, 0), sizeof(*reply));
}

/* The lowest descriptor that is free: one that was leaked in between would move it. */
static int lowest_free_fd(void)
{
	int fd = dup(STDIN_FILENO);

	close(fd);
	return fd;
}

/* --- the questions --- */

static int ask_counters(const struct fixture *f, struct counters *ret_counters)
{
	asked++;
	return keeper_link_counters(f->worker, ret_counters);
}

static void expect_refused(const struct fixture *f, int want)
{
	struct counters counters = { { 123 } };

	assert_int_equal(ask_counters(f, &counters), want);
	assert_int_equal(counters.value[0], 123);
}

static void answered(void **state)
{
	struct fixture *f = *state;
	struct keeper_request request;
	struct counters counters;

	answer(f, counters_reply(asked + 1, 55));
	assert_int_equal(ask_counters(f, &counters), 0);
	assert_int_equal(counters.value[0], 55);
	assert_int_equal(recv(f->keeper, &request, sizeof(request), 0), sizeof(request));
	assert_int_equal(request.id, asked);
	assert_int_equal(request.verb, KEEPER_COUNTERS);
	assert_int_equal(request.argument, 0);
}

static void what_the_keeper_refuses(void **state)
{
	struct fixture *f = *state;
	struct keeper_reply reply = counters_reply(asked + 1, 55);

	reply.result = -EOPNOTSUPP;
	answer(f, reply);
	expect_refused(f, -EOPNOTSUPP);
}

/* Two questions are given up, their answers come after all: the third gets its own. */
static void late_answers_are_passed_over(void **state)
{
	struct fixture *f = *state;
	struct counters counters;

	answer(f, counters_reply(asked - 1, 11));
	answer(f, counters_reply(asked, 22));
	answer(f, counters_reply(asked + 1, 33));
	assert_int_equal(ask_counters(f, &counters), 0);
	assert_int_equal(counters.value[0], 33);
}

static void silence(void **state)
{
	expect_refused(*state, -ETIMEDOUT);
}

static void another_answer(void **state)
{
	struct fixture *f = *state;
	struct keeper_reply reply = counters_reply(asked + 1, 55);

	reply.verb = KEEPER_PROBES;
	answer(f, reply);
	expect_refused(f, -EPROTO);
	answer(f, counters_reply(asked + 2, 55)); /* to a question not put yet */
	expect_refused(f, -EPROTO);
}

static void wrong_sizes(void **state)
{
	static uint8_t bytes[sizeof(struct keeper_reply) + 1];
	static const size_t sizes[] = { 1, sizeof(struct keeper_reply) - 1,
					sizeof(struct keeper_reply) + 1 };
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		struct keeper_reply reply = counters_reply(asked + 1, 55);

		memcpy(bytes, &reply, sizeof(reply));
		answer_bytes(f, bytes, sizes[i]);
		expect_refused(f, -EPROTO);
	}
}

static void keeper_gone(void **state)
{
	struct fixture *f = *state;

	close(f->keeper);
	f->keeper = -1;
	expect_refused(f, -EPIPE);
}

/* It goes between the question and the answer. */
static void keeper_going(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(shutdown(f->keeper, SHUT_WR), 0);
	expect_refused(f, -EPIPE);
}

static int describe(const struct fixture *f, int descriptors[KEEPER_FD_COUNT])
{
	struct keeper_description description;

	asked++;
	return keeper_link_describe(f->worker, &description, descriptors);
}

static struct keeper_reply description_reply(void)
{
	struct keeper_reply reply = counters_reply(asked + 1, 0);

	reply.verb = KEEPER_DESCRIBE;
	return reply;
}

static void descriptors_come_with_the_description(void **state)
{
	struct fixture *f = *state;
	struct keeper_reply reply = description_reply();
	int descriptors[KEEPER_FD_COUNT];

	answer_with(f, &reply, STDIN_FILENO, KEEPER_FD_COUNT);
	assert_int_equal(describe(f, descriptors), 0);
	for (size_t i = 0; i < KEEPER_FD_COUNT; i++) {
		assert_int_equal(fcntl(descriptors[i], F_GETFD), FD_CLOEXEC);
		close(descriptors[i]);
	}
}

/* None, too few, one too many (for which there is room by alignment), far too many. */
static void another_number_of_descriptors(void **state)
{
	static const size_t counts[] = { 0, 1, KEEPER_FD_COUNT - 1, KEEPER_FD_COUNT + 1, 8 };
	struct fixture *f = *state;
	int free_before = lowest_free_fd();
	int descriptors[KEEPER_FD_COUNT] = { -1, -1, -1 };

	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
		struct keeper_reply reply = description_reply();

		if (counts[i] > 0)
			answer_with(f, &reply, STDIN_FILENO, counts[i]);
		else
			answer(f, reply);
		assert_int_equal(describe(f, descriptors), -EPROTO);
		assert_int_equal(descriptors[0], -1);
		assert_int_equal(lowest_free_fd(), free_before);
	}
}

static void descriptors_nobody_asked_for(void **state)
{
	struct fixture *f = *state;
	struct keeper_reply reply = counters_reply(asked + 1, 55);
	int free_before = lowest_free_fd();

	answer_with(f, &reply, STDIN_FILENO, 1);
	expect_refused(f, -EPROTO);
	assert_int_equal(lowest_free_fd(), free_before);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(answered),
		TEST(what_the_keeper_refuses),
		TEST(late_answers_are_passed_over),
		TEST(silence),
		TEST(another_answer),
		TEST(wrong_sizes),
		TEST(keeper_gone),
		TEST(keeper_going),
		TEST(descriptors_come_with_the_description),
		TEST(another_number_of_descriptors),
		TEST(descriptors_nobody_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
