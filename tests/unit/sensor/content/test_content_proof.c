/* SPDX-License-Identifier: Apache-2.0 */
/* Programs written as they were executed, and files that are touched while they are hashed. */
#include "sensor/content/content_private.h"

#include "support/content_case.h"

static struct decoded_exec *fresh_of(const struct world *w)
{
	struct decoded_exec *exec = exec_of(w, 1, SMALL);

	exec->fixed.ctime_ns = w->now_ns + clock_boot_epoch_ns();
	return exec;
}

static void wait_a_tick(struct world *w)
{
	w->now_ns += clock_file_tick_ns() + NS_PER_MS; /* the clock is another one */
}

static void it_is_looked_at_once_its_times_have_settled(void **state)
{
	struct world *w = *state;
	struct decoded_exec *exec = fresh_of(w);
	struct content_facts facts;

	assert_int_equal(look(w, exec, true, &facts), CONTENT_WAIT);
	assert_int_equal(w->asked_count, 0);
	wait_a_tick(w);
	assert_int_equal(look(w, exec, true, &facts), CONTENT_WAIT);
	assert_int_equal(w->asked_count, 2);
	assert_int_equal(w->asked[0].what, KEEPER_HASH_EXECUTABLE_LOOK);
	assert_int_equal(w->asked[0].time_ns, exec->fixed.header.time_ns);
	assert_int_equal(w->asked[0].identity.inode, 1);
	assert_int_equal(w->asked[1].what, KEEPER_HASH_EXECUTABLE);
	give_last(w, HASH_OK);
	assert_int_equal(look(w, exec, true, &facts), CONTENT_READY);
	assert_int_equal(facts.hash.status, HASH_OK);
	assert_int_equal(w->asked_count, 2);
}

static void what_has_ended_by_then_is_not_known(void **state)
{
	struct world *w = *state;
	struct decoded_exec *exec = fresh_of(w);
	struct content_facts facts;

	w->look_answer = HASH_VANISHED;
	assert_int_equal(look(w, exec, true, &facts), CONTENT_WAIT);
	wait_a_tick(w);
	assert_int_equal(look(w, exec, true, &facts), CONTENT_READY);
	assert_int_equal(facts.hash.status, HASH_UNSETTLED);
	assert_int_equal(facts.hash.sha256[0], 0);
}

/* The digest is of what the file holds now. */
static void a_digest_that_is_known_proves_nothing(void **state)
{
	struct world *w = *state;
	struct decoded_exec *exec = fresh_of(w);
	struct content_facts facts;

	w->look_answer = HASH_UNSETTLED;
	wait_a_tick(w);
	exec->fixed.header.time_ns = w->now_ns; /* an execution a tick later: that counts */
	assert_int_equal(look(w, exec, true, &facts), CONTENT_WAIT);
	give_last(w, HASH_OK);
	assert_int_equal(look(w, exec, true, &facts), CONTENT_READY);
	assert_int_equal(facts.hash.status, HASH_OK);
	exec->fixed.process.exec_count++;
	exec->fixed.header.time_ns = exec->fixed.ctime_ns - clock_boot_epoch_ns();
	assert_int_equal(look(w, exec, true, &facts), CONTENT_READY);
	assert_int_equal(facts.hash.status, HASH_UNSETTLED);
}

static void nobody_waits_for_it_who_may_not(void **state)
{
	struct world *w = *state;
	struct content_facts facts;

	assert_int_equal(look(w, fresh_of(w), false, &facts), CONTENT_READY);
	assert_int_equal(facts.hash.status, HASH_UNSETTLED);
	assert_int_equal(content_promised(w->content), 0);
}

static void a_file_from_the_future_holds_nobody_up(void **state)
{
	struct world *w = *state;
	struct decoded_exec *exec = fresh_of(w);
	struct content_facts facts;

	exec->fixed.ctime_ns += 3600 * NS_PER_S;
	assert_int_equal(look(w, exec, true, &facts), CONTENT_READY);
	assert_int_equal(facts.hash.status, HASH_UNSETTLED);
	assert_int_equal(w->asked_count, 0);
}

/* --- touched while it is hashed --- */

static void it_is_hashed_again(void **state)
{
	struct world *w = *state;
	struct decoded_exec *exec = exec_of(w, 1, SMALL);
	struct content_facts facts;

	assert_int_equal(look(w, exec, true, &facts), CONTENT_WAIT);
	give_last(w, HASH_CHANGED);
	content_step(w->content, w->now_ns);
	assert_int_equal(w->asked_count, 1); /* not at once */
	wait_a_tick(w);
	content_step(w->content, w->now_ns);
	assert_int_equal(w->asked_count, 2);
	give_last(w, HASH_TOUCHED);
	assert_int_equal(look(w, exec, true, &facts), CONTENT_READY);
	assert_int_equal(facts.hash.status, HASH_TOUCHED);
}

static void but_not_for_ever(void **state)
{
	struct world *w = *state;
	struct content_facts facts;

	look(w, exec_of(w, 1, SMALL), true, &facts);
	for (int i = 0; i < 10 && look(w, exec_of(w, 1, SMALL), true, &facts) == CONTENT_WAIT;
	     i++) {
		w->answer = i % 2 ? HASH_PENDING : HASH_UNSETTLED;
		give_last(w, HASH_CHANGED);
		wait_a_tick(w);
		content_step(w->content, w->now_ns);
	}
	assert_int_equal(facts.hash.status, HASH_CHANGED);
	assert_in_range(w->asked_count, 2, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CONTENT_TEST(it_is_looked_at_once_its_times_have_settled),
		CONTENT_TEST(what_has_ended_by_then_is_not_known),
		CONTENT_TEST(a_digest_that_is_known_proves_nothing),
		CONTENT_TEST(nobody_waits_for_it_who_may_not),
		CONTENT_TEST(a_file_from_the_future_holds_nobody_up),
		CONTENT_TEST(it_is_hashed_again),
		CONTENT_TEST(but_not_for_ever),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
