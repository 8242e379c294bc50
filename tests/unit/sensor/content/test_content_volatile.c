/* SPDX-License-Identifier: Apache-2.0 */
/* Files whose times do not tell that they have changed, and devices that may be others by now. */
#include "sensor/content/content.h"

#include "support/content_case.h"

static int set_up_volatile(void **state)
{
	set_up(state);
	((struct world *)*state)->is_volatile = true;
	return 0;
}

static void what_still_runs_is_told_and_not_remembered(void **state)
{
	struct world *w = *state;
	const struct keeper_hash_request *last;
	struct content_facts facts;

	assert_int_equal(look(w, exec_of(w, 1, SMALL), true, &facts), CONTENT_WAIT);
	give_last(w, HASH_OK);
	last = &w->asked[w->asked_count - 1];
	assert_int_equal(w->asked_count, 2);
	assert_int_equal(last->what, KEEPER_HASH_EXECUTABLE_LOOK);
	assert_int_equal(last->process.pid, 1);
	assert_int_equal(last->time_ns, w->now_ns);
	assert_int_equal(look(w, exec_of(w, 1, SMALL), true, &facts), CONTENT_READY);
	assert_int_equal(facts.hash.status, HASH_OK);
	assert_int_equal(facts.hash.sha256[0], 1);
	assert_int_equal(content_cache_count(content_cache(w->content)), 0);
}

static void what_has_ended_meanwhile_is_not_known(void **state)
{
	struct world *w = *state;
	struct content_facts facts;

	w->look_answer = HASH_UNSETTLED;
	assert_int_equal(look(w, exec_of(w, 1, SMALL), true, &facts), CONTENT_WAIT);
	give_last(w, HASH_OK);
	assert_int_equal(look(w, exec_of(w, 1, SMALL), true, &facts), CONTENT_READY);
	assert_int_equal(facts.hash.status, HASH_UNSETTLED);
	assert_int_equal(facts.hash.sha256[0], 0);
	assert_int_equal(content_cache_count(content_cache(w->content)), 0);
}

static void another_execution_of_it_is_not_known(void **state)
{
	struct world *w = *state;
	struct record_exec_update update;
	struct decoded_exec *exec;
	struct content_facts facts;

	assert_int_equal(look(w, exec_of(w, 1, SMALL), false, &facts), CONTENT_PROMISED);
	exec = exec_of(w, 1, SMALL);
	exec->fixed.process.exec_count++;
	assert_int_equal(look(w, exec, true, &facts), CONTENT_READY);
	assert_int_equal(facts.hash.status, HASH_UNSETTLED);
	give_last(w, HASH_OK);
	assert_true(content_next_update(w->content, &update));
	assert_int_equal(update.hash.status, HASH_OK);
	assert_int_equal(look(w, exec, true, &facts), CONTENT_READY);
	assert_int_equal(facts.hash.status, HASH_UNSETTLED);
}

/* Both were promised before the keeper had said what it is. */
static void another_promise_of_it_is_not_kept(void **state)
{
	struct world *w = *state;
	struct record_exec_update update;
	struct decoded_exec *exec;
	struct content_facts facts;

	w->error = -ETIMEDOUT;
	assert_int_equal(look(w, exec_of(w, 1, SMALL), false, &facts), CONTENT_PROMISED);
	exec = exec_of(w, 1, SMALL);
	exec->fixed.process.exec_count++;
	assert_int_equal(look(w, exec, false, &facts), CONTENT_PROMISED);
	w->error = 0;
	content_step(w->content, w->now_ns);
	give_last(w, HASH_OK);
	assert_true(content_next_update(w->content, &update));
	assert_int_equal(update.process.key.exec_count, 0);
	assert_int_equal(update.hash.status, HASH_OK);
	assert_true(content_next_update(w->content, &update));
	assert_int_equal(update.process.key.exec_count, 1);
	assert_int_equal(update.hash.status, HASH_UNSETTLED);
	assert_int_equal(update.hash.sha256[0], 0);
}

static void a_script_is_not_known(void **state)
{
	struct world *w = *state;
	struct decoded_exec *exec = exec_of(w, 1, SMALL);
	struct content_facts facts;

	exec->script = (struct text){ "/a", 2 };
	assert_int_equal(look(w, exec, true, &facts), CONTENT_WAIT);
	give(w, &script_file, HASH_OK);
	for (size_t i = 0; i < w->asked_count; i++)
		if (w->asked[i].what == KEEPER_HASH_EXECUTABLE)
			give(w, &w->asked[i].identity, HASH_OK);
	assert_int_equal(look(w, exec, true, &facts), CONTENT_READY);
	assert_int_equal(facts.hash.status, HASH_OK);
	assert_int_equal(facts.script_hash.status, HASH_UNSETTLED);
	assert_int_equal(facts.script_hash.sha256[0], 0);
	assert_int_equal(content_cache_count(content_cache(w->content)), 0);
}

/* Of overlays, btrfs and FUSE: a number that is free again is given away again. */
static void a_device_without_a_number_is_asked_after(void **state)
{
	struct world *w = *state;
	struct decoded_exec *exec = exec_of(w, 1, SMALL);
	struct content_facts facts;

	exec->fixed.device = 50;
	assert_int_equal(look(w, exec, true, &facts), CONTENT_WAIT);
	give_last(w, HASH_OK);
	w->now_ns += 10 * NS_PER_S;
	content_step(w->content, w->now_ns);
	exec->fixed.header.time_ns = w->now_ns;
	assert_int_equal(look(w, exec, true, &facts), CONTENT_READY);
	assert_int_equal(w->asked[w->asked_count - 1].what, KEEPER_HASH_FILE_LOOK);
	assert_int_equal(w->asked[w->asked_count - 1].identity.device, 50);
	assert_int_equal(facts.hash.status, HASH_OK);
	w->look_answer = HASH_UNREADABLE;
	w->answer = HASH_UNREADABLE;
	assert_int_equal(look(w, exec, true, &facts), CONTENT_READY);
	assert_int_equal(facts.hash.status, HASH_UNREADABLE);
	assert_int_equal(facts.hash.sha256[0], 0);
}

/* Within the moment for which what was found out is kept outside the cache, too. */
static void nor_is_what_was_just_found_out_told_of_another(void **state)
{
	struct world *w = *state;
	struct decoded_exec *exec = exec_of(w, 1, SMALL);
	struct content_facts facts;

	exec->fixed.device = 50;
	assert_int_equal(look(w, exec, true, &facts), CONTENT_WAIT);
	give_last(w, HASH_OK);
	w->look_answer = HASH_UNREADABLE;
	assert_int_equal(look(w, exec, true, &facts), CONTENT_READY);
	assert_int_equal(facts.hash.status, HASH_UNSETTLED);
	assert_int_equal(facts.hash.sha256[0], 0);
}

#define VOLATILE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up_volatile, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		VOLATILE_TEST(what_still_runs_is_told_and_not_remembered),
		VOLATILE_TEST(what_has_ended_meanwhile_is_not_known),
		VOLATILE_TEST(another_execution_of_it_is_not_known),
		VOLATILE_TEST(another_promise_of_it_is_not_kept),
		VOLATILE_TEST(a_script_is_not_known),
		CONTENT_TEST(a_device_without_a_number_is_asked_after),
		CONTENT_TEST(nor_is_what_was_just_found_out_told_of_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
