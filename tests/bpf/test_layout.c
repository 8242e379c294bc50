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
	const char *member; /* one of the last: all before it must lie right, too */
	size_t offset;
} layouts[] = {
#define LAYOUT(type, member)                                                                       \
	{                                                                                          \
#type, sizeof(struct type), #member, offsetof(struct type, member)                 \
	}
	LAYOUT(event_header, time_ns),
	LAYOUT(process_key, exec_count),
	LAYOUT(event_fork, parent),
	LAYOUT(event_exec, bytes),
	LAYOUT(event_exit, comm),
	LAYOUT(event_flow, reserved),
	LAYOUT(event_cgroup, bytes),
	LAYOUT(counters, value),
	LAYOUT(probe_config, arm_attempts_max),
#undef LAYOUT
};

/* Where a member lies, in bits; -1 when there is none of that name. */
static __s64 find_offset(const struct btf_type *type, const char *name)
{
	const struct btf_member *member = btf_members(type);

	for (int i = 0; i < btf_vlen(type); i++, member++)
		if (strcmp(btf__name_by_offset(object, member->name_off), name) == 0)
			return member->offset;
	return -1;
}

static void is_the_same(void **state)
{
	const struct layout *want = *state;
	__s32 id = btf__find_by_name_kind(object, want->name, BTF_KIND_STRUCT);
	const struct btf_type *type;

	assert_true(id > 0);
	type = btf__type_by_id(object, (__u32)id);
	assert_int_equal(type->size, want->size);
	assert_int_equal(find_offset(type, want->member), want->offset * 8);
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
