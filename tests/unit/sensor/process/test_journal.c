/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/process/journal.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define INSTANCE 0x1122334455667788ull
#define MEMORY_BYTES 9680
#define EVENTS_MAX 20000

/* Two slots of totals, and what stands before them. */
#define HEAD_BYTES_MAX (2 * sizeof(struct journal_totals) + 64)

/* Event number n is told from its first bytes; the rest follows from n, and so does the size. */
static size_t event_size(uint32_t n)
{
	return 4 + (n * 2654435761u >> 16) % 400;
}

static void event_fill(uint32_t n, uint8_t *to)
{
	memset(to, (int)(n % 251), event_size(n));
	memcpy(to, &n, sizeof(n));
}

static int append(struct journal *journal, uint32_t n)
{
	uint8_t bytes[512];

	event_fill(n, bytes);
	return journal_append(journal, bytes, event_size(n));
}

/* What a replay gave: numbers, each event checked byte for byte. */
struct replay {
	uint32_t numbers[512];
	size_t count;
	bool all_good;
};

static void see(void *context, const uint8_t *bytes, size_t size)
{
	struct replay *replay = context;
	uint8_t want[512];
	uint32_t n = 0;

	if (size >= sizeof(n))
		memcpy(&n, bytes, sizeof(n));
	event_fill(n, want);
	if (size != event_size(n) || memcmp(bytes, want, size) != 0 || replay->count == 512) {
		replay->all_good = false;
		return;
	}
	replay->numbers[replay->count++] = n;
}

static struct replay replay_of(const struct journal *journal)
{
	struct replay replay = { .all_good = true };
	uint64_t count = journal_replay(journal, see, &replay);

	assert_int_equal(count, replay.count);
	assert_true(replay.all_good);
	return replay;
}

/* One after the other, and the last one is `last`. */
static void assert_run_up_to(const struct replay *replay, uint32_t last)
{
	assert_true(replay->count > 0);
	for (size_t i = 0; i < replay->count; i++)
		assert_int_equal(replay->numbers[i], last - (replay->count - 1 - i));
}

static struct journal *open_journal(void *memory)
{
	struct journal *journal = NULL;

	assert_int_equal(journal_open(memory, MEMORY_BYTES, INSTANCE, &journal), 0);
	return journal;
}

static void a_new_one_is_empty(void **state)
{
	struct journal *journal = open_journal(*state);
	struct journal_totals totals = journal_totals(journal);
	struct journal_totals zero = { 0 };

	assert_int_equal(journal_replay(journal, see, NULL), 0);
	assert_memory_equal(&totals, &zero, sizeof(zero));
	journal_close(journal);
	journal_close(NULL);
}

static void too_small_or_crooked_memory_is_refused(void **state)
{
	struct journal *journal = NULL;
	uint8_t *memory = *state;

	assert_int_equal(journal_open(memory, 0, INSTANCE, &journal), -EINVAL);
	assert_int_equal(journal_open(memory, 400, INSTANCE, &journal), -EINVAL);
	assert_int_equal(journal_open(memory + 1, 4096, INSTANCE, &journal), -EINVAL);
	assert_null(journal);
}

/* The model: whatever was appended last, without a gap, and as much as there is room for. */
static void the_latest_events_survive_any_number_of_rounds(void **state)
{
	struct journal *journal = open_journal(*state);

	for (uint32_t n = 1; n <= EVENTS_MAX; n++) {
		struct replay replay;
		size_t bytes = 0;

		assert_int_equal(append(journal, n), 0);
		if (n % 97 == 0) { /* a new worker takes over */
			journal_close(journal);
			journal = open_journal(*state);
		}
		if (n % 7 != 0)
			continue;
		replay = replay_of(journal);
		assert_run_up_to(&replay, n);
		for (size_t i = 0; i < replay.count; i++)
			bytes += event_size(replay.numbers[i]) + 8;
		/* Nothing was given up needlessly: one more of the largest would not have fit. */
		assert_true(replay.count == n || bytes > MEMORY_BYTES - HEAD_BYTES_MAX - 3 * 412);
	}
	journal_close(journal);
}

static void empty_and_largest_events_fit(void **state)
{
	static uint8_t bytes[MEMORY_BYTES];
	struct journal *journal = open_journal(*state);
	size_t size = MEMORY_BYTES / 4;

	assert_int_equal(journal_append(journal, bytes, 0), 0);
	while (journal_append(journal, bytes, size) == -E2BIG)
		size--;
	assert_true(size > MEMORY_BYTES / 4 - HEAD_BYTES_MAX / 4 - 20);
	assert_int_equal(journal_append(journal, bytes, size + 1), -E2BIG);
	for (int i = 0; i < 10; i++)
		assert_int_equal(journal_append(journal, bytes, size), 0);
	assert_int_equal(journal_append(journal, bytes, 0), 0);
	journal_close(journal);
}

static void another_instance_starts_afresh(void **state)
{
	struct journal *journal = open_journal(*state);
	struct journal_totals totals = { .acked_bytes = 5 };

	journal_set_totals(journal, &totals);
	assert_int_equal(append(journal, 1), 0);
	journal_close(journal);
	assert_int_equal(journal_open(*state, MEMORY_BYTES, INSTANCE + 1, &journal), 0);
	assert_int_equal(journal_replay(journal, see, NULL), 0);
	assert_int_equal(journal_totals(journal).acked_bytes, 0);
	journal_close(journal);
}

static void another_size_starts_afresh(void **state)
{
	struct journal *journal = open_journal(*state);

	assert_int_equal(append(journal, 1), 0);
	journal_close(journal);
	assert_int_equal(journal_open(*state, MEMORY_BYTES - 8, INSTANCE, &journal), 0);
	assert_int_equal(journal_replay(journal, see, NULL), 0);
	journal_close(journal);
}

static struct journal_totals totals_of(uint64_t n)
{
	struct journal_totals totals;
	uint64_t *fields = (uint64_t *)&totals;

	for (size_t i = 0; i < sizeof(totals) / sizeof(*fields); i++)
		fields[i] = n;
	return totals;
}

static void totals_survive(void **state)
{
	struct journal *journal = open_journal(*state);

	for (uint64_t n = 1; n <= 5; n++) {
		struct journal_totals want = totals_of(n);
		struct journal_totals got;

		journal_set_totals(journal, &want);
		got = journal_totals(journal);
		assert_memory_equal(&got, &want, sizeof(want));
		journal_close(journal);
		journal = open_journal(*state);
		got = journal_totals(journal);
		assert_memory_equal(&got, &want, sizeof(want));
	}
	journal_close(journal);
}

/* Every byte of the memory spoiled in turn: what comes back are events that were appended, in their
 * order, and the journal goes on from there. */
static void any_damaged_byte_is_survived(void **state)
{
	uint8_t *memory = *state;
	static uint8_t sound[MEMORY_BYTES];
	struct journal *journal = open_journal(memory);

	for (uint32_t n = 1; n <= 100; n++)
		assert_int_equal(append(journal, n), 0);
	journal_close(journal);
	memcpy(sound, memory, MEMORY_BYTES);
	for (size_t at = 0; at < MEMORY_BYTES; at++) {
		struct replay replay;

		memcpy(memory, sound, MEMORY_BYTES);
		memory[at] ^= (uint8_t)(1 + at % 255);
		journal = open_journal(memory);
		replay = replay_of(journal);
		for (size_t i = 1; i < replay.count; i++)
			assert_int_equal(replay.numbers[i], replay.numbers[i - 1] + 1);
		assert_true(replay.count == 0 || replay.numbers[replay.count - 1] <= 100);
		assert_int_equal(append(journal, 7), 0);
		replay = replay_of(journal);
		assert_int_equal(replay.numbers[replay.count - 1], 7);
		journal_close(journal);
	}
}

/* Entries after a damaged one cannot be found any more; new ones must be. */
static void what_comes_after_damage_is_found(void **state)
{
	uint8_t *memory = *state;
	struct journal *journal = open_journal(memory);
	struct replay replay;

	for (uint32_t n = 1; n <= 10; n++)
		assert_int_equal(append(journal, n), 0);
	journal_close(journal);
	for (size_t at = 0; at + 4 < MEMORY_BYTES; at++)
		if (memcmp(memory + at, &(uint32_t){ 5 }, 4) == 0 && memory[at + 4] == 5)
			memory[at + 4] ^= 1;
	journal = open_journal(memory);
	replay = replay_of(journal);
	assert_run_up_to(&replay, 4);
	assert_int_equal(append(journal, 5), 0);
	replay = replay_of(journal);
	assert_run_up_to(&replay, 5);
	journal_close(journal);
}

static void note_first_byte(void *context, const uint8_t *bytes, size_t size)
{
	assert_true(size > 0);
	*(uint8_t *)context = bytes[0];
}

/* Tail and head stand in the first 64 bytes: these are of after the last append, the rest of before
 * it. So where the last entry should be lies what the round before left there. */
static void check_early_head(uint8_t *memory, size_t size)
{
	static uint8_t before[MEMORY_BYTES];
	struct journal *journal = NULL;
	uint8_t event[104] = { 0 };
	uint8_t last = 0;

	memset(memory, 0, MEMORY_BYTES);
	assert_int_equal(journal_open(memory, size, INSTANCE, &journal), 0);
	for (event[0] = 1; event[0] <= 100; event[0]++) {
		memcpy(before, memory, size);
		assert_int_equal(journal_append(journal, event, sizeof(event)), 0);
	}
	journal_close(journal);
	memcpy(memory + 64, before + 64, size - 64);
	assert_int_equal(journal_open(memory, size, INSTANCE, &journal), 0);
	assert_true(journal_replay(journal, note_first_byte, &last) > 10);
	assert_int_equal(last, 99);
	journal_close(journal);
}

/* At one of these sizes an entry of the round before lies just there, whole and sound. */
static void an_entry_of_the_round_before_is_no_entry(void **state)
{
	for (size_t size = 1536 + HEAD_BYTES_MAX; size < 1648 + HEAD_BYTES_MAX; size += 8)
		check_early_head(*state, size);
}

/* Writes for ever; the caller is told through `done` what is complete. */
static void write_until_killed(void *memory, volatile uint32_t *done)
{
	struct journal *journal = NULL;

	if (journal_open(memory, MEMORY_BYTES, INSTANCE, &journal) < 0)
		_exit(1);
	for (uint32_t n = *done + 1;; n++) {
		struct journal_totals totals = totals_of(n);

		journal_set_totals(journal, &totals);
		if (append(journal, n) < 0)
			_exit(1);
		*done = n;
	}
}

static void check_after_kill(void *memory, uint32_t done)
{
	struct journal *journal = open_journal(memory);
	struct journal_totals totals = journal_totals(journal);
	struct journal_totals want = totals_of(totals.acked_bytes);
	struct replay replay = replay_of(journal);

	assert_memory_equal(&totals, &want, sizeof(want));
	assert_in_range(totals.acked_bytes, done, done + 1);
	if (replay.count > 0 || done > 0) {
		assert_in_range(replay.numbers[replay.count - 1], done, done + 1);
		assert_run_up_to(&replay, replay.numbers[replay.count - 1]);
	}
	journal_close(journal);
}

/* 150 workers one after the other, each killed at some instruction. */
static void a_kill_at_any_moment_loses_nothing_finished(void **state)
{
	uint8_t *memory = mmap(NULL, 2 * MEMORY_BYTES, PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	volatile uint32_t *done = (void *)(memory + MEMORY_BYTES);

	(void)state;
	assert_ptr_not_equal(memory, MAP_FAILED);
	for (useconds_t round = 0; round < 150; round++) {
		pid_t pid = fork();
		int status;

		if (pid == 0)
			write_until_killed(memory, done);
		assert_true(pid > 0);
		usleep(100 + round * 37 % 1500);
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		check_after_kill(memory, *done);
		/* the next worker goes on after what it finds */
		{
			struct journal *journal = open_journal(memory);
			struct replay replay = replay_of(journal);

			if (replay.count > 0)
				*done = replay.numbers[replay.count - 1];
			journal_close(journal);
		}
	}
	assert_true(*done > 100); /* they did write */
	munmap(memory, 2 * MEMORY_BYTES);
}

static int set_up(void **state)
{
	*state = calloc(1, MEMORY_BYTES);
	return *state ? 0 : -1;
}

static int tear_down(void **state)
{
	free(*state);
	return 0;
}

#define JOURNAL_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		JOURNAL_TEST(a_new_one_is_empty),
		JOURNAL_TEST(too_small_or_crooked_memory_is_refused),
		JOURNAL_TEST(the_latest_events_survive_any_number_of_rounds),
		JOURNAL_TEST(empty_and_largest_events_fit),
		JOURNAL_TEST(another_instance_starts_afresh),
		JOURNAL_TEST(another_size_starts_afresh),
		JOURNAL_TEST(totals_survive),
		JOURNAL_TEST(any_damaged_byte_is_survived),
		JOURNAL_TEST(what_comes_after_damage_is_found),
		JOURNAL_TEST(an_entry_of_the_round_before_is_no_entry),
		cmocka_unit_test(a_kill_at_any_moment_loses_nothing_finished),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
