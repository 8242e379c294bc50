/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What differs between supported kernels. A file of probes is compiled as it is for a kernel that
 * can do everything; probes/<concern>_old.bpf.c, _locked and _plain compile it again under other
 * program names:
 *
 * YAGURA_OLD: Linux 5.10. It rejects atomic instructions that return the old value wherever they
 * stand, even in code that is never reached, has the current task only as an untyped address, and
 * has no socket storage in tracepoints.
 * YAGURA_LOCKED: lockdown=confidentiality. It refuses every bpf_probe_read helper; typed pointers
 * may still be followed.
 * YAGURA_PLAIN: a verifier that gives up over the search for first bytes of TCP connections. It is
 * left out; SYN, lengths and first datagrams are not.
 *
 * Which of them is loaded is decided by userspace/sensor/keeper/probe_table.c.
 */
#ifndef YAGURA_LIB_COMPAT_BPF_H
#define YAGURA_LIB_COMPAT_BPF_H

#include "kernel_types.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#ifdef YAGURA_OLD
/* A member of a structure that is only known by its address, or of what it leads to. */
#define task_read(task, ...) BPF_CORE_READ(task, __VA_ARGS__)
#else
#define task_read(task, ...) (___arrow(task, __VA_ARGS__))
#endif

static __always_inline struct task_struct *current_task(void)
{
#ifdef YAGURA_OLD
	return (struct task_struct *)bpf_get_current_task();
#else
	return bpf_get_current_task_btf();
#endif
}

/* Takes a flag that is down; false when it was up. On 5.10 those who ask are tracepoint handlers
 * and iterators, which run there with preemption off and in no interrupt: nobody can come
 * in between. */
static __always_inline bool flag_take(__u32 *flag)
{
#ifdef YAGURA_OLD
	if (*(volatile __u32 *)flag)
		return false;
	*(volatile __u32 *)flag = 1;
	return true;
#else
	return __sync_lock_test_and_set(flag, 1) == 0;
#endif
}

static __always_inline void flag_drop(__u32 *flag)
{
#ifdef YAGURA_OLD
	*(volatile __u32 *)flag = 0;
#else
	__sync_lock_test_and_set(flag, 0);
#endif
}

#ifdef YAGURA_OLD
/* Words that are being changed, by their address: to add a key that is not there is the one
 * exclusive step that 5.10 offers to every kind of program. The value says nothing: as large as
 * the key, the stack needs no word for it. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u64);
	__type(value, __u64);
} changing __weak SEC(".maps");
#endif

/* Compare and swap. On 5.10 it also fails when other CPUs are at it, four times in a row. */
static __always_inline bool word_change(__u32 *word, __u32 from, __u32 to)
{
#ifdef YAGURA_OLD
	__u64 address = (__u64)word;
	bool same, mine = false;
	int i;

	for (i = 0; i < 4 && !mine; i++)
		mine = bpf_map_update_elem(&changing, &address, &address, BPF_NOEXIST) == 0;
	if (!mine)
		return false;
	same = *(volatile __u32 *)word == from;
	if (same)
		*(volatile __u32 *)word = to;
	bpf_map_delete_elem(&changing, &address);
	return same;
#else
	return __sync_val_compare_and_swap(word, from, to) == from;
#endif
}

/* 0, 1, 2 … each once; on 5.10 a number may come twice when eight CPUs ask at the same instant. */
static __always_inline __u32 word_count(__u32 *word)
{
#ifdef YAGURA_OLD
	__u32 number = 0;
	int i;

	for (i = 0; i < 8; i++) {
		number = *(volatile __u32 *)word;
		if (word_change(word, number, number + 1))
			break;
	}
	return number;
#else
	return __sync_fetch_and_add(word, 1);
#endif
}

/* Likewise, but on 5.10 CPUs that ask at the same instant may get the same. */
static __always_inline __u32 word_next(__u32 *word)
{
#ifdef YAGURA_OLD
	__u32 number = *(volatile __u32 *)word;

	__sync_fetch_and_add(word, 1); /* the old value is not asked for */
	return number;
#else
	return __sync_fetch_and_add(word, 1);
#endif
}

/* True when that was the last. */
static __always_inline bool word_count_down(__u32 *word)
{
#ifdef YAGURA_OLD
	__sync_fetch_and_add(word, -1); /* the old value is not asked for */
	return *(volatile __u32 *)word == 0;
#else
	return __sync_fetch_and_add(word, -1) == 1;
#endif
}

/* Sets a bit; true when it was not set before and, on 5.10, no other CPU was at it. */
static __always_inline bool word_add_bit(__u32 *word, __u32 bit)
{
#ifdef YAGURA_OLD
	__u32 before = *(volatile __u32 *)word;

	return !(before & bit) && word_change(word, before, before | bit);
#else
	return !(__sync_fetch_and_or(word, bit) & bit);
#endif
}

/* As many bytes kernel_string() copies for sure; a string that reaches them may have been cut. */
#ifdef YAGURA_LOCKED
#define KERNEL_STRING_BYTES 512 /* the buffer that 6.1 prints by way of; later ones have more */
#else
#define KERNEL_STRING_BYTES 4096
#endif

/* Copies a string of the kernel's with its NUL, as much as fits. How many bytes that was, or
 * -errno. */
static __always_inline long kernel_string(void *to, __u32 bytes_max, const void *from)
{
#ifdef YAGURA_LOCKED
	__u64 arguments[] = { (__u64)from };
	long size = bpf_snprintf(to, bytes_max, "%s", arguments, sizeof(arguments));

	return size > bytes_max ? bytes_max : size; /* it says how much there was */
#else
	return bpf_probe_read_kernel_str(to, bytes_max, from);
#endif
}

/* Copies from the memory of the process at work. */
static __always_inline long user_bytes(void *to, __u32 bytes, const void *from)
{
#ifdef YAGURA_LOCKED
	return -1;
#else
	return bpf_probe_read_user(to, bytes, from);
#endif
}

#endif
