/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks in nanoseconds, named by what they are. */
#ifndef YAGURA_COMMON_CLOCK_H
#define YAGURA_COMMON_CLOCK_H

#include <stdint.h>
#include <time.h>

#define NS_PER_US 1000ull
#define NS_PER_MS 1000000ull
#define NS_PER_S 1000000000ull

static inline uint64_t clock_read_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static inline uint64_t clock_realtime_ns(void)
{
	return clock_read_ns(CLOCK_REALTIME);
}

static inline uint64_t clock_boottime_ns(void)
{
	return clock_read_ns(CLOCK_BOOTTIME);
}

/* Changes of a file less than this apart may have the same time: kernels tell file times by ticks
 * (current_time(), fs/inode.c), and a tick may come late. */
static inline uint64_t clock_file_tick_ns(void)
{
	struct timespec tick = { 0 };

	clock_getres(CLOCK_REALTIME_COARSE, &tick);
	return 2 * ((uint64_t)tick.tv_sec * NS_PER_S + (uint64_t)tick.tv_nsec);
}

/* UTC of a boottime instant: boottime + this. Changes when somebody sets the clock. */
static inline uint64_t clock_boot_epoch_ns(void)
{
	return clock_realtime_ns() - clock_boottime_ns();
}

#endif
