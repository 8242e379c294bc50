/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The kernel/user contract: knobs and limits. `struct probe_config` is read-only data of the BPF
 * object, set by the keeper between open and load, so that the verifier deletes what is switched
 * off.
 */
#ifndef YAGURA_ABI_CONFIG_H
#define YAGURA_ABI_CONFIG_H

#include <linux/types.h>

struct probe_config {
	__u32 wakeup_fill_bytes; /* submit without a wake-up until this much waits in the ring */
	__u32 args_bytes_max; /* 0 … EVENT_ARGS_BYTES_MAX */
	__u32 arm_attempts_max; /* segments of an accepted socket looked at for its first sender */
	__u32 sweep_interval_ms; /* how often the keeper has the open flows looked at */
};

#endif
