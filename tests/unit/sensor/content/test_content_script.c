/* SPDX-License-Identifier: Apache-2.0 */
/* Scripts beside their interpreters. */
#include "sensor/content/content_private.h"

#include "support/content_case.h"

static struct decoded_exec *script_of(const struct world *w)
{
	struct decoded_exec *exec = exec_of(w, 1, SMALL);

	exec->script = (struct text){ "./run", 5 };
	return exec;
}

static void a_script_is_hashed_beside_its_interpreter(void **state)
{
	struct world *w = *state;
	struct content_facts facts;

	assert_int_equal(look(w, script_of(w), true, &facts), CONTENT_WAIT);
	assert_int_equal(w->asked_count, 3); /* interpreter; which file; that file */
	assert_int_equal(w->asked[1].what, KEEPER_HASH_SCRIPT_LOOK);
	assert_int_equal(w->asked[2].what, KEEPER_HASH_SCRIPT);
	assert_string_equal(w->asked[1].path, ""); /* the keeper knows its name */
	give(w, &w->asked[0].identity, HASH_OK);
	assert_int_equal(look(w, script_of(w), true, &facts), CONTENT_WAIT);
	give(w, &script_file, HASH_OK);
	assert_int_equal(look(w, script_of(w), true, &facts), CONTENT_READY);
	assert_int_equal(w->asked_count, 3);
	assert_int_equal(facts.script_hash.status, HASH_OK);
	assert_int_equal(facts.script_hash.sha256[0], (uint8_t)script_file.inode);
	assert_int_equal(facts.hash.status, HASH_OK);
}

/* Whatever directory it goes to afterwards. */
static void its_name_is_told_from_the_root(void **state)
{
	static const struct name_case {
		const char *cwd, *script, *want;
		uint32_t flags;
	} cases[] = {
		{ "/var/lib", "./run", "/var/lib/./run", 0 },
		{ "/var/lib", "../run", "/var/lib/../run", 0 },
		{ "/", "run", "//run", 0 },
		{ "/var/lib", "/bin/run", "/bin/run", 0 },
		{ "/var/lib", "run", "", EXEC_CWD_TRUNCATED },
		{ "/var/lib", "/bin/run", "", EXEC_SCRIPT_TRUNCATED },
		{ "", "run", "", EXEC_CWD_UNREADABLE },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct decoded_exec *exec = exec_of(*state, 1, SMALL);
		char buffer[EVENT_PATH_BYTES_MAX];
		struct text path;

		exec->script = (struct text){ cases[i].script, strlen(cases[i].script) };
		exec->cwd_length = strlen(cases[i].cwd);
		memcpy(exec->cwd, cases[i].cwd, exec->cwd_length);
		exec->fixed.flags = cases[i].flags;
		path = content_script_path(exec, buffer);
		assert_int_equal(path.length, strlen(cases[i].want));
		if (path.length > 0)
			assert_memory_equal(path.at, cases[i].want, path.length);
	}
}

static void one_too_long_has_no_name(void **state)
{
	static char longest[EVENT_PATH_BYTES_MAX];
	struct decoded_exec *exec = exec_of(*state, 1, SMALL);
	char buffer[EVENT_PATH_BYTES_MAX];

	memset(longest, 'x', sizeof(longest));
	memcpy(exec->cwd, "/tmp", exec->cwd_length = 4);
	exec->script = (struct text){ longest, sizeof(longest) - 6 };
	assert_int_equal(content_script_path(exec, buffer).length, sizeof(longest) - 1);
	exec->script.length++;
	assert_int_equal(content_script_path(exec, buffer).length, 0);
}

/* It may be written to while it runs: there is no way to know. */
static void one_written_as_it_was_executed_is_not_hashed(void **state)
{
	struct world *w = *state;
	struct content_facts facts;

	w->script.ctime_ns = w->now_ns + clock_boot_epoch_ns();
	look(w, script_of(w), true, &facts);
	give(w, &w->asked[0].identity, HASH_OK);
	assert_int_equal(look(w, script_of(w), true, &facts), CONTENT_READY);
	assert_int_equal(facts.script_hash.status, HASH_UNSETTLED);
	assert_int_equal(facts.hash.status, HASH_OK);
	assert_int_equal(w->asked_count, 2);
}

static void a_script_that_is_not_found_says_why(void **state)
{
	struct world *w = *state;
	struct content_facts facts;

	w->look_answer = HASH_NOT_CONFIRMED;
	look(w, script_of(w), true, &facts);
	give(w, &w->asked[0].identity, HASH_OK);
	assert_int_equal(look(w, script_of(w), true, &facts), CONTENT_READY);
	assert_int_equal(facts.script_hash.status, HASH_NOT_CONFIRMED);
	assert_int_equal(facts.hash.status, HASH_OK);
}

/* One update says both; the second to come completes it. */
static void an_update_waits_for_both(void **state)
{
	struct world *w = *state;
	struct record_exec_update update;
	struct content_facts facts;

	assert_int_equal(look(w, script_of(w), false, &facts), CONTENT_PROMISED);
	give(w, &script_file, HASH_OK);
	assert_false(content_next_update(w->content, &update));
	give(w, &w->asked[0].identity, HASH_UNREADABLE);
	assert_true(content_next_update(w->content, &update));
	assert_int_equal(update.script_hash.status, HASH_OK);
	assert_int_equal(update.hash.status, HASH_UNREADABLE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CONTENT_TEST(a_script_is_hashed_beside_its_interpreter),
		CONTENT_TEST(its_name_is_told_from_the_root),
		CONTENT_TEST(one_too_long_has_no_name),
		CONTENT_TEST(one_written_as_it_was_executed_is_not_hashed),
		CONTENT_TEST(a_script_that_is_not_found_says_why),
		CONTENT_TEST(an_update_waits_for_both),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
