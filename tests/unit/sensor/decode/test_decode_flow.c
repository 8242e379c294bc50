/* SPDX-License-Identifier: Apache-2.0 */
/* Which values the fields of a flow's event may have. */
#include "sensor/decode/decode.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "support/event_build.h"

static struct flow_case {
	const char *name;
	size_t offset;
	uint8_t value;
	int want;
} flow_cases[] = {
#define AT(field) offsetof(struct event_flow, field)
	{ "flow: direction unknown", AT(direction), FLOW_DIRECTION_UNKNOWN, 0 },
	{ "flow: direction ingress", AT(direction), FLOW_INGRESS, 0 },
	{ "flow: direction out of range", AT(direction), 3, -EBADMSG },
	{ "flow: state 0", AT(state), 0, -EBADMSG },
	{ "flow: final but open", AT(state), FLOW_STATE_OPEN, -EBADMSG },
	{ "flow: final but established", AT(state), FLOW_STATE_ESTABLISHED, -EBADMSG },
	{ "flow: failed", AT(state), FLOW_STATE_FAILED, 0 },
	{ "flow: refused", AT(state), FLOW_STATE_REFUSED, 0 },
	{ "flow: state out of range", AT(state), 6, -EBADMSG },
	{ "flow: idle", AT(ending), ENDING_IDLE, 0 },
	{ "flow: ending out of range", AT(ending), 10, -EBADMSG },
	{ "flow: quality unknown", AT(owner_quality), OWNER_UNKNOWN, 0 },
	{ "flow: quality out of range", AT(owner_quality), 6, -EBADMSG },
	{ "flow: all flags", AT(flags), 127, 0 },
	{ "flow: no flag", AT(flags), 0, 0 },
	{ "flow: unknown flag", AT(flags), 128, -EBADMSG },
	{ "flow: stands for nothing", AT(count), 0, -EBADMSG },
	{ "flow: a SYN of IPv6", AT(syn.ip_version), 6, 0 },
	{ "flow: a SYN of no IP", AT(syn.ip_version), 5, -EBADMSG },
	{ "flow: an answer of no IP", AT(synack.ip_version), 5, -EBADMSG },
	{ "flow: an answer with too many options", AT(synack.options_bytes), 41, -EBADMSG },
	{ "flow: begins at random", AT(first_bytes), 3, 0 },
	{ "flow: begins with an unknown kind", AT(first_bytes), 4, -EBADMSG },
	{ "flow: reserved is not zero", AT(reserved), 1, -EBADMSG },
#undef AT
};

static void check_flow(void **state)
{
	const struct flow_case *c = *state;
	struct event_flow flow = build_flow((struct process_key){ 111, 42, 3 }, 7000);
	struct decoded_event decoded;

	((uint8_t *)&flow)[c->offset] = c->value;
	assert_int_equal(decode_event((uint8_t *)&flow, sizeof(flow), &decoded), c->want);
}

#define CASES (sizeof(flow_cases) / sizeof(flow_cases[0]))

int main(void)
{
	struct CMUnitTest tests[CASES];

	for (size_t i = 0; i < CASES; i++)
		tests[i] = (struct CMUnitTest){ flow_cases[i].name, check_flow, NULL, NULL,
						&flow_cases[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
