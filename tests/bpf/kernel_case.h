/* SPDX-License-Identifier: Apache-2.0 */
/* What a test may expect of the kernel it runs on, told by other means than the sensor uses. */
#ifndef YAGURA_TESTS_BPF_KERNEL_CASE_H
#define YAGURA_TESTS_BPF_KERNEL_CASE_H

#include <stdbool.h>

/* 5.10 is 5010, 6.12 is 6012. */
int kernel_version(void);
/* Without what came by 5.12: the programs called _old are at work. */
bool is_old_kernel(void);
/* What these do without, one by one: why, bpf/lib/compat.bpf.h says. */
#define NOT_ON_OLD_KERNELS(name)                                                                   \
	static inline bool name(void)                                                              \
	{                                                                                          \
		return !is_old_kernel();                                                           \
	}
NOT_ON_OLD_KERNELS(reads_are_seen)
NOT_ON_OLD_KERNELS(stock_is_taken) /* of sockets that are older than the sensor */
NOT_ON_OLD_KERNELS(refusals_are_seen)
NOT_ON_OLD_KERNELS(budgets_count)
NOT_ON_OLD_KERNELS(executables_are_filtered)
NOT_ON_OLD_KERNELS(destruction_is_seen) /* else a connection's end is the last word */
NOT_ON_OLD_KERNELS(first_flow_is_apart) /* of datagrams; else all end in sweeps of one table */
NOT_ON_OLD_KERNELS(recursion_is_stopped) /* of a program that meets itself */
#undef NOT_ON_OLD_KERNELS

/* Booted with lockdown=confidentiality. */
bool is_confidential(void);
/* Booted with `bpf` among the security modules (lsm=); false, too, where securityfs is not mounted.
 */
bool is_bpf_security_module(void);
/* A guest whose tracing programs are preempted, so that the kernel skips what would run meanwhile:
 * booted with preempt=full, and of the kernels whose tracepoints allow it. */
bool events_are_skipped(void);
/* One of tests/vm: a stock kernel that nobody has restricted otherwise. */
bool is_guest(void);

#endif
