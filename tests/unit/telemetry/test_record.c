/* SPDX-License-Identifier: Apache-2.0 */
#include "telemetry/record.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_class_names(void **state)
{
	(void)state;
	assert_string_equal(record_class_name(RECORD_EXEC), "exec");
	assert_string_equal(record_class_name(RECORD_EXIT), "exit");
	assert_string_equal(record_class_name(RECORD_FLOW), "flow");
	assert_string_equal(record_class_name(RECORD_GAP), "gap");
	assert_string_equal(record_class_name(RECORD_CLASS_COUNT), "?");
	assert_string_equal(record_class_name((enum record_class) - 1), "?");
}

static void test_flow_names(void **state)
{
	(void)state;
	assert_string_equal(record_direction_name(DIRECTION_UNKNOWN), "unknown");
	assert_string_equal(record_direction_name(DIRECTION_EGRESS), "egress");
	assert_string_equal(record_direction_name(DIRECTION_INGRESS), "ingress");
	assert_string_equal(record_direction_name((enum record_direction)3), "unknown");
	assert_string_equal(record_flow_state_name((enum record_flow_state)0), "unknown");
	assert_string_equal(record_flow_state_name(FLOW_OPEN), "open");
	assert_string_equal(record_flow_state_name(FLOW_ESTABLISHED), "established");
	assert_string_equal(record_flow_state_name(FLOW_CLOSED), "closed");
	assert_string_equal(record_flow_state_name(FLOW_FAILED), "failed");
	assert_string_equal(record_flow_state_name(FLOW_REFUSED), "refused");
	assert_string_equal(record_flow_state_name((enum record_flow_state)6), "unknown");
}

static void test_ending_names(void **state)
{
	static const char *const names[] = { "unknown",	    "fin_local",    "fin_remote",
					     "reset_local", "reset_remote", "timeout",
					     "unreachable", "aborted",	    "idle",
					     "closed",	    "unknown" };

	(void)state;
	for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_string_equal(record_flow_ending_name((enum record_flow_ending)i), names[i]);
}

static void test_protocol_names(void **state)
{
	(void)state;
	assert_string_equal(record_protocol_name(1), "icmp");
	assert_string_equal(record_protocol_name(6), "tcp");
	assert_string_equal(record_protocol_name(17), "udp");
	assert_string_equal(record_protocol_name(58), "ipv6-icmp");
	assert_string_equal(record_protocol_name(132), "sctp");
	assert_string_equal(record_protocol_name(136), "udplite");
	assert_null(record_protocol_name(0));
	assert_null(record_protocol_name(137));
	assert_null(record_protocol_name(255));
}

static void test_quality_names(void **state)
{
	(void)state;
	assert_string_equal(record_owner_quality_name(QUALITY_UNKNOWN), "unknown");
	assert_string_equal(record_owner_quality_name(QUALITY_INHERITED), "inherited");
	assert_string_equal(record_owner_quality_name(QUALITY_SNAPSHOT), "snapshot");
	assert_string_equal(record_owner_quality_name(QUALITY_KERNEL), "kernel");
	assert_string_equal(record_owner_quality_name(QUALITY_CREATOR), "creator");
	assert_string_equal(record_owner_quality_name(QUALITY_CALLER), "caller");
	assert_string_equal(record_owner_quality_name((enum record_owner_quality)6), "unknown");
}

static void test_gap_names(void **state)
{
	(void)state;
	assert_string_equal(gap_reason_name(GAP_UNKNOWN), "unknown");
	assert_string_equal(gap_reason_name(GAP_RING_FULL), "ring_full");
	assert_string_equal(gap_reason_name(GAP_UNEXPLAINED), "unexplained");
	assert_string_equal(gap_reason_name(GAP_REASON_COUNT), "unknown");
}

static void test_no_process(void **state)
{
	(void)state;
	assert_true(record_process_key_is_none(&(struct record_process_key){ 0 }));
	assert_false(record_process_key_is_none(&(struct record_process_key){ .pid = 1 }));
	assert_false(record_process_key_is_none(&(struct record_process_key){ .start_ns = 1 }));
	assert_false(record_process_key_is_none(&(struct record_process_key){ .exec_count = 1 }));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_class_names),    cmocka_unit_test(test_flow_names),
		cmocka_unit_test(test_quality_names),  cmocka_unit_test(test_gap_names),
		cmocka_unit_test(test_no_process),     cmocka_unit_test(test_ending_names),
		cmocka_unit_test(test_protocol_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
