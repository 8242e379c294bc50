/* SPDX-License-Identifier: Apache-2.0 */
/* What is counted of hashes. */
#include "sensor/content/content.h"

#include "support/content_case.h"

static struct content_stats stats_of(const struct world *w)
{
	struct content_stats stats;

	content_stats(w->content, &stats);
	return stats;
}

static void who_waits_has_missed(void **state)
{
	struct world *w = *state;
	struct decoded_exec *exec = exec_of(w, 1, SMALL);
	struct content_facts facts;

	look(w, exec, true, &facts);
	look(w, exec, true, &facts);
	assert_int_equal(stats_of(w).misses, 1);
	assert_int_equal(stats_of(w).asked, 1);
	assert_int_equal(stats_of(w).told[HASH_OK], 0);
	give_last(w, HASH_OK);
	look(w, exec, true, &facts);
	assert_int_equal(stats_of(w).told[HASH_OK], 1);
	assert_int_equal(stats_of(w).hits, 0);
	assert_int_equal(stats_of(w).read_bytes, SMALL);
	assert_int_equal(stats_of(w).entries, 1);
	assert_int_equal(stats_of(w).asked, 0);
	exec->fixed.process.exec_count++;
	look(w, exec, true, &facts);
	assert_int_equal(stats_of(w).hits, 1);
	assert_int_equal(stats_of(w).misses, 1);
	assert_int_equal(stats_of(w).told[HASH_OK], 2);
}

/* What is looked at ahead is there when its turn comes. */
static void what_is_ahead_is_asked_for(void **state)
{
	struct world *w = *state;
	struct content_facts facts;

	look(w, exec_of(w, 1, SMALL), true, &facts);
	content_look_ahead(w->content, exec_of(w, 2, SMALL), w->now_ns);
	content_look_ahead(w->content, exec_of(w, 2, SMALL), w->now_ns);
	assert_int_equal(w->asked_count, 2);
	assert_int_equal(w->asked[1].identity.inode, 2);
	give_last(w, HASH_OK);
	assert_int_equal(look(w, exec_of(w, 2, SMALL), true, &facts), CONTENT_READY);
	assert_int_equal(stats_of(w).told[HASH_OK], 1);
	content_look_ahead(w->content, exec_of(w, 2, SMALL), w->now_ns);
	assert_int_equal(w->asked_count, 2);
}

static void one_written_a_moment_ago_is_not(void **state)
{
	struct world *w = *state;
	struct decoded_exec *exec = exec_of(w, 2, SMALL);

	exec->fixed.ctime_ns = w->now_ns + clock_boot_epoch_ns();
	content_look_ahead(w->content, exec, w->now_ns);
	assert_int_equal(w->asked_count, 0);
}

static void what_is_promised_counts_when_it_is_kept(void **state)
{
	struct world *w = *state;
	struct content_facts facts;

	look(w, exec_of(w, 1, LARGE), true, &facts);
	look(w, exec_of(w, 2, LARGE), true, &facts);
	assert_int_equal(stats_of(w).promised, 2);
	assert_int_equal(stats_of(w).told[HASH_TOO_LARGE], 0);
	give_last(w, HASH_TOO_LARGE);
	assert_int_equal(stats_of(w).told[HASH_TOO_LARGE], 1);
	content_stop(w->content);
	assert_int_equal(stats_of(w).told[HASH_STOPPED], 1);
	assert_int_equal(stats_of(w).read_bytes, 0);
}

static void what_the_hasher_does_not_take_waits(void **state)
{
	struct world *w = *state;
	struct content_facts facts;

	w->answer = HASH_OVERLOADED;
	for (uint64_t i = 0; i < 3; i++)
		look(w, exec_of(w, 1 + i, SMALL), true, &facts);
	assert_int_equal(stats_of(w).waiting, 3);
	assert_int_equal(stats_of(w).asked, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CONTENT_TEST(who_waits_has_missed),
		CONTENT_TEST(what_is_ahead_is_asked_for),
		CONTENT_TEST(one_written_a_moment_ago_is_not),
		CONTENT_TEST(what_is_promised_counts_when_it_is_kept),
		CONTENT_TEST(what_the_hasher_does_not_take_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
