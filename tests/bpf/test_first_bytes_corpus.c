/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The corpus's packets give, through the kernel's programs under BPF_PROG_RUN, the flows that
 * yagura-replay prints: once as if the connections' sources were this host, once as if it were what
 * they connect to. stage_watcher.h says what stands for a socket; a segment of more than a page is
 * made into two or more for both sides (corpus_case.h). And programs that are broken on purpose
 * give others.
 */
#include "bpf/corpus_case.h"
#include "bpf/ndjson_compare.h"
#include "bpf/stage_watcher.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct corpus corpus;
static struct stage_watcher *stages[2]; /* by role */

static struct ndjson_exception exceptions[] = {
	{ "yagura", "tcp_synack", "of the handshake a socket keeps the first segment alone" },
	{ "yagura", "first_bytes", "the kernel gives out bytes of protocols it knows" },
	{ 0 },
};

struct corpus_case {
	char name[256];
	const char *path;
	enum stage_role role;
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

static size_t differences(const char *title, const char *path, struct stage_watcher *stage)
{
	char *replay = corpus_replay(path, &lookout_watcher);
	char *kernel = corpus_replay(path, stage_watcher_of(stage));
	size_t different;

	assert_non_null(replay);
	assert_non_null(kernel);
	different = ndjson_compare(title, replay, kernel, exceptions);
	stage_watcher_settle(stage);
	free(replay);
	free(kernel);
	return different;
}

static void gives_the_same(void **state)
{
	const struct corpus_case *c = *state;

	assert_int_equal(differences(c->name, c->path, stages[c->role]), 0);
}

/* Bytes, lengths and SYNs really went through the programs. */
static void much_was_looked_at(void **state)
{
	(void)state;
	for (size_t role = 0; role < 2; role++) {
		const struct stage_stats *stats = stage_watcher_stats(stages[role]);

		assert_true(stats->packets > corpus.count);
		assert_true(stats->pieces > corpus.count);
		assert_true(stats->records > 0);
		assert_true(stats->partly < stats->records / 2);
	}
}

static void each_exception_is_needed(void **state)
{
	(void)state;
	for (const struct ndjson_exception *e = exceptions; e->reason; e++)
		if (e->used == 0)
			fail_msg("%s.%s never differs", e->object, e->key);
}

static void is_seen(enum stage_role role, enum stage_fault fault)
{
	struct stage_watcher *stage = NULL;
	size_t different = 0;

	assert_int_equal(stage_watcher_open(role, fault, &stage), 0);
	for (size_t i = 0; i < corpus.count; i++)
		different += differences(NULL, corpus.path[i], stage);
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

static const struct CMUnitTest after[] = {
	cmocka_unit_test(much_was_looked_at),	  cmocka_unit_test(each_exception_is_needed),
	cmocka_unit_test(a_lost_segment_is_seen), cmocka_unit_test(a_shifted_place_is_seen),
	cmocka_unit_test(swapped_ends_are_seen),  cmocka_unit_test(a_stopped_clock_is_seen),
};
#define AFTER (sizeof(after) / sizeof(after[0]))

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

static int run_with(struct corpus_case *cases, struct CMUnitTest *tests)
{
	size_t count = 2 * corpus.count;

	for (size_t i = 0; i < count; i++) {
		struct corpus_case *c = &cases[i];

		c->path = corpus.path[i / 2];
		c->role = (enum stage_role)(i % 2);
		snprintf(c->name, sizeof(c->name), "%s, %s", c->path + sizeof(CORPUS),
			 c->role == STAGE_CONNECTS ? "from here" : "to here");
		tests[i] = (struct CMUnitTest){ c->name, gives_the_same, NULL, NULL, c };
	}
	memcpy(&tests[count], after, sizeof(after));
	return _cmocka_run_group_tests("first bytes of the corpus", tests, count + AFTER,
				       open_stages, close_stages);
}

int main(void)
{
	struct corpus_case *cases;
	struct CMUnitTest *tests;
	int r = corpus_open(&corpus);

	if (r < 0)
		return 1;
	if (corpus.count == 0)
		return run_without();
	cases = calloc(2 * corpus.count, sizeof(*cases));
	tests = calloc(2 * corpus.count + AFTER, sizeof(*tests));
	r = cases && tests ? run_with(cases, tests) : 1;
	free(tests);
	free(cases);
	corpus_close(&corpus);
	return r;
}
