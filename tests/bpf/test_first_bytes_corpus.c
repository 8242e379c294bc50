/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The corpus's packets give, through the kernel's programs under BPF_PROG_RUN, the flows that
 * yagura-replay prints: once as if the connections' sources were this host, once as if it were what
 * they connect to. stage_watcher.h says what stands for a socket; a segment of more than a page is
 * made into two or more for both sides, and into many for what few captures have: small segments,
 * out of order, twice, never (corpus_case.h). And programs that are broken on purpose
 * give others.
 */
#include "bpf/stage/corpus_case.h"
#include "bpf/stage/ndjson_compare.h"
#include "bpf/stage/stage_watcher.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct corpus corpus;
static struct stage_watcher *stages[2]; /* by role */

/* The socket is the source's, or what that connects to. */
#define BOTH_ENDS(name, way)                                                                       \
	{ name ", from here", way, STAGE_CONNECTS },                                               \
	{                                                                                          \
		name ", to here", way, STAGE_ACCEPTS                                               \
	}

static struct corpus_case {
	const char *name;
	enum corpus_way way;
	enum stage_role role;
} cases[] = {
	BOTH_ENDS("as captured", CORPUS_AS_IT_IS),
	BOTH_ENDS("in small segments", CORPUS_SMALL),
	BOTH_ENDS("in small segments out of order", CORPUS_TURNED),
	BOTH_ENDS("in segments that overlap", CORPUS_OVERLAPPING),
	BOTH_ENDS("with segments that no hook sees", CORPUS_LOST),
};

static int open_stages(void **state)
{
	(void)state;
	for (size_t role = 0; role < 2; role++) {
		int r = stage_watcher_open((enum stage_role)role, STAGE_SOUND, &stages[role]);

		if (r < 0) {
			fprintf(stderr, "cannot load the programs: %s\n", strerror(-r));
			return -1;
		}
	}
	return 0;
}

static int close_stages(void **state)
{
	(void)state;
	for (size_t role = 0; role < 2; role++) {
		const struct stage_stats *stats = stage_watcher_stats(stages[role]);

		fprintf(stderr,
			"role %zu: %llu packets, %llu pieces (%llu held), %llu flows (%llu cut)\n",
			role, (unsigned long long)stats->packets, (unsigned long long)stats->pieces,
			(unsigned long long)stats->held, (unsigned long long)stats->records,
			(unsigned long long)stats->partly);
		stage_watcher_close(stages[role]);
	}
	return 0;
}

static size_t differences(const char *path, enum corpus_way way, struct stage_watcher *stage,
			  bool is_shown)
{
	char *replay = corpus_replay(path, way, &lookout_watcher);
	char *kernel = corpus_replay(path, way, stage_watcher_of(stage));
	size_t different;

	assert_non_null(replay);
	assert_non_null(kernel);
	different = ndjson_compare(is_shown ? path : NULL, replay, kernel);
	stage_watcher_settle(stage);
	free(replay);
	free(kernel);
	return different;
}

static void gives_the_same(void **state)
{
	const struct corpus_case *c = *state;
	size_t different = 0;

	for (size_t i = 0; i < corpus.count; i++)
		different += differences(corpus.path[i], c->way, stages[c->role], true);
	if (different > 0)
		fail_msg("%zu flows differ", different);
}

/* Bytes, lengths and SYNs really went through the programs. */
static void much_was_looked_at(void **state)
{
	(void)state;
	for (size_t role = 0; role < 2; role++) {
		const struct stage_stats *stats = stage_watcher_stats(stages[role]);

		assert_true(stats->packets > corpus.count);
		assert_true(stats->pieces > corpus.count);
		assert_true(stats->held > 0);
		assert_true(stats->records > 0);
		assert_true(stats->partly < stats->records / 2);
	}
}

static void is_seen(enum stage_role role, enum stage_fault fault)
{
	struct stage_watcher *stage = NULL;
	size_t different = 0;

	assert_int_equal(stage_watcher_open(role, fault, &stage), 0);
	for (size_t i = 0; i < corpus.count; i++)
		different += differences(corpus.path[i], CORPUS_AS_IT_IS, stage, false);
	stage_watcher_close(stage);
	fprintf(stderr, "role %d, fault %d: %zu flows differ\n", (int)role, (int)fault, different);
	assert_true(different > 0);
}

#define FAULT_IS_SEEN(name, fault)                                                                 \
	static void name(void **state)                                                             \
	{                                                                                          \
		(void)state;                                                                       \
		is_seen(STAGE_CONNECTS, fault);                                                    \
		is_seen(STAGE_ACCEPTS, fault);                                                     \
	}
FAULT_IS_SEEN(a_lost_segment_is_seen, STAGE_LOSES_SECOND)
FAULT_IS_SEEN(a_shifted_place_is_seen, STAGE_SHIFTS)
FAULT_IS_SEEN(swapped_ends_are_seen, STAGE_SWAPS_ENDS)
FAULT_IS_SEEN(a_stopped_clock_is_seen, STAGE_STOPS_CLOCK)
FAULT_IS_SEEN(a_lost_syn_is_seen, STAGE_LOSES_SYN)
FAULT_IS_SEEN(a_lost_shape_is_seen, STAGE_LOSES_SHAPE)

static void captures(void **state)
{
	(void)state;
	skip(); /* there are none */
}

static int run_without(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(captures) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#define CASES (sizeof(cases) / sizeof(cases[0]))
#define OTHERS 7

static int run_with(void)
{
	struct CMUnitTest tests[CASES + OTHERS] = {
		[CASES] = cmocka_unit_test(much_was_looked_at),
		cmocka_unit_test(a_lost_segment_is_seen),
		cmocka_unit_test(a_shifted_place_is_seen),
		cmocka_unit_test(swapped_ends_are_seen),
		cmocka_unit_test(a_stopped_clock_is_seen),
		cmocka_unit_test(a_lost_syn_is_seen),
		cmocka_unit_test(a_lost_shape_is_seen),
	};

	for (size_t i = 0; i < CASES; i++)
		tests[i] =
			(struct CMUnitTest){ cases[i].name, gives_the_same, NULL, NULL, &cases[i] };
	return cmocka_run_group_tests_name("first bytes of the corpus", tests, open_stages,
					   close_stages);
}

int main(void)
{
	int r = corpus_open(&corpus);

	if (r < 0)
		return 1;
	r = corpus.count > 0 ? run_with() : run_without();
	corpus_close(&corpus);
	return r;
}
