/* SPDX-License-Identifier: Apache-2.0 */
/* Which way of a probe this kernel takes, and why not the first. */
#ifndef YAGURA_KEEPER_CHOICE_H
#define YAGURA_KEEPER_CHOICE_H

#include "sensor/keeper/probe_table.h"
#include "sensor/keeper/requests.h"

#include <bpf/btf.h>
#include <stdint.h>

struct choice {
	const struct probe_way *way; /* NULL: this kernel meets no way's needs */
	char reason[KEEPER_TEXT_BYTES]; /* what the first way lacks here; "" when it is taken */
};

/* The first way whose needs `kernel`, the running kernel's BTF, and `features`, a set of enum
 * feature, meet. */
struct choice choice_make(const struct probe *probe, const struct btf *kernel, uint32_t features);

#endif
