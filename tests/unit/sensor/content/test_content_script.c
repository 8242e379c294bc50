/* SPDX-License-Identifier: Apache-2.0 */
/* Scripts beside their interpreters. */
#include "sensor/content/content.h"

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
	give(w, &w->asked[0].identity, HASH_CHANGED);
	assert_true(content_next_update(w->content, &update));
	assert_int_equal(update.script_hash.status, HASH_OK);
	assert_int_equal(update.hash.status, HASH_CHANGED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CONTENT_TEST(a_script_is_hashed_beside_its_interpreter),
		CONTENT_TEST(a_script_that_is_not_found_says_why),
		CONTENT_TEST(an_update_waits_for_both),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
