/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/group.h"

#include <errno.h>
#include <event2/event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

/* A group whose commits do what the test says. */
struct fixture {
	struct event_base *base;
	struct group *group;
	struct group_member a;
	struct group_member b;
	int commit_answer;
	uint32_t commits;
	uint32_t discards;
	uint32_t durable;
	uint32_t lost;
};

static int commit(void *context)
{
	struct fixture *f = context;

	f->commits++;
	return f->commit_answer;
}

static void discard(void *context)
{
	struct fixture *f = context;

	f->discards++;
}

static void settled(void *context, struct group_member *member, bool is_durable)
{
	struct fixture *f = context;

	assert_true(member == &f->a || member == &f->b);
	assert_false(member->is_waiting);
	if (is_durable)
		f->durable++;
	else
		f->lost++;
}

static int set_up(void **state)
{
	static struct fixture f;
	struct group_options options = { .age_ms = 20,
					 .batches_max = 3,
					 .bytes_max = 1000,
					 .rest_min_ms = 20,
					 .rest_max_ms = 50,
					 .commit = commit,
					 .discard = discard,
					 .settled = settled,
					 .context = &f };

	f = (struct fixture){ .base = event_base_new() };
	*state = &f;
	return group_new(f.base, &options, &f.group);
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	group_free(f->group);
	event_base_free(f->base);
	return 0;
}

/* Until no timer is left. */
static void run(struct fixture *f)
{
	event_base_dispatch(f->base);
}

/* Only what is due now. */
static void run_due(struct fixture *f)
{
	event_base_loop(f->base, EVLOOP_NONBLOCK);
}

static void one_commit_answers_all(void **state)
{
	struct fixture *f = *state;

	group_join(f->group, &f->a);
	group_join(f->group, &f->b);
	group_join(f->group, &f->a);
	group_count(f->group, 10);
	run_due(f);
	assert_int_equal(f->commits, 0);
	run(f);
	assert_int_equal(f->commits, 1);
	assert_int_equal(f->durable, 2);
	assert_int_equal(f->lost, 0);
}

static void full_by_count(void **state)
{
	struct fixture *f = *state;

	group_join(f->group, &f->a);
	for (int i = 0; i < 3; i++)
		group_count(f->group, 1);
	run_due(f);
	assert_int_equal(f->commits, 1);
	group_count(f->group, 1); /* counts from 0 again */
	run_due(f);
	assert_int_equal(f->commits, 1);
}

static void full_by_bytes(void **state)
{
	struct fixture *f = *state;

	group_count(f->group, 999);
	run_due(f);
	assert_int_equal(f->commits, 0);
	group_count(f->group, 1);
	run_due(f);
	assert_int_equal(f->commits, 1);
}

static void who_left_is_not_answered(void **state)
{
	struct fixture *f = *state;

	group_join(f->group, &f->a);
	group_join(f->group, &f->b);
	group_leave(f->group, &f->a);
	group_leave(f->group, &f->a);
	group_commit(f->group);
	assert_int_equal(f->durable, 1);
}

static void failure_loses_all_and_rests(void **state)
{
	struct fixture *f = *state;

	f->commit_answer = -ENOSPC;
	group_join(f->group, &f->a);
	group_join(f->group, &f->b);
	group_commit(f->group);
	assert_int_equal(f->discards, 1);
	assert_int_equal(f->lost, 2);
	assert_int_equal(f->durable, 0);
	assert_true(group_is_resting(f->group));
	run(f);
	assert_false(group_is_resting(f->group));

	f->commit_answer = 0;
	group_join(f->group, &f->a);
	group_commit(f->group);
	assert_int_equal(f->durable, 1);
}

static void rests_grow_up_to_a_limit(void **state)
{
	struct fixture *f = *state;
	struct timeval before;
	struct timeval after;

	f->commit_answer = -EIO;
	for (int i = 0; i < 4; i++) {
		group_join(f->group, &f->a);
		group_fail(f->group);
		evutil_gettimeofday(&before, NULL);
		run(f);
		evutil_gettimeofday(&after, NULL);
		evutil_timersub(&after, &before, &after);
		assert_true(after.tv_usec >= (i == 0 ? 15000 : i == 1 ? 35000 : 45000));
	}
	assert_int_equal(f->lost, 4);
	assert_int_equal(f->commits, 0);
}

static void count_one(evutil_socket_t fd, short what, void *context)
{
	struct fixture *f = context;

	(void)fd;
	(void)what;
	group_count(f->group, 1);
}

/* A sensor whose next batch is there at each turn of the loop must not put off the commit. */
static void never_a_pause(void **state)
{
	struct fixture *f = *state;
	struct event *batches;
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "x", 1), 1); /* never read */
	batches = event_new(f->base, ends[0], EV_READ | EV_PERSIST, count_one, f);
	assert_non_null(batches);
	event_add(batches, NULL);
	for (int turn = 0; turn < 40; turn++)
		event_base_loop(f->base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
	assert_in_range(f->commits, 5, 40);
	event_free(batches);
	close(ends[0]);
	close(ends[1]);
}

static void nothing_to_commit(void **state)
{
	struct fixture *f = *state;

	group_commit(f->group);
	assert_int_equal(f->commits, 0);
	group_join(f->group, NULL);
	group_commit(f->group);
	assert_int_equal(f->commits, 1);
	assert_int_equal(f->durable, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_commit_answers_all),
		TEST(full_by_count),
		TEST(full_by_bytes),
		TEST(who_left_is_not_answered),
		TEST(failure_loses_all_and_rests),
		TEST(rests_grow_up_to_a_limit),
		TEST(never_a_pause),
		TEST(nothing_to_commit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
