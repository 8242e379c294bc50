/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/decode/decode.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "support/event_build.h"

static const struct process_key process = { 111, 42, 3 };
static const struct process_key parent = { 100, 41, 2 };

/* Decodes an exact-size heap copy, so that the sanitizer sees one byte over. */
static int decode(const uint8_t *bytes, size_t size, struct decoded_event *ret_event)
{
	uint8_t *copy = malloc(size > 0 ? size : 1);
	int r;

	assert_non_null(copy);
	memcpy(copy, bytes, size);
	r = decode_event(copy, size, ret_event);
	free(copy);
	return r;
}

static void build_good(enum event_kind kind, struct built_event *to)
{
	struct event_fork fork = build_fork(process, parent, 5);
	struct event_exit event = build_exit(process, 5);
	struct event_flow flow = build_flow(process, 5000);
	struct event_exec exec = build_exec(process, parent, 5);
	struct event_throttle throttle = build_throttle(5);
	struct event_cgroup cgroup = { build_header(EVENT_CGROUP, sizeof(cgroup), 5) };
	struct event_bytes bytes = build_bytes(5);

	event.header.kind = (__u16)kind;
	if (kind == EVENT_THROTTLE)
		build_from(to, &throttle, sizeof(throttle));
	else if (kind == EVENT_CGROUP)
		build_from(to, &cgroup, sizeof(cgroup));
	else if (kind == EVENT_FORK)
		build_from(to, &fork, sizeof(fork));
	else if (kind == EVENT_EXIT || kind == EVENT_GONE)
		build_from(to, &event, sizeof(event));
	else if (kind == EVENT_BYTES)
		build_from(to, &bytes, sizeof(bytes));
	else if (kind == EVENT_FLOW)
		build_from(to, &flow, sizeof(flow));
	else if (kind == EVENT_EXEC)
		build_exec_with(to, kind, exec, "ls\0bin\0usr", 11, "ls\0-l", 6);
	else
		build_exec_with(to, kind, exec, "ls\0bin\0usr", 11, NULL, 0);
}

static void every_prefix_is_refused(void **state)
{
	static struct built_event event;
	struct decoded_event decoded;

	(void)state;
	for (int kind = EVENT_KIND_NONE + 1; kind < EVENT_KIND_COUNT; kind++) {
		build_good((enum event_kind)kind, &event);
		assert_int_equal(decode(event.bytes, event.size, &decoded), 0);
		assert_int_equal(decoded.kind, kind);
		for (size_t cut = 0; cut < event.size; cut++)
			assert_int_equal(decode(event.bytes, cut, &decoded), -EBADMSG);
	}
}

/* The same with the size in the header put right: the kind's own decoder must notice. */
static void every_prefix_with_its_size_is_refused(void **state)
{
	static struct built_event event;
	struct decoded_event decoded;

	(void)state;
	for (int kind = EVENT_KIND_NONE + 1; kind < EVENT_KIND_COUNT; kind++) {
		build_good((enum event_kind)kind, &event);
		for (uint32_t cut = sizeof(struct event_header); cut < event.size; cut++) {
			memcpy(event.bytes, &cut, sizeof(cut));
			assert_int_equal(decode(event.bytes, cut, &decoded), -EBADMSG);
		}
	}
}

static void bytes_after_the_event_are_refused(void **state)
{
	static struct built_event event;
	struct decoded_event decoded;

	(void)state;
	for (int kind = EVENT_KIND_NONE + 1; kind < EVENT_KIND_COUNT; kind++) {
		uint32_t size;

		build_good((enum event_kind)kind, &event);
		size = (uint32_t)event.size + 1;
		assert_int_equal(decode(event.bytes, size, &decoded), -EBADMSG);
		memcpy(event.bytes, &size, sizeof(size));
		assert_int_equal(decode(event.bytes, size, &decoded), -EBADMSG);
	}
}

static void unknown_kinds_are_refused(void **state)
{
	static const uint16_t kinds[] = { EVENT_KIND_NONE, EVENT_KIND_COUNT, 255, UINT16_MAX };
	static struct built_event event;
	struct decoded_event decoded;

	(void)state;
	build_good(EVENT_FORK, &event);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		memcpy(event.bytes + offsetof(struct event_header, kind), &kinds[i],
		       sizeof(kinds[i]));
		assert_int_equal(decode(event.bytes, event.size, &decoded), -EBADMSG);
	}
}

static void failure_leaves_the_output_alone(void **state)
{
	static struct built_event event;
	static struct decoded_event decoded, before;

	(void)state;
	memset(&decoded, 0x5a, sizeof(decoded));
	before = decoded;
	for (int kind = EVENT_KIND_NONE + 1; kind < EVENT_KIND_COUNT; kind++) {
		build_good((enum event_kind)kind, &event);
		event.bytes[0]--;
		assert_int_equal(decode(event.bytes, event.size - 1, &decoded), -EBADMSG);
		assert_memory_equal(&decoded, &before, sizeof(before));
	}
}

static void fixed_events_arrive_whole(void **state)
{
	struct event_fork fork = build_fork(process, parent, 5);
	struct event_exit event = build_exit(process, 6);
	struct event_flow flow = build_flow(process, 7000);
	struct decoded_event decoded;

	(void)state;
	assert_int_equal(decode((uint8_t *)&fork, sizeof(fork), &decoded), 0);
	assert_memory_equal(&decoded.fork, &fork, sizeof(fork));
	assert_int_equal(decoded.header.time_ns, 5);
	assert_int_equal(decode((uint8_t *)&event, sizeof(event), &decoded), 0);
	assert_memory_equal(&decoded.exit, &event, sizeof(event));
	assert_int_equal(decode((uint8_t *)&flow, sizeof(flow), &decoded), 0);
	assert_memory_equal(&decoded.flow, &flow, sizeof(flow));
	assert_int_equal(decoded.header.cpu, 1);
}

static void an_event_needs_a_process(void **state)
{
	struct event_fork fork = build_fork(build_key(0, 0, 0), parent, 5);
	struct event_fork first = build_fork(process, build_key(0, 0, 0), 5);
	struct event_exit event = build_exit(build_key(0, 0, 0), 6);
	struct decoded_event decoded;

	(void)state;
	assert_int_equal(decode((uint8_t *)&fork, sizeof(fork), &decoded), -EBADMSG);
	assert_int_equal(decode((uint8_t *)&event, sizeof(event), &decoded), -EBADMSG);
	assert_int_equal(decode((uint8_t *)&first, sizeof(first), &decoded), 0);
}

static void a_comm_is_always_ended(void **state)
{
	struct event_exit event = build_exit(process, 6);
	struct decoded_event decoded;

	(void)state;
	memset(event.comm, 'x', sizeof(event.comm));
	assert_int_equal(decode((uint8_t *)&event, sizeof(event), &decoded), 0);
	assert_string_equal(decoded.exit.comm, "xxxxxxxxxxxxxxx");
}

#define BYTES(literal) literal, sizeof(literal) - 1

static struct path_case {
	const char *name;
	const char *bytes;
	size_t size;
	uint32_t flags;
	const char *want; /* NULL: refused */
} path_cases[] = {
	{ "path: three names", BYTES("ls\0bin\0usr\0"), 0, "/usr/bin/ls" },
	{ "path: one name", BYTES("init\0"), 0, "/init" },
	{ "path: none", BYTES(""), EXEC_PATH_UNREADABLE, "" },
	{ "path: cut, so it has no slash in front", BYTES("ls\0bin\0"), EXEC_PATH_TRUNCATED,
	  "bin/ls" },
	{ "path: unreadable and yet there", BYTES("ls\0"), EXEC_PATH_UNREADABLE, NULL },
	{ "path: the last name is not ended", BYTES("ls\0bin"), 0, NULL },
	{ "path: only name is not ended", BYTES("ls"), 0, NULL },
	{ "path: empty name in front", BYTES("\0bin\0"), 0, NULL },
	{ "path: empty name inside", BYTES("ls\0\0bin\0"), 0, NULL },
	{ "path: empty name at the end", BYTES("ls\0bin\0\0"), 0, NULL },
	{ "path: only a NUL", BYTES("\0"), 0, NULL },
	{ "path: slash in the leaf", BYTES("a/b\0bin\0"), 0, NULL },
	{ "path: slash in a directory", BYTES("ls\0a/b\0"), 0, NULL },
	{ "path: memfd named like a path", BYTES("memfd:run:/proc/self/exe\0"), EXEC_DELETED,
	  "/memfd:run:/proc/self/exe" },
	{ "path: bytes that are no text", BYTES("\xff\x01\n\0usr\0"), 0, "/usr/\xff\x01\n" },
	{ "path: unknown flag", BYTES("ls\0"), EXEC_ANCESTORS_CUT << 1, NULL },
};

static void check_path(void **state)
{
	const struct path_case *c = *state;
	struct event_exec fixed = build_exec(process, parent, 5);
	static struct built_event event;
	struct decoded_event decoded;

	fixed.flags = c->flags;
	build_exec_with(&event, EVENT_EXEC, fixed, c->bytes, c->size, NULL, 0);
	assert_int_equal(decode(event.bytes, event.size, &decoded), c->want ? 0 : -EBADMSG);
	if (!c->want)
		return;
	assert_string_equal(decoded.exec.path, c->want);
	assert_int_equal(decoded.exec.path_length, strlen(c->want));
}

static void exec_has_every_field(void **state)
{
	struct event_exec fixed = build_exec(process, parent, 5);
	static struct built_event event;
	struct decoded_event decoded;

	(void)state;
	fixed.flags = EXEC_ARGS_TRUNCATED;
	fixed.args_total_bytes = 99;
	build_exec_with(&event, EVENT_EXEC, fixed, BYTES("ls\0bin\0"), BYTES("ls\0-l"));
	assert_int_equal(decode_event(event.bytes, event.size, &decoded), 0);
	assert_memory_equal(&decoded.exec.fixed, event.bytes, sizeof(fixed));
	assert_int_equal(decoded.exec.args.length, 5);
	assert_memory_equal(decoded.exec.args.at, "ls\0-l", 5);
	/* argv stays where it is: in the ring */
	assert_ptr_equal(decoded.exec.args.at, event.bytes + sizeof(fixed) + 7);
}

static void a_path_may_have_64_names(void **state)
{
	struct event_exec fixed = build_exec(process, parent, 5);
	char names[2 * (EVENT_PATH_COMPONENTS_MAX + 1)];
	static struct built_event event;
	struct decoded_event decoded;

	(void)state;
	for (size_t i = 0; i < sizeof(names); i += 2)
		memcpy(names + i, "x", 2);
	build_exec_with(&event, EVENT_EXEC, fixed, names, sizeof(names) - 2, NULL, 0);
	assert_int_equal(decode(event.bytes, event.size, &decoded), 0);
	assert_int_equal(decoded.exec.path_length, sizeof(names) - 2);
	build_exec_with(&event, EVENT_EXEC, fixed, names, sizeof(names), NULL, 0);
	assert_int_equal(decode(event.bytes, event.size, &decoded), -EBADMSG);
}

static void lengths_reach_their_limits_and_no_further(void **state)
{
	struct event_exec fixed = build_exec(process, parent, 5);
	static char bytes[EVENT_ARGS_BYTES_MAX + 1];
	static struct built_event event;
	struct decoded_event decoded;

	(void)state;
	memset(bytes, 'x', sizeof(bytes));
	build_exec_with(&event, EVENT_EXEC, fixed, NULL, 0, bytes, EVENT_ARGS_BYTES_MAX);
	assert_int_equal(decode(event.bytes, event.size, &decoded), 0);
	build_exec_with(&event, EVENT_EXEC, fixed, NULL, 0, bytes, EVENT_ARGS_BYTES_MAX + 1);
	assert_int_equal(decode(event.bytes, event.size, &decoded), -EBADMSG);
	bytes[EVENT_PATH_BYTES_MAX - 1] = '\0';
	build_exec_with(&event, EVENT_EXEC, fixed, bytes, EVENT_PATH_BYTES_MAX, NULL, 0);
	assert_int_equal(decode(event.bytes, event.size, &decoded), 0);
	assert_int_equal(decoded.exec.path_length, EVENT_PATH_BYTES_MAX);
	bytes[EVENT_PATH_BYTES_MAX - 1] = 'x';
	bytes[EVENT_PATH_BYTES_MAX] = '\0';
	build_exec_with(&event, EVENT_EXEC, fixed, bytes, EVENT_PATH_BYTES_MAX + 1, NULL, 0);
	assert_int_equal(decode(event.bytes, event.size, &decoded), -EBADMSG);
}

/* path_bytes and args_bytes that do not add up to the rest, among them sums that wrap round. */
static void lengths_must_add_up(void **state)
{
	static const uint32_t lengths[][2] = {
		{ 0, 0 },
		{ 3, 5 },
		{ 4, 6 },
		{ 10, 0 },
		{ 0xffffffff, 10 },
		{ 10, 0xffffffff },
		{ 0x80000003, 0x80000006 },
		{ 5, 4 },
	};
	static struct built_event event;
	struct decoded_event decoded;

	(void)state;
	build_exec_with(&event, EVENT_EXEC, build_exec(process, parent, 5), BYTES("ls\0"),
			BYTES("ls\0-l\0"));
	assert_int_equal(decode(event.bytes, event.size, &decoded), 0);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		memcpy(event.bytes + offsetof(struct event_exec, path_bytes), lengths[i],
		       sizeof(lengths[i]));
		assert_int_equal(decode(event.bytes, event.size, &decoded), -EBADMSG);
	}
}

static void a_snapshot_is_an_exec_without_args(void **state)
{
	struct event_exec fixed = build_exec(process, parent, 5);
	static struct built_event event;
	struct decoded_event decoded;

	(void)state;
	fixed.flags = EXEC_ARGS_UNREADABLE;
	build_exec_with(&event, EVENT_SNAPSHOT, fixed, BYTES("ls\0bin\0"), NULL, 0);
	assert_int_equal(decode(event.bytes, event.size, &decoded), 0);
	assert_int_equal(decoded.kind, EVENT_SNAPSHOT);
	assert_string_equal(decoded.exec.path, "/bin/ls");
	assert_int_equal(decoded.exec.args.length, 0);

	fixed.flags = 0;
	build_exec_with(&event, EVENT_SNAPSHOT, fixed, BYTES("ls\0bin\0"), BYTES("ls\0"));
	assert_int_equal(decode(event.bytes, event.size, &decoded), -EBADMSG);
	fixed.flags = EXEC_ARGS_UNREADABLE;
	build_exec_with(&event, EVENT_EXEC, fixed, BYTES("ls\0bin\0"), BYTES("ls\0"));
	assert_int_equal(decode(event.bytes, event.size, &decoded), -EBADMSG);
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

int main(void)
{
	const struct CMUnitTest plain[] = {
		cmocka_unit_test(every_prefix_is_refused),
		cmocka_unit_test(every_prefix_with_its_size_is_refused),
		cmocka_unit_test(bytes_after_the_event_are_refused),
		cmocka_unit_test(unknown_kinds_are_refused),
		cmocka_unit_test(failure_leaves_the_output_alone),
		cmocka_unit_test(fixed_events_arrive_whole),
		cmocka_unit_test(an_event_needs_a_process),
		cmocka_unit_test(a_comm_is_always_ended),
		cmocka_unit_test(exec_has_every_field),
		cmocka_unit_test(a_path_may_have_64_names),
		cmocka_unit_test(lengths_reach_their_limits_and_no_further),
		cmocka_unit_test(lengths_must_add_up),
		cmocka_unit_test(a_snapshot_is_an_exec_without_args),
	};
	struct CMUnitTest tests[COUNT(plain) + COUNT(path_cases)];
	size_t count = 0;

	for (size_t i = 0; i < COUNT(plain); i++)
		tests[count++] = plain[i];
	for (size_t i = 0; i < COUNT(path_cases); i++)
		tests[count++] = (struct CMUnitTest){ path_cases[i].name, check_path, NULL, NULL,
						      &path_cases[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
