/* SPDX-License-Identifier: Apache-2.0 */
/* Executions of 300 programs (Zipf) by 40 parents; 30 % of the argument vectors come only once. */
#include "bench/telemetry/model_private.h"

#include "common/clock.h"

#include <stdlib.h>
#include <string.h>

#define PROGRAMS 300
#define TEMPLATES 1
#define PARENTS 40
#define DEPTH 5

struct program {
	struct text executable;
	struct text name;
	struct text args[TEMPLATES];
	struct text shape[TEMPLATES]; /* parts a to c of px1 */
	struct record_file file;
};

struct parent {
	struct record_process process;
	struct record_process *ancestors;
	struct text cwd, cgroup, px1_end;
	uint64_t cgroup_id;
	uint32_t session_pid;
};

struct workshop {
	struct model *model;
	struct chance chance;
	struct program programs[PROGRAMS];
	struct parent parents[PARENTS];
	struct zipf of_programs, of_parents;
};

static struct text word(struct workshop *shop, size_t length)
{
	char letters[32] = { 0 };

	chance_word(&shop->chance, letters, length);
	return model_text(shop->model, "%s", letters);
}

static struct text hex(struct workshop *shop)
{
	return model_text(shop->model, "%012llx",
			  (unsigned long long)chance_next(&shop->chance) >> 16);
}

static void make_program(struct workshop *shop, uint32_t number)
{
	struct program *program = &shop->programs[number];
	struct record_file *file = &program->file;

	program->name = word(shop, 3 + chance_below(&shop->chance, 7));
	program->executable = model_text(shop->model, "/usr/bin/%s", program->name.at);
	*file = (struct record_file){
		.inode = 1000000 + chance_below(&shop->chance, 2000000),
		.bytes = (uint64_t)chance_log_normal(&shop->chance, 60000, 1.3),
		.ctime_ns = MODEL_TIME_NS - chance_next(&shop->chance) % (400 * 86400 * NS_PER_S),
		.mtime_ns =
			MODEL_TIME_NS - chance_next(&shop->chance) % (900 * 86400ull) * NS_PER_S,
		.device_major = 254,
		.device_minor = 1,
		.nlink = 1,
		.mode = 0100755,
		.hash = { .status = HASH_OK, .package = PACKAGE_UNMODIFIED },
	};
	chance_bytes(&shop->chance, file->hash.sha256, sizeof(file->hash.sha256));
	for (size_t i = 0; i < TEMPLATES; i++) {
		const uint8_t *digest = file->hash.sha256;

		program->args[i] =
			model_text(shop->model, "%s%c-%c%c--%s%c/srv/%s/%s%c", program->name.at, 0,
				   'a' + (int)i, 0, word(shop, 5).at, 0, word(shop, 6).at,
				   word(shop, 5).at, 0);
		program->shape[i] = model_text(shop->model, "eunh04_%02x%02x%02x%02x%02x%02x_%s",
					       digest[0], digest[1], digest[2], digest[3],
					       digest[4], digest[5], hex(shop).at);
	}
}

static struct record_process make_process(struct workshop *shop, const char *executable)
{
	return (struct record_process){
		.key = { .start_ns = chance_next(&shop->chance) % MODEL_UPTIME_NS,
			 .pid = 300 + chance_below(&shop->chance, 60000),
			 .exec_count = 1 },
		.uid = 1000,
		.gid = 1000,
		.executable = model_text(shop->model, "%s", executable),
	};
}

static void make_parent(struct workshop *shop, uint32_t number)
{
	static const char *const shells[] = { "/usr/bin/dash", "/usr/bin/bash", "/usr/bin/make",
					      "/usr/sbin/cron" };
	struct parent *parent = &shop->parents[number];

	parent->process = make_process(shop, shells[number % 4]);
	parent->process.args = model_text(shop->model, "sh%c-c%c%s%c", 0, 0, word(shop, 20).at, 0);
	parent->ancestors = model_keep(shop->model, DEPTH * sizeof(*parent->ancestors));
	for (size_t i = 0; i < DEPTH; i++)
		parent->ancestors[i] = number % 4 > 0 && i > 0
					       ? shop->parents[number - 1].ancestors[i]
					       : make_process(shop, shells[i % 4]);
	parent->cwd = model_text(shop->model, "/srv/%s", word(shop, 7).at);
	parent->cgroup = model_text(shop->model, "/system.slice/unit-%u.service", number / 4);
	parent->cgroup_id = 4000 + number / 4;
	parent->session_pid = parent->process.key.pid;
	parent->px1_end = hex(shop);
}

static struct text unique_args(struct workshop *shop, const struct program *program)
{
	const char *name = program->name.at;

	if (chance_percent(&shop->chance, 50))
		return model_text(shop->model, "%s%c-o%c/tmp/tmp.%s%c", name, 0, 0,
				  word(shop, 10).at, 0);
	return model_text(shop->model, "%s%c--job=%u%c", name, 0,
			  chance_below(&shop->chance, 1000000), 0);
}

static void fill_context(struct record_exec *exec)
{
	exec->namespaces =
		(struct record_namespaces){ 4026531835u, 4026531839u, 4026531841u, 4026531840u,
					    4026531836u, 4026531837u, 4026531838u };
	exec->euid = exec->suid = exec->egid = 1000;
	exec->former_euid = UINT32_MAX;
	exec->loginuid = exec->audit_session = UINT32_MAX;
	exec->creator = (struct record_process){ .uid = UINT32_MAX, .gid = UINT32_MAX };
}

static void make_exec(struct workshop *shop, struct record_exec *exec, uint64_t start_ns,
		      uint32_t pid)
{
	const struct program *program =
		&shop->programs[zipf_draw(&shop->of_programs, &shop->chance)];
	const struct parent *parent = &shop->parents[zipf_draw(&shop->of_parents, &shop->chance)];
	uint32_t template = chance_below(&shop->chance, TEMPLATES);

	fill_context(exec);
	exec->time_ns = MODEL_TIME_NS + start_ns - MODEL_UPTIME_NS +
			(uint64_t)(chance_log_normal(&shop->chance, 0.7, 0.6) * 1e6);
	exec->process = parent->process;
	exec->process.key.start_ns = start_ns;
	exec->process.key.pid = pid;
	exec->process.executable = program->executable;
	exec->process.args = chance_percent(&shop->chance, 30) ? unique_args(shop, program)
							       : program->args[template];
	exec->args_total_bytes = (uint32_t)exec->process.args.length;
	exec->parent = parent->process;
	exec->ancestors = parent->ancestors;
	exec->ancestor_count = DEPTH;
	exec->file = program->file;
	exec->px1 =
		model_text(shop->model, "%s_%s", program->shape[template].at, parent->px1_end.at);
	exec->cwd = parent->cwd;
	exec->cgroup = parent->cgroup;
	exec->cgroup_id = parent->cgroup_id;
	exec->session_pid = parent->session_pid;
	exec->namespace_pid = pid;
}

void model_make_execs(const struct model_options *options, struct model *model)
{
	struct workshop *shop = model_keep(model, sizeof(*shop));
	uint64_t start_ns = MODEL_UPTIME_NS;
	uint32_t pid = 1000;

	shop->model = model;
	shop->chance = (struct chance){ options->seed };
	zipf_init(&shop->of_programs, PROGRAMS);
	zipf_init(&shop->of_parents, PARENTS);
	for (uint32_t i = 0; i < PROGRAMS; i++)
		make_program(shop, i);
	for (uint32_t i = 0; i < PARENTS; i++)
		make_parent(shop, i);
	model->exec_count = options->execs;
	model->execs = calloc(options->execs, sizeof(*model->execs));
	if (!model->execs)
		abort();
	for (size_t i = 0; i < options->execs; i++) {
		start_ns += (uint64_t)(chance_log_normal(&shop->chance, 20, 1.5) * 1e6);
		if (!options->has_nanoseconds)
			start_ns -= start_ns % NS_PER_MS;
		pid = pid > 4000000 ? 300 : pid + 1 + chance_below(&shop->chance, 3);
		model->execs[i].class = RECORD_EXEC;
		make_exec(shop, &model->execs[i].exec, start_ns, pid);
	}
	zipf_done(&shop->of_programs);
	zipf_done(&shop->of_parents);
}
