/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/keeper/security_trial.h"

#include "common/cleanup.h"
#include "sensor/keeper/instruction.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <stdint.h>
#include <unistd.h>

/* Before each call of bpf(2): leaves 1 in the only entry of the map. */
static int load_marker(const struct btf *kernel, int map)
{
	const struct bpf_insn instructions[] = {
		INSTRUCTION(BPF_LD | BPF_DW | BPF_IMM, BPF_REG_1, BPF_PSEUDO_MAP_FD, 0, map),
		INSTRUCTION(0, 0, 0, 0, 0), /* its second half */
		INSTRUCTION(BPF_ST | BPF_MEM | BPF_W, BPF_REG_10, 0, -4, 0),
		INSTRUCTION(BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_2, BPF_REG_10, 0, 0),
		INSTRUCTION(BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_2, 0, 0, -4),
		CALL(BPF_FUNC_map_lookup_elem),
		INSTRUCTION(BPF_JMP | BPF_JEQ | BPF_K, BPF_REG_0, 0, 1, 0),
		INSTRUCTION(BPF_ST | BPF_MEM | BPF_W, BPF_REG_0, 0, 0, 1),
		RETURN_ZERO,
	};
	int hook = btf__find_by_name(kernel, "bpf_lsm_bpf");
	LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = BPF_LSM_MAC,
		    .attach_btf_id = (__u32)hook);

	if (hook <= 0)
		return -1;
	return bpf_prog_load(BPF_PROG_TYPE_LSM, "yagura_trial", "Dual BSD/GPL", instructions,
			     sizeof(instructions) / sizeof(*instructions), &options);
}

bool security_trial_runs(const struct btf *kernel)
{
	_cleanup_close_ int map =
		bpf_map_create(BPF_MAP_TYPE_ARRAY, "yagura_trial", 4, sizeof(uint32_t), 1, NULL);
	_cleanup_close_ int program = map < 0 ? -1 : load_marker(kernel, map);
	_cleanup_close_ int link = program < 0 ? -1 : bpf_raw_tracepoint_open(NULL, program);
	uint32_t key = 0, mark = 0;

	return link >= 0 && bpf_map_lookup_elem(map, &key, &mark) == 0 && mark == 1;
}
