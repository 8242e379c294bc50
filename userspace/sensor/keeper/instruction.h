/* SPDX-License-Identifier: Apache-2.0 */
/* Programs of a few instructions, written by hand: to try what a kernel takes. */
#ifndef YAGURA_KEEPER_INSTRUCTION_H
#define YAGURA_KEEPER_INSTRUCTION_H

#include <linux/bpf.h>

#define INSTRUCTION(op, to, from, offset, value)                                                   \
	{                                                                                          \
		.code = (op), .dst_reg = (to), .src_reg = (from), .off = (offset), .imm = (value)  \
	}
#define CALL(helper) INSTRUCTION(BPF_JMP | BPF_CALL, 0, 0, 0, helper)
#define RETURN_ZERO                                                                                \
	INSTRUCTION(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0),                              \
		INSTRUCTION(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

#endif
