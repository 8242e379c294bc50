/* SPDX-License-Identifier: Apache-2.0 */
#include "support/flow_table_case.h"

static int set_up(void **state)
{
	*state = table_of((struct flow_table_options){
		.flows_max = 100, .pending_bytes_max = 1 << 20, .names_max = 10 });
	return 0;
}

static int tear_down(void **state)
{
	flow_table_free(*state);
	assert_int_equal(fake_parser_calls().sessions, 0);
	return 0;
}

static void a_message_in_one_piece_is_read_at_once(void **state)
{
	assert_int_equal(give_part(*state, 0, MESSAGE_BYTES), 0);
	assert_told(*state);
	assert_int_equal(fake_parser_calls().parses, 1);
	assert_int_equal(stats_of(*state).flows, 1);
	assert_int_equal(stats_of(*state).pieces, 1);
}

static void pieces_become_a_message(void **state)
{
	assert_int_equal(give_part(*state, 10, MESSAGE_BYTES - 10), 0);
	assert_int_equal(fake_parser_calls().parses, 0); /* nothing without a gap yet */
	assert_int_equal(give_part(*state, 0, 5), 0);
	assert_mark(*state, &key, MARK_SERVER_NAME, NULL);
	assert_true(stats_of(*state).pending_bytes > 0);
	assert_int_equal(give_part(*state, 5, 5), 0);
	assert_told(*state);
	assert_int_equal(fake_parser_calls().parses, 2);
}

static void a_known_length_is_waited_for(void **state)
{
	for (size_t at = 0; at < MESSAGE_BYTES; at++) {
		struct flow_piece piece = piece_of(at, 1);

		piece.total_bytes = MESSAGE_BYTES;
		assert_int_equal(give(*state, piece), 0);
	}
	assert_told(*state);
	assert_int_equal(fake_parser_calls().parses, 1);
}

static void pieces_of_what_was_told_are_ignored(void **state)
{
	assert_int_equal(give_part(*state, 0, MESSAGE_BYTES), 0);
	assert_int_equal(give_part(*state, 0, MESSAGE_BYTES), 0);
	assert_int_equal(give_part(*state, 3, 4), 0);
	flow_table_finish(*state, &key);
	assert_told(*state);
	assert_int_equal(fake_parser_calls().parses, 1);
}

static void both_sides_and_several_messages_stand_apart(void **state)
{
	struct flow_piece halves[] = { piece_of(0, 9), piece_of(9, MESSAGE_BYTES - 9) };

	for (unsigned int half = 0; half < 2; half++)
		for (enum fingerprint_side side = 0; side < SIDE_COUNT; side++)
			for (uint32_t start = 0; start < 4; start++) {
				halves[half].side = side;
				halves[half].start = start * 1000;
				assert_int_equal(give(*state, halves[half]), 0);
			}
	assert_int_equal(stats_of(*state).messages, 8);
	assert_int_equal(stats_of(*state).truncated, 0);
	assert_int_equal(stats_of(*state).pending_bytes, 0);
	assert_int_equal(fake_parser_calls().sessions, 1);
}

static void one_message_too_many_ends_the_oldest(void **state)
{
	struct flow_piece piece = piece_of(0, 5);

	for (piece.start = 0; piece.start < 5; piece.start++)
		assert_int_equal(give(*state, piece), 0);
	assert_mark(*state, &key, MARK_TRUNCATED, "limit");
	assert_int_equal(stats_of(*state).truncated, 1);
	assert_int_equal(give_part(*state, 5, MESSAGE_BYTES - 5),
			 0); /* of the one that was ended */
	assert_mark(*state, &key, MARK_SERVER_NAME, NULL);
}

static void differing_bytes_give_no_fingerprint(void **state)
{
	struct flow_piece other = piece_of(3, 1);

	other.bytes = cursor_of("S", 1);
	assert_int_equal(give_part(*state, 0, 10), 0);
	assert_int_equal(give(*state, other), 0);
	assert_truncated(*state, "overlap");
	assert_int_equal(give_part(*state, 0, MESSAGE_BYTES), 0);
	assert_truncated(*state, "overlap");
}

static void an_overlap_takes_back_what_that_side_said(void **state)
{
	const struct fingerprint_syn syn = { .ip_version = 4, .ttl = 64, .flags = 2 };
	size_t of_syn;

	flow_table_syn(*state, &key, &syn);
	of_syn = flow_table_marks(*state, &key)->count;
	assert_int_equal(give_part(*state, 0, MESSAGE_BYTES), 0);
	flow_table_overlap(*state, &key, SIDE_DESTINATION);
	assert_mark(*state, &key, MARK_SERVER_NAME, NAME);
	flow_table_overlap(*state, &key, SIDE_SOURCE);
	assert_mark(*state, &key, MARK_SERVER_NAME, NULL);
	assert_mark(*state, &key, MARK_TRUNCATED, "overlap");
	assert_int_equal(flow_table_marks(*state, &key)->count, of_syn + 1);
}

static void what_is_malformed_is_given_up(void **state)
{
	struct flow_piece piece = piece_of(0, 5);

	piece.bytes = cursor_of("wrong", 5);
	assert_int_equal(give(*state, piece), 0);
	assert_int_equal(stats_of(*state).malformed, 1);
	assert_int_equal(stats_of(*state).pending_bytes, 0);
	assert_int_equal(give_part(*state, 0, MESSAGE_BYTES), 0);
	assert_mark(*state, &key, MARK_SERVER_NAME, NULL);
}

static void every_truncated_message_is_said_to_be_cut(void **state)
{
	(void)state;
	for (size_t cut = 1; cut < MESSAGE_BYTES; cut++) {
		struct flow_table *table = table_of((struct flow_table_options){
			.flows_max = 1, .pending_bytes_max = 1 << 20 });

		assert_int_equal(give_part(table, 0, cut), 0);
		flow_table_finish(table, &key);
		assert_truncated(table, "cut");
		flow_table_free(table);
	}
}

/* Where the announced length was wrong, or reads were spared, the end reads once more. */
static void the_end_reads_a_last_time(void **state)
{
	struct flow_piece piece = piece_of(0, MESSAGE_BYTES);

	piece.total_bytes = 5000;
	assert_int_equal(give(*state, piece), 0);
	assert_int_equal(fake_parser_calls().parses, 0);
	flow_table_finish(*state, &key);
	assert_told(*state);
}

static void what_only_the_end_can_say_is_asked_for_once(void **state)
{
	assert_int_equal(give_part(*state, 0, MESSAGE_BYTES), 0);
	assert_int_equal(fake_parser_calls().finishes, 0);
	flow_table_finish(*state, &key);
	flow_table_finish(*state, &key);
	assert_int_equal(fake_parser_calls().finishes, 1);
}

static void a_cut_side_keeps_what_was_whole(void **state)
{
	struct flow_piece piece = piece_of(0, MESSAGE_BYTES);

	piece.total_bytes = 5000;
	assert_int_equal(give(*state, piece), 0);
	flow_table_cut(*state, &key, SIDE_SOURCE, "packets");
	assert_told(*state);
}

static void a_cut_side_says_why(void **state)
{
	assert_int_equal(give_part(*state, 0, 6), 0);
	flow_table_cut(*state, &key, SIDE_DESTINATION, "no_room"); /* nothing had come of it */
	assert_mark(*state, &key, MARK_TRUNCATED, "no_room");
	assert_int_equal(give_part(*state, 6, MESSAGE_BYTES - 6), 0);
	assert_mark(*state, &key, MARK_SERVER_NAME, NAME);
	assert_int_equal(stats_of(*state).truncated, 1);
}

static void what_is_longer_than_its_parser_takes_is_cut(void **state)
{
	static const char longer[200] = "M\0\xc0";
	struct flow_piece piece = piece_of(0, 0);

	piece.protocol = FINGERPRINT_SSH;
	piece.bytes = cursor_of(longer, 60);
	assert_int_equal(give(*state, piece), 0);
	piece.offset = 60;
	piece.bytes = cursor_of(longer + 60, 140);
	assert_int_equal(give(*state, piece), 0);
	assert_truncated(*state, "limit");
}

static void a_datagram_that_ends_too_early_is_malformed(void **state)
{
	struct flow_piece piece = piece_of(0, 8);

	piece.protocol = FINGERPRINT_DNS;
	piece.total_bytes = 8;
	assert_int_equal(give(*state, piece), 0);
	assert_int_equal(stats_of(*state).malformed, 1);
	piece.start = 1;
	piece.bytes = cursor_of(message, 4);
	assert_int_equal(give(*state, piece), 0);
	piece.offset = 4;
	piece.bytes = cursor_of(message + 4, 4);
	assert_int_equal(give(*state, piece), 0);
	assert_int_equal(stats_of(*state).malformed, 2);
	assert_int_equal(stats_of(*state).pending_bytes, 0);
}

static void what_nobody_parses_is_refused(void **state)
{
	struct flow_piece piece = piece_of(0, 5);

	piece.protocol = FINGERPRINT_QUIC; /* of which the fake has no parser */
	assert_int_equal(give(*state, piece), -EINVAL);
	piece.protocol = FINGERPRINT_NONE;
	assert_int_equal(give(*state, piece), -EINVAL);
	piece = piece_of(0, 5);
	piece.side = SIDE_COUNT;
	assert_int_equal(give(*state, piece), -EINVAL);
	assert_null(flow_table_marks(*state, &key));
}

static void an_ended_flow_is_forgotten(void **state)
{
	assert_int_equal(give_part(*state, 0, MESSAGE_BYTES), 0);
	flow_table_end(*state, &key);
	assert_null(flow_table_marks(*state, &key));
	assert_int_equal(stats_of(*state).flows, 0);
	assert_int_equal(stats_of(*state).marks_bytes, 0);
	flow_table_end(*state, &key);
	flow_table_finish(*state, &key);
	assert_int_equal(stats_of(*state).evicted_flows, 0);
}

/* What an ended flow had allocated goes to the next, and nothing of what it said. */
static void a_new_flow_has_nothing_of_an_ended_one(void **state)
{
	const struct flow_key other = { 8, 1 };
	struct flow_piece piece = piece_of(0, MESSAGE_BYTES);

	fake_parser_reset();
	assert_int_equal(give_part(*state, 0, MESSAGE_BYTES), 0);
	assert_int_equal(give_part(*state, 0, 5), 0);
	flow_table_end(*state, &key);
	assert_int_equal(fake_parser_calls().clears, 1);
	flow_table_cut(*state, &other, SIDE_SOURCE, "lost");
	assert_mark(*state, &other, MARK_SERVER_NAME, NULL);
	assert_mark(*state, &other, MARK_TRUNCATED, "lost");
	assert_int_equal(flow_table_told(*state, &other), 1);
	piece.key = other;
	assert_int_equal(give(*state, piece), 0); /* nor is its message done with */
	assert_mark(*state, &other, MARK_SERVER_NAME, NAME);
	assert_int_equal(fake_parser_calls().sessions, 1);
	assert_null(flow_table_marks(*state, &key));
}

/* More than are kept to be used again. */
static void many_flows_come_and_go(void **state)
{
	struct flow_table *table = table_of(
		(struct flow_table_options){ .flows_max = 1000, .pending_bytes_max = 1 << 20 });

	(void)state;
	fake_parser_reset();
	for (uint64_t round = 0; round < 3; round++) {
		for (uint64_t i = 1; i <= 300; i++) {
			struct flow_piece piece = piece_of(0, MESSAGE_BYTES);

			piece.key.cookie = i;
			assert_int_equal(give(table, piece), 0);
		}
		for (uint64_t i = 1; i <= 300; i++) {
			const struct flow_key gone = { i, 1 };

			assert_mark(table, &gone, MARK_SERVER_NAME, NAME);
			flow_table_end(table, &gone);
			assert_null(flow_table_marks(table, &gone));
		}
		assert_int_equal(stats_of(table).flows, 0);
		assert_int_equal(stats_of(table).marks_bytes, 0);
		assert_in_range(fake_parser_calls().sessions, 1, 100);
	}
	flow_table_free(table);
	assert_int_equal(fake_parser_calls().sessions, 0);
}

static const char *syn_mark_of(struct flow_table *table, uint64_t cookie, uint16_t window)
{
	const struct flow_key of = { cookie, 1 };
	const struct fingerprint_syn syn = { .window = window };
	const struct text *value;

	flow_table_syn(table, &of, &syn);
	value = marks_find(flow_table_marks(table, &of), MARK_TCP_SYN);
	return value ? value->at : "";
}

/* 300 is 44 as far as the fake looks: what is said of a kind of segment is asked for once. */
static void segments_of_one_kind_are_asked_about_once(void **state)
{
	fake_parser_reset();
	for (uint64_t cookie = 1; cookie <= 10; cookie++) {
		assert_string_equal(syn_mark_of(*state, cookie, 44), "syn 44");
		assert_string_equal(syn_mark_of(*state, 100 + cookie, 300), "syn 44");
	}
	assert_int_equal(fake_parser_calls().syns, 1);
	for (uint16_t window = 0; window < 256; window++) {
		char want[16];

		snprintf(want, sizeof(want), "syn %u", window);
		assert_string_equal(syn_mark_of(*state, 1000 + window, window), want);
	}
	assert_string_equal(syn_mark_of(*state, 2000, 44), "syn 44");
}

/* Random cuts, orders and repetitions of a message say what the whole says. */
static void any_pieces_say_what_the_whole_says(void **state)
{
	(void)state;
	srand(2);
	for (unsigned int round = 0; round < 500; round++) {
		struct flow_table *table = table_of((struct flow_table_options){
			.flows_max = 1, .pending_bytes_max = 1 << 20 });

		for (unsigned int i = 0; i < 400; i++) {
			size_t offset = (size_t)rand() % MESSAGE_BYTES;
			size_t left = MESSAGE_BYTES - offset;
			struct flow_piece piece = piece_of(offset, 1 + (size_t)rand() % left);

			piece.total_bytes = rand() % 2 ? 0 : MESSAGE_BYTES;
			assert_int_equal(give(table, piece), 0);
		}
		flow_table_finish(table, &key);
		assert_told(table);
		flow_table_free(table);
	}
}

#define TABLE_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TABLE_TEST(a_message_in_one_piece_is_read_at_once),
		TABLE_TEST(pieces_become_a_message),
		TABLE_TEST(a_known_length_is_waited_for),
		TABLE_TEST(pieces_of_what_was_told_are_ignored),
		TABLE_TEST(both_sides_and_several_messages_stand_apart),
		TABLE_TEST(one_message_too_many_ends_the_oldest),
		TABLE_TEST(differing_bytes_give_no_fingerprint),
		TABLE_TEST(an_overlap_takes_back_what_that_side_said),
		TABLE_TEST(what_is_malformed_is_given_up),
		TABLE_TEST(the_end_reads_a_last_time),
		TABLE_TEST(what_only_the_end_can_say_is_asked_for_once),
		TABLE_TEST(a_cut_side_keeps_what_was_whole),
		TABLE_TEST(a_cut_side_says_why),
		TABLE_TEST(what_is_longer_than_its_parser_takes_is_cut),
		TABLE_TEST(a_datagram_that_ends_too_early_is_malformed),
		TABLE_TEST(what_nobody_parses_is_refused),
		TABLE_TEST(an_ended_flow_is_forgotten),
		TABLE_TEST(a_new_flow_has_nothing_of_an_ended_one),
		TABLE_TEST(many_flows_come_and_go),
		TABLE_TEST(segments_of_one_kind_are_asked_about_once),
		cmocka_unit_test(every_truncated_message_is_said_to_be_cut),
		cmocka_unit_test(any_pieces_say_what_the_whole_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
