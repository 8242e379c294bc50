/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much somebody may send a second: batches and bytes, each a bucket that holds one second's
 * worth. What is taken may overdraw it once, and then nothing is taken until it is level again: a
 * large batch passes, only later. Pure; times are arguments.
 */
#ifndef YAGURA_COLLECTOR_QUOTA_H
#define YAGURA_COLLECTOR_QUOTA_H

#include <stdint.h>

struct quota_limits {
	uint64_t batches_per_s; /* 0: no limit */
	uint64_t bytes_per_s;
};

/* Until when what was taken is paid for, at that rate. All zero: nothing was taken yet. */
struct quota {
	uint64_t batches_ns;
	uint64_t bytes_ns;
};

/* 0 when something may be taken now, else in how many ms, at most 1000. */
uint32_t quota_wait_ms(const struct quota *quota, const struct quota_limits *limits,
		       uint64_t now_ns);
/* One batch of so many bytes was taken. */
void quota_take(struct quota *quota, const struct quota_limits *limits, uint32_t bytes,
		uint64_t now_ns);

#endif
