/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each program of the BPF object costs this kernel's verifier, one line a program:
 * "cost PROGRAM INSTRUCTIONS STATES", or "cost PROGRAM - -" where it is refused. Each is loaded
 * alone, with the knobs the object comes with, so that a line depends on the program and
 * the kernel only. With the name of a program: the end of what the verifier says of it.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#define LOG_BYTES (16u << 20)
#define LOG_SHOWN_BYTES 4000
#define LOG_TRACE 1
#define LOG_STATISTICS 4 /* the summary without the trace; every supported kernel has it */

static char verifier_log[LOG_BYTES];

/* Exactly one of them is to be loaded. Maps are made for all, as in the sensor. */
static int load_alone(const char *name, unsigned int log_level)
{
	struct bpf_object *object = bpf_object__open_file(BPF_OBJECT, NULL);
	struct bpf_program *program;
	int r;

	if (!object)
		return -1;
	bpf_object__for_each_program(program, object)
		bpf_program__set_autoload(program, strcmp(bpf_program__name(program), name) == 0);
	program = bpf_object__find_program_by_name(object, name);
	verifier_log[0] = '\0';
	bpf_program__set_log_buf(program, verifier_log, sizeof(verifier_log));
	bpf_program__set_log_level(program, log_level);
	r = bpf_object__load(object);
	bpf_object__close(object);
	return r;
}

/* "processed 3154 insns (limit 1000000) max_states_per_insn 4 total_states 210 peak_states …" */
static bool find_figures(unsigned long long *ret_instructions, unsigned long long *ret_states)
{
	const char *instructions = strstr(verifier_log, "processed ");
	const char *states = strstr(verifier_log, "total_states ");

	return instructions && states &&
	       sscanf(instructions, "processed %llu insns", ret_instructions) == 1 &&
	       sscanf(states, "total_states %llu", ret_states) == 1;
}

/* False when the kernel took the program, but what it says of it cannot be read. */
static bool print_cost(const char *name)
{
	unsigned long long instructions, states;

	if (load_alone(name, LOG_STATISTICS) < 0) {
		printf("cost %s - -\n", name);
		return true;
	}
	if (!find_figures(&instructions, &states)) {
		printf("no figures for %s in: %s\n", name, verifier_log);
		return false;
	}
	printf("cost %s %llu %llu\n", name, instructions, states);
	return true;
}

static int explain(const char *name)
{
	int r = load_alone(name, LOG_TRACE | LOG_STATISTICS);
	size_t length = strlen(verifier_log);
	const char *from = verifier_log;

	if (length > LOG_SHOWN_BYTES)
		from += length - LOG_SHOWN_BYTES;
	printf("%s: %s\n%s", name, r < 0 ? "refused" : "taken", from);
	return r < 0;
}

static int keep_quiet(enum libbpf_print_level level, const char *format, va_list arguments)
{
	(void)level;
	(void)format;
	(void)arguments;
	return 0;
}

int main(int argc, char **argv)
{
	const struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
	struct bpf_object *object;
	struct bpf_program *program;
	int failed = 0;

	setrlimit(RLIMIT_MEMLOCK, &unlimited);
	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	libbpf_set_print(keep_quiet);
	if (argc == 2)
		return explain(argv[1]);
	object = bpf_object__open_file(BPF_OBJECT, NULL);
	if (!object) {
		fprintf(stderr, "cannot open %s\n", BPF_OBJECT);
		return 1;
	}
	bpf_object__for_each_program(program, object)
	{
		if (!print_cost(bpf_program__name(program)))
			failed = 1;
	}
	bpf_object__close(object);
	return failed;
}
