/* SPDX-License-Identifier: Apache-2.0 */
/* What is asked of the keeper, who waits for it, and what is promised instead. */
#include "sensor/content/content.h"

#include "support/content_case.h"

static void an_exec_waits_for_its_first_hash(void **state)
{
	struct world *w = *state;
	struct decoded_exec *exec = exec_of(w, 1, SMALL);
	struct content_facts facts;

	assert_int_equal(look(w, exec, true, &facts), CONTENT_WAIT);
	assert_int_equal(look(w, exec, true, &facts), CONTENT_WAIT);
	assert_int_equal(w->asked_count, 1);
	assert_string_equal(w->asked[0].path, "/bin/1");
	assert_int_equal(w->asked[0].process.pid, 1);
	give_last(w, HASH_OK);
	assert_int_equal(look(w, exec, true, &facts), CONTENT_READY);
	assert_int_equal(facts.hash.status, HASH_OK);
	assert_int_equal(facts.hash.sha256[0], 1);
	assert_true(facts.first_seen);
	assert_int_equal(look(w, exec, true, &facts), CONTENT_READY);
	assert_false(facts.first_seen);
	assert_int_equal(w->asked_count, 1);
	assert_int_equal(content_promised(w->content), 0);
}

static void not_for_long(void **state)
{
	struct world *w = *state;
	struct decoded_exec *exec = exec_of(w, 1, SMALL);
	struct record_exec_update update;
	struct content_facts facts;

	assert_int_equal(look(w, exec, true, &facts), CONTENT_WAIT);
	w->now_ns += CONTENT_PATIENCE_NS;
	assert_int_equal(look(w, exec, true, &facts), CONTENT_PROMISED);
	assert_int_equal(facts.hash.status, HASH_PENDING);
	assert_false(facts.first_seen);
	assert_int_equal(content_promised(w->content), 1);
	assert_false(content_next_update(w->content, &update));
	content_promise_px1(w->content, &exec->fixed.process, (struct text){ "euth", 4 });
	content_promise_px1(w->content, &(struct process_key){ 9, 9, 9 }, (struct text){ "x", 1 });
	give_last(w, HASH_OK);
	assert_true(content_next_update(w->content, &update));
	assert_int_equal(update.process.key.pid, 1);
	assert_int_equal(update.px1.length, 4);
	assert_memory_equal(update.px1.at, "euth", 4);
	assert_int_equal(update.process.uid, 1000);
	assert_int_equal(update.process.executable.length, 6);
	assert_memory_equal(update.process.executable.at, "/bin/1", 6);
	assert_int_equal(update.hash.status, HASH_OK);
	assert_int_equal(update.hash.sha256[0], 1);
	assert_true(update.first_seen);
	assert_false(content_next_update(w->content, &update));
	assert_int_equal(content_promised(w->content), 0);
}

static void for_a_large_one_not_at_all(void **state)
{
	struct world *w = *state;
	struct content_facts facts;

	assert_int_equal(look(w, exec_of(w, 1, CONTENT_WAITED_BYTES_MAX + 1), true, &facts),
			 CONTENT_PROMISED);
	assert_int_equal(look(w, exec_of(w, 2, CONTENT_WAITED_BYTES_MAX), true, &facts),
			 CONTENT_WAIT);
	assert_int_equal(look(w, exec_of(w, 3, SMALL), false, &facts), CONTENT_PROMISED);
}

static void why_there_is_none_is_said(void **state)
{
	static const enum hash_status reasons[] = { HASH_VANISHED, HASH_TOO_LARGE,
						    HASH_NOT_CONFIRMED, HASH_UNREADABLE };
	struct world *w = *state;
	struct content_facts facts;

	for (size_t i = 0; i < sizeof(reasons) / sizeof(*reasons); i++) {
		w->answer = reasons[i];
		assert_int_equal(look(w, exec_of(w, 10 + i, SMALL), true, &facts), CONTENT_READY);
		assert_int_equal(facts.hash.status, reasons[i]);
	}
	w->answer = HASH_PENDING;
	assert_int_equal(look(w, exec_of(w, 1, SMALL), true, &facts), CONTENT_WAIT);
	give_last(w, HASH_UNREADABLE);
	assert_int_equal(look(w, exec_of(w, 1, SMALL), true, &facts), CONTENT_READY);
	assert_int_equal(facts.hash.status, HASH_UNREADABLE);
	assert_int_equal(content_cache_count(content_cache(w->content)), 0);
}

/* Of the next execution of the same inode it may not be the hash. */
static void a_touched_file_is_told_and_not_remembered(void **state)
{
	struct world *w = *state;
	struct content_facts facts;

	assert_int_equal(look(w, exec_of(w, 1, SMALL), true, &facts), CONTENT_WAIT);
	give_last(w, HASH_TOUCHED);
	assert_int_equal(look(w, exec_of(w, 1, SMALL), true, &facts), CONTENT_READY);
	assert_int_equal(facts.hash.status, HASH_TOUCHED);
	assert_int_equal(facts.hash.sha256[0], 1);
	assert_int_equal(content_cache_count(content_cache(w->content)), 0);
	w->now_ns += 10 * NS_PER_S;
	content_step(w->content, w->now_ns);
	assert_int_equal(look(w, exec_of(w, 1, SMALL), true, &facts), CONTENT_WAIT);
}

/* What IMA found: told with the hash, and of every later execution. It is true of the file that was
 * executed even where that cannot be opened any more. */
static void the_measured_digest_is_told(void **state)
{
	struct world *w = *state;
	struct content_facts facts;

	w->ima = (struct keeper_digest){ 2, { 7, 8 } };
	assert_int_equal(look(w, exec_of(w, 1, SMALL), true, &facts), CONTENT_WAIT);
	give_last(w, HASH_OK);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(look(w, exec_of(w, 1, SMALL), true, &facts), CONTENT_READY);
		assert_int_equal(facts.hash.ima.algorithm, 2);
		assert_int_equal(facts.hash.ima.bytes, 20);
		assert_int_equal(facts.hash.ima.digest[1], 8);
	}
	w->answer = HASH_VANISHED;
	assert_int_equal(look(w, exec_of(w, 2, SMALL), true, &facts), CONTENT_READY);
	assert_int_equal(facts.hash.status, HASH_VANISHED);
	assert_int_equal(facts.hash.ima.algorithm, 2);
	w->ima.algorithm = 200; /* one that a later kernel may have */
	assert_int_equal(look(w, exec_of(w, 3, SMALL), true, &facts), CONTENT_READY);
	assert_int_equal(facts.hash.ima.algorithm, 0);
}

static void small_ones_are_asked_for_first(void **state)
{
	struct world *w = *state;
	struct content_facts facts;
	size_t large = 0;

	for (uint64_t i = 0; i < CONTENT_ASKED_MAX; i++)
		look(w, exec_of(w, 100 + i, LARGE), true, &facts);
	assert_int_equal(w->asked_count, CONTENT_ASKED_MAX / 2);
	for (uint64_t i = 0; i < CONTENT_ASKED_MAX; i++)
		look(w, exec_of(w, 200 + i, SMALL), true, &facts);
	assert_int_equal(w->asked_count, CONTENT_ASKED_MAX);
	give(w, &w->asked[0].identity, HASH_OK); /* a large one made room */
	assert_int_equal(w->asked_count, CONTENT_ASKED_MAX + 1);
	for (size_t i = 0; i < w->asked_count; i++)
		large += w->asked[i].identity.bytes == LARGE;
	assert_int_equal(large, CONTENT_ASKED_MAX / 2);
}

static void too_many_are_told_without_a_promise(void **state)
{
	struct world *w = *state;
	struct content_facts facts;

	w->answer = HASH_OVERLOADED; /* the hasher takes none: all wait */
	for (uint64_t i = 0; i < CONTENT_PROMISES_MAX; i++)
		assert_int_equal(look(w, exec_of(w, 1000 + i, SMALL), false, &facts),
				 CONTENT_PROMISED);
	assert_int_equal(look(w, exec_of(w, 1, SMALL), false, &facts), CONTENT_READY);
	assert_int_equal(facts.hash.status, HASH_OVERLOADED);
	assert_int_equal(content_promised(w->content), CONTENT_PROMISES_MAX);
}

static void a_new_hasher_is_asked_again(void **state)
{
	const struct hash_identity none = { 0 };
	struct world *w = *state;
	struct content_facts facts;

	look(w, exec_of(w, 1, SMALL), true, &facts);
	give(w, &none, HASH_NONE);
	content_step(w->content, w->now_ns);
	assert_int_equal(w->asked_count, 2);
	assert_memory_equal(&w->asked[0].identity, &w->asked[1].identity,
			    sizeof(w->asked[0].identity));
	content_step(w->content, w->now_ns);
	assert_int_equal(w->asked_count, 2);
}

static void a_hasher_that_is_stuck_is_replaced(void **state)
{
	struct world *w = *state;
	struct record_exec_update update;
	struct content_facts facts;

	look(w, exec_of(w, 1, SMALL), false, &facts);
	w->now_ns += 29 * NS_PER_S;
	content_step(w->content, w->now_ns);
	assert_int_equal(w->restarts, 0);
	w->now_ns += 2 * NS_PER_S;
	content_step(w->content, w->now_ns);
	assert_int_equal(w->restarts, 1);
	assert_true(content_next_update(w->content, &update));
	assert_int_equal(update.hash.status, HASH_UNREADABLE);
}

static void a_keeper_that_does_not_answer_is_asked_again(void **state)
{
	struct world *w = *state;
	struct content_facts facts;

	w->error = -ETIMEDOUT;
	assert_int_equal(look(w, exec_of(w, 1, SMALL), true, &facts), CONTENT_WAIT);
	w->error = 0;
	content_step(w->content, w->now_ns);
	assert_int_equal(w->asked_count, 2);
	give_last(w, HASH_OK);
	assert_int_equal(look(w, exec_of(w, 1, SMALL), true, &facts), CONTENT_READY);
	assert_int_equal(facts.hash.status, HASH_OK);
}

static void promises_are_kept_at_the_end(void **state)
{
	struct world *w = *state;
	struct record_exec_update update;
	struct content_facts facts;

	look(w, exec_of(w, 1, SMALL), false, &facts);
	content_stop(w->content);
	assert_true(content_next_update(w->content, &update));
	assert_int_equal(update.hash.status, HASH_STOPPED);
	assert_int_equal(content_promised(w->content), 0);
}

static void nothing_is_hashed_when_it_is_off(void **state)
{
	struct world *w = make(0);
	struct content_facts facts;

	(void)state;
	assert_int_equal(look(w, exec_of(w, 1, SMALL), true, &facts), CONTENT_READY);
	assert_int_equal(facts.hash.status, HASH_OFF);
	assert_int_equal(w->asked_count, 0);
	content_free(w->content);
	free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CONTENT_TEST(an_exec_waits_for_its_first_hash),
		CONTENT_TEST(not_for_long),
		CONTENT_TEST(for_a_large_one_not_at_all),
		CONTENT_TEST(why_there_is_none_is_said),
		CONTENT_TEST(a_touched_file_is_told_and_not_remembered),
		CONTENT_TEST(the_measured_digest_is_told),
		CONTENT_TEST(small_ones_are_asked_for_first),
		CONTENT_TEST(too_many_are_told_without_a_promise),
		CONTENT_TEST(a_new_hasher_is_asked_again),
		CONTENT_TEST(a_hasher_that_is_stuck_is_replaced),
		CONTENT_TEST(a_keeper_that_does_not_answer_is_asked_again),
		CONTENT_TEST(promises_are_kept_at_the_end),
		cmocka_unit_test(nothing_is_hashed_when_it_is_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
