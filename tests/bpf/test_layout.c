/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel/user contract as the BPF object has it (its BTF) and as userspace was compiled. */
#include "bpf/abi/config.h"
#include "bpf/abi/counters.h"
#include "bpf/abi/event.h"

#include <bpf/btf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct btf *object; /* the object's types */

static int open_object(void **state)
{
	(void)state;
	object = btf__parse(BPF_OBJECT, NULL);
	return object ? 0 : -1;
}

static int close_object(void **state)
{
	(void)state;
	btf__free(object);
	return 0;
}

static struct layout {
	const char *name;
	size_t size;
	const char *last; /* member */
	size_t last_offset;
} layouts[] = {
#define LAYOUT(type, last)                                                                         \
	{                                                                                          \
#type, sizeof(struct type), #last, offsetof(struct type, last)                     \
	}
	LAYOUT(event_header, time_ns), LAYOUT(process_key, exec_count),
	LAYOUT(event_fork, parent),    LAYOUT(event_exec, bytes),
	LAYOUT(event_exit, comm),      LAYOUT(event_flow, reserved),
	LAYOUT(counters, value),       LAYOUT(probe_config, arm_attempts_max),
#undef LAYOUT
};

static void is_the_same(void **state)
{
	const struct layout *want = *state;
	__s32 id = btf__find_by_name_kind(object, want->name, BTF_KIND_STRUCT);
	const struct btf_type *type;
	__u32 last;

	assert_true(id > 0);
	type = btf__type_by_id(object, (__u32)id);
	last = (__u32)btf_vlen(type) - 1;
	assert_int_equal(type->size, want->size);
	assert_string_equal(btf__name_by_offset(object, btf_members(type)[last].name_off),
			    want->last);
	assert_int_equal(btf_members(type)[last].offset, want->last_offset * 8);
}

#define LAYOUTS (sizeof(layouts) / sizeof(*layouts))

int main(void)
{
	struct CMUnitTest tests[LAYOUTS];

	for (size_t i = 0; i < LAYOUTS; i++)
		tests[i] = (struct CMUnitTest){ layouts[i].name, is_the_same, NULL, NULL,
						&layouts[i] };
	return cmocka_run_group_tests(tests, open_object, close_object);
}
