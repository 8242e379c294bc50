/* SPDX-License-Identifier: Apache-2.0 */
/* What a test may expect of the kernel it runs on, told by other means than the sensor uses. */
#ifndef YAGURA_TESTS_BPF_KERNEL_CASE_H
#define YAGURA_TESTS_BPF_KERNEL_CASE_H

#include <stdbool.h>

/* 5.10 is 5010, 6.12 is 6012. */
int kernel_version(void);
/* Without what came by 5.12: the programs called _old are at work. */
bool is_old_kernel(void);
/* Booted with lockdown=confidentiality. */
bool is_confidential(void);
/* One of tests/vm: a stock kernel that nobody has restricted otherwise. */
bool is_guest(void);

#endif
