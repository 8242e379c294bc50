/* SPDX-License-Identifier: Apache-2.0 */
/* What a worker that was taken over could send: nothing but a request is answered with anything. */
#include "sensor/keeper/serve.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct hostile_case {
	const char *name;
	size_t size;
	uint32_t verb;
	uint32_t argument;
	uint32_t what; /* of the file to be hashed */
	char path_end; /* where the NUL belongs */
} cases[] = {
	{ "one byte", 1, 0, 0 },
	{ "a request cut short", sizeof(struct keeper_request) - 1, KEEPER_COUNTERS, 0 },
	{ "a request too long", sizeof(struct keeper_request) + 1, KEEPER_COUNTERS, 0 },
	{ "far too long", 60000, KEEPER_DESCRIBE, 0 },
	{ "verb 0", sizeof(struct keeper_request), 0, 0 },
	{ "the first verb there is not", sizeof(struct keeper_request), KEEPER_HASHER_RESTART + 1,
	  0 },
	{ "the last verb there is not", sizeof(struct keeper_request), UINT32_MAX, 0 },
	{ "an argument where none belongs", sizeof(struct keeper_request), KEEPER_COUNTERS, 1 },
	{ "nothing to be hashed", sizeof(struct keeper_request), KEEPER_HASH, 0, 0 },
	{ "what cannot be hashed", sizeof(struct keeper_request), KEEPER_HASH, 0,
	  KEEPER_HASH_FILE_LOOK + 1 },
	{ "a path without end", sizeof(struct keeper_request), KEEPER_HASH, 0,
	  KEEPER_HASH_EXECUTABLE, 'x' },
	{ "a file where none belongs", sizeof(struct keeper_request), KEEPER_COUNTERS, 0,
	  KEEPER_HASH_EXECUTABLE },
	{ "an argument to describe", sizeof(struct keeper_request), KEEPER_DESCRIBE, UINT32_MAX },
};

static void is_refused(void **state)
{
	static uint8_t bytes[60000];
	const struct hostile_case *c = *state;
	/* No loader behind it: a request that got through would crash. */
	const struct serve_context context = { .state_fd = -1 };
	struct keeper_request request = {
		.id = 77, .verb = c->verb, .argument = c->argument, .hash.what = c->what
	};
	struct keeper_reply reply;
	int pair[2];

	request.hash.path[sizeof(request.hash.path) - 1] = c->path_end;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	memcpy(bytes, &request, sizeof(request));
	assert_int_equal(send(pair[0], bytes, c->size, 0), c->size);
	assert_int_equal(serve_request(&context, pair[1]), 0);
	assert_int_equal(recv(pair[0], &reply, sizeof(reply), 0), sizeof(reply));
	assert_int_equal(reply.result, -EINVAL);
	close(pair[0]);
	assert_int_equal(serve_request(&context, pair[1]), -EPIPE);
	close(pair[1]);
}

/* A keeper that waits for room would answer neither its signals nor the next worker. */
static void never_waits_for_the_reader(void **state)
{
	const struct serve_context context = { .state_fd = -1 };
	const struct keeper_request request = { .verb = UINT32_MAX };
	int pair[2];
	int r = 0;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	while (r == 0) {
		assert_int_equal(send(pair[0], &request, sizeof(request), 0), sizeof(request));
		r = serve_request(&context, pair[1]);
	}
	assert_int_equal(r, -EAGAIN);
	close(pair[0]);
	close(pair[1]);
}

#define CASES (sizeof(cases) / sizeof(*cases))

int main(void)
{
	struct CMUnitTest tests[CASES + 1];

	tests[CASES] = (struct CMUnitTest)cmocka_unit_test(never_waits_for_the_reader);
	for (size_t i = 0; i < CASES; i++)
		tests[i] = (struct CMUnitTest){ cases[i].name, is_refused, NULL, NULL, &cases[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
