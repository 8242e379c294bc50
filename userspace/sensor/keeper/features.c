/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/keeper/features.h"

#include "sensor/keeper/instruction.h"
#include "sensor/keeper/security_trial.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

struct trial {
	enum bpf_prog_type type;
	enum bpf_attach_type attach;
	const char *target; /* what a tracing program would be attached to, in BTF, or NULL */
	struct bpf_insn instructions[8];
};

/* xchg came with fetch_add and cmpxchg (5.12): one stands for all. */
static const struct trial trials[FEATURE_COUNT] = {
	[FEATURE_INDEX_ATOMICS] = {
		.type = BPF_PROG_TYPE_SOCKET_FILTER,
		.instructions = {
			INSTRUCTION(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_1, 0, 0, 1),
			INSTRUCTION(BPF_STX | BPF_MEM | BPF_DW, BPF_REG_10, BPF_REG_1, -8, 0),
			INSTRUCTION(BPF_STX | BPF_ATOMIC | BPF_DW, BPF_REG_10, BPF_REG_1, -8, BPF_XCHG),
			RETURN_ZERO,
		},
	},
	[FEATURE_INDEX_CURRENT_TASK] = {
		.type = BPF_PROG_TYPE_SOCK_OPS,
		.instructions = { CALL(BPF_FUNC_get_current_task_btf), RETURN_ZERO },
	},
	[FEATURE_INDEX_KERNEL_READS] = {
		.type = BPF_PROG_TYPE_TRACING,
		.attach = BPF_TRACE_RAW_TP,
		.target = "btf_trace_sched_process_exec",
		.instructions = {
			INSTRUCTION(BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_1, BPF_REG_10, 0, 0),
			INSTRUCTION(BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_1, 0, 0, -8),
			INSTRUCTION(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_2, 0, 0, 8),
			INSTRUCTION(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_3, 0, 0, 0),
			CALL(BPF_FUNC_probe_read_kernel),
			RETURN_ZERO,
		},
	},
	[FEATURE_INDEX_TRACING_STORAGE] = {
		.type = BPF_PROG_TYPE_TRACING,
		.attach = BPF_TRACE_RAW_TP,
		.target = "btf_trace_tcp_destroy_sock",
		.instructions = { CALL(BPF_FUNC_sk_storage_get), RETURN_ZERO },
	},
	[FEATURE_INDEX_FUNCTION_EXIT] = {
		.type = BPF_PROG_TYPE_TRACING,
		.attach = BPF_TRACE_FEXIT,
		.target = "bprm_execve",
		.instructions = {
			INSTRUCTION(BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_2, BPF_REG_10, 0, 0),
			INSTRUCTION(BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_2, 0, 0, -8),
			CALL(BPF_FUNC_get_func_ret), /* 5.17 */
			RETURN_ZERO,
		},
	},
};

/* A helper that the kernel knows and allows here complains of its argument, the context; one that
 * it does not is refused before that is looked at, in words that differ by version. */
static bool complains_of_argument(const char *log)
{
	return strstr(log, "R1 type=ctx expected=") != NULL;
}

static bool is_accepted(const struct trial *trial, const struct btf *kernel)
{
	char log[4096] = "";
	LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = trial->attach,
		    .log_level = 1, .log_buf = log, .log_size = sizeof(log));
	size_t count = 0;
	int fd;

	if (trial->target) {
		int id = btf__find_by_name(kernel, trial->target);

		if (id <= 0)
			return false;
		options.attach_btf_id = (__u32)id;
	}
	while (trial->instructions[count].code != (BPF_JMP | BPF_EXIT))
		count++;
	fd = bpf_prog_load(trial->type, "yagura_trial", "Dual BSD/GPL", trial->instructions,
			   count + 1, &options);
	if (fd < 0)
		return complains_of_argument(log);
	close(fd);
	return true;
}

/* What is assumed has none, nor what has to be run. */
static bool has_trial(const struct trial *trial)
{
	return trial->instructions[0].code != 0;
}

uint32_t features_detect(const struct btf *kernel)
{
	uint32_t found = FEATURES_ASSUMED;

	for (unsigned int i = 0; i < FEATURE_COUNT; i++)
		if (has_trial(&trials[i]) && is_accepted(&trials[i], kernel))
			found |= 1u << i;
	return security_trial_runs(kernel) ? found | FEATURE_SECURITY_HOOKS : found;
}

const char *feature_text(uint32_t feature)
{
	static const char *const texts[FEATURE_COUNT] = {
#define FEATURE_TEXT(NAME, text) [FEATURE_INDEX_##NAME] = text,
		FEATURES(FEATURE_TEXT)
#undef FEATURE_TEXT
	};

	for (unsigned int i = 0; i < FEATURE_COUNT; i++)
		if (feature & 1u << i)
			return texts[i];
	return "what it needs";
}
