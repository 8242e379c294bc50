/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Rules of what is not to be recorded. Looked at once, when a flow or a process image begins; a
 * rule that keeps wins over one that drops. See struct live_config in abi/config.h.
 */
#ifndef YAGURA_LIB_FILTER_BPF_H
#define YAGURA_LIB_FILTER_BPF_H

#include "maps.bpf.h"
#include <bpf/bpf_core_read.h>

#define RULES(name, map_type, flags, key_type)                                                     \
	struct {                                                                                   \
		__uint(type, map_type);                                                            \
		__uint(map_flags, flags);                                                          \
		__uint(max_entries, 2 * FILTER_RULES_MAX); /* a new set beside the old one */      \
		__type(key, key_type);                                                             \
		__type(value, __u32); /* enum filter_verdict */                                    \
	} filter_##name __weak SEC(".maps")

RULES(address, BPF_MAP_TYPE_LPM_TRIE, BPF_F_NO_PREALLOC, struct filter_address);
RULES(port, BPF_MAP_TYPE_HASH, BPF_F_NO_PREALLOC, struct filter_port);
RULES(cgroup, BPF_MAP_TYPE_HASH, BPF_F_NO_PREALLOC, __u64);
RULES(uid, BPF_MAP_TYPE_HASH, BPF_F_NO_PREALLOC, __u32);
RULES(executable, BPF_MAP_TYPE_HASH, BPF_F_NO_PREALLOC, struct filter_executable);

/* Rules that can speak of a process; the others know flows only. */
#define FILTERS_OF_PROCESSES (1u << FILTER_CGROUP | 1u << FILTER_UID | 1u << FILTER_EXECUTABLE)

/* What is asked about a flow. The addresses are whole look-up keys. */
struct flow_facts {
	__u64 cgroup_id; /* of the socket */
	struct filter_address local;
	struct filter_address remote;
	__u32 uid; /* of the socket */
	__u32 executable_verdict; /* enum filter_verdict of the process that begins it */
	__u16 local_port;
	__u16 remote_port;
	__u8 protocol;
	__u8 reserved[3];
};

static __always_inline const struct live_config *live_get(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&live_config, &zero);
}

static __always_inline bool has_rules(const struct live_config *live, enum filter filter)
{
	return live->filters & 1u << filter;
}

static __always_inline __u32 rule_of(void *rules, const void *key)
{
	__u32 *verdict = bpf_map_lookup_elem(rules, key);

	return verdict ? *verdict : FILTER_NONE;
}

/* KEEP over DROP over NONE. */
static __always_inline __u32 stronger(__u32 one, __u32 other)
{
	return one > other ? one : other;
}

static __always_inline bool executable_fill_key(struct filter_executable *key,
						struct task_struct *task)
{
	struct mm_struct *mm = task->mm;
	struct file *file = mm ? mm->exe_file : NULL;

	if (!file)
		return false;
	key->inode = file->f_inode->i_ino;
	key->device = file->f_inode->i_sb->s_dev;
	key->reserved = 0;
	return true;
}

/* enum filter_verdict of the program a task runs. The task must be a typed pointer. */
static __always_inline __u32 executable_verdict(const struct live_config *live,
						struct task_struct *task)
{
	struct filter_executable key;

	if (!has_rules(live, FILTER_EXECUTABLE) || !executable_fill_key(&key, task))
		return FILTER_NONE;
	return rule_of(&filter_executable, &key);
}

/* The default is for what rules of its sort were made for: a sensor that keeps one port only still
 * tells of all processes. */
static __always_inline bool process_is_filtered(const struct live_config *live,
						struct task_struct *task, __u64 cgroup_id)
{
	__u32 uid = task->real_cred->uid.val;
	__u32 verdict = FILTER_NONE;

	if (!(live->filters & FILTERS_OF_PROCESSES))
		return false;
	if (has_rules(live, FILTER_CGROUP))
		verdict = rule_of(&filter_cgroup, &cgroup_id);
	if (has_rules(live, FILTER_UID))
		verdict = stronger(verdict, rule_of(&filter_uid, &uid));
	verdict = stronger(verdict, executable_verdict(live, task));
	return (verdict ? verdict : live->filter_default) == FILTER_DROP;
}

static __always_inline __u32 port_rule_of(__u16 port, __u8 protocol)
{
	struct filter_port key = { .port = port, .protocol = protocol };
	__u32 verdict = rule_of(&filter_port, &key);

	key.protocol = 0;
	return stronger(verdict, rule_of(&filter_port, &key));
}

static __noinline bool flow_is_filtered(const struct live_config *live,
					const struct flow_facts *facts)
{
	__u32 verdict;

	if (!live || !facts)
		return false;
	verdict = facts->executable_verdict;
	if (has_rules(live, FILTER_ADDRESS)) {
		verdict = stronger(verdict, rule_of(&filter_address, &facts->local));
		verdict = stronger(verdict, rule_of(&filter_address, &facts->remote));
	}
	if (has_rules(live, FILTER_PORT)) {
		verdict = stronger(verdict, port_rule_of(facts->local_port, facts->protocol));
		verdict = stronger(verdict, port_rule_of(facts->remote_port, facts->protocol));
	}
	if (has_rules(live, FILTER_CGROUP))
		verdict = stronger(verdict, rule_of(&filter_cgroup, &facts->cgroup_id));
	if (has_rules(live, FILTER_UID))
		verdict = stronger(verdict, rule_of(&filter_uid, &facts->uid));
	return (verdict ? verdict : live->filter_default) == FILTER_DROP;
}

#endif
