/* SPDX-License-Identifier: Apache-2.0 */
#include "support/flow_table_case.h"

static void a_full_table_evicts_who_was_silent_longest(void **state)
{
	struct flow_table *table = table_of(
		(struct flow_table_options){ .flows_max = 2, .pending_bytes_max = 1 << 20 });
	struct fingerprint_syn syn = { 0 };
	struct flow_key others[] = { { 8, 1 }, { 9, 1 }, { 7, 2 } };

	(void)state;
	assert_int_equal(give_part(table, 0, 5), 0);
	flow_table_syn(table, &others[0], &syn);
	flow_table_unknown(table, &key, 2);
	flow_table_syn(table, &others[1], &syn);
	assert_null(flow_table_marks(table, &others[0]));
	assert_mark(table, &key, MARK_FIRST_BYTES, "binary");
	assert_mark(table, &others[1], MARK_TCP_SYN, "syn 0");
	flow_table_syn(table, &others[1], &syn);
	flow_table_syn(table, &others[2], &syn); /* and with it goes the message begun */
	assert_null(flow_table_marks(table, &key));
	assert_int_equal(stats_of(table).evicted_flows, 2);
	assert_int_equal(stats_of(table).truncated, 1);
	assert_int_equal(stats_of(table).pending_bytes, 0);
	assert_int_equal(stats_of(table).flows, 2);
	flow_table_free(table);
}

static void too_many_marks_evict_too(void **state)
{
	struct flow_table *table = table_of((struct flow_table_options){
		.flows_max = 1000, .pending_bytes_max = 1 << 20, .marks_bytes_max = 500 });
	struct fingerprint_syn syn = { 0 };

	(void)state;
	for (uint32_t i = 1; i <= 100; i++)
		flow_table_syn(table, &(struct flow_key){ i, 1 }, &syn);
	assert_in_range(stats_of(table).flows, 1, 50);
	assert_in_range(stats_of(table).marks_bytes, 1, 500);
	assert_int_equal(stats_of(table).evicted_flows + stats_of(table).flows, 100);
	assert_mark(table, &(struct flow_key){ 100, 1 }, MARK_TCP_SYN, "syn 0");
	flow_table_free(table);
}

/* What parsers keep of messages that were read counts too: nobody knows how large it will be. */
static void what_sessions_keep_evicts_too(void **state)
{
	struct flow_table *table = table_of((struct flow_table_options){
		.flows_max = 1000, .pending_bytes_max = 1 << 20, .marks_bytes_max = 1000 });

	(void)state;
	for (uint64_t cookie = 1; cookie <= 100; cookie++) {
		struct flow_piece piece = piece_of(0, MESSAGE_BYTES);

		piece.key.cookie = cookie;
		piece.protocol = FINGERPRINT_DNS;
		piece.total_bytes = MESSAGE_BYTES;
		for (piece.start = 0; piece.start < 10; piece.start++)
			assert_int_equal(give(table, piece), 0);
		assert_in_range(stats_of(table).marks_bytes, 10 * MESSAGE_BYTES, 1000);
	}
	assert_in_range(stats_of(table).flows, 1, 1000 / (10 * MESSAGE_BYTES));
	assert_mark(table, &(struct flow_key){ 100, 1 }, MARK_SERVER_NAME, NAME);
	flow_table_free(table);
}

static void messages_that_grew_longest_ago_make_room(void **state)
{
	struct flow_table *table = table_of(
		(struct flow_table_options){ .flows_max = 100, .pending_bytes_max = 2000 });

	(void)state;
	for (uint64_t cookie = 1; cookie <= 20; cookie++) {
		struct flow_piece piece = piece_of(0, 5);

		piece.key.cookie = cookie;
		assert_int_equal(give(table, piece), 0);
		assert_in_range(stats_of(table).pending_bytes, 1, 2000);
	}
	assert_mark(table, &(struct flow_key){ 1, 1 }, MARK_TRUNCATED, "limit");
	assert_mark(table, &(struct flow_key){ 20, 1 }, MARK_TRUNCATED, NULL);
	assert_in_range(stats_of(table).truncated, 10, 19);
	flow_table_free(table);
}

static void without_room_a_message_is_truncated(void **state)
{
	struct flow_table *table =
		table_of((struct flow_table_options){ .flows_max = 100, .pending_bytes_max = 100 });

	(void)state;
	assert_int_equal(give_part(table, 0, 5), 0);
	assert_truncated(table, "limit");
	flow_table_free(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_full_table_evicts_who_was_silent_longest),
		cmocka_unit_test(too_many_marks_evict_too),
		cmocka_unit_test(what_sessions_keep_evicts_too),
		cmocka_unit_test(messages_that_grew_longest_ago_make_room),
		cmocka_unit_test(without_room_a_message_is_truncated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
