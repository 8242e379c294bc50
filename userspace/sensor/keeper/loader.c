/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/keeper/loader.h"

#include "bpf/yagura.skel.h"
#include "common/cleanup.h"
#include "common/log.h"
#include "sensor/keeper/cgroup.h"
#include "sensor/keeper/choice.h"
#include "sensor/keeper/counter_memory.h"
#include "sensor/keeper/features.h"
#include "sensor/keeper/iterator.h"
#include "sensor/keeper/probe_table.h"
#include "sensor/keeper/sizes.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

struct probe_status {
	struct choice choice;
	struct bpf_link *link; /* NULL, too, where the program of an earlier row serves */
	bool attached;
	int error; /* of the attempt to attach, 0 or -errno */
};

struct loader {
	struct yagura_bpf *skeleton;
	struct btf *kernel; /* its types; only while programs are chosen */
	struct probe_status status[KEEPER_PROBES_MAX];
	char cgroup[256];
	int cgroup_fd;
	struct counter_memory counters;
	int cpu_count;
};

__attribute__((format(printf, 2, 0))) static int print_libbpf(enum libbpf_print_level level,
							      const char *format, va_list arguments)
{
	char text[1024];

	vsnprintf(text, sizeof(text), format, arguments);
	text[strcspn(text, "\n")] = '\0';
	if (level == LIBBPF_WARN)
		log_warn("libbpf", "%s", text);
	else
		log_debug("libbpf", "%s", text);
	return 0;
}

static struct bpf_program *find_program(const struct loader *loader, const struct probe_way *way)
{
	return bpf_object__find_program_by_name(loader->skeleton->obj, way->program);
}

/* Programs not chosen are not loaded: a fallback must not cost anything. */
static int choose_programs(struct loader *loader, uint32_t features, char *ret_error)
{
	const struct btf *kernel = loader->kernel;
	struct bpf_program *program;
	int r = 0;

	bpf_object__for_each_program(program, loader->skeleton->obj)
		bpf_program__set_autoload(program, false);
	for (size_t i = 0; probe_table[i].name && r == 0; i++) {
		struct choice *choice = &loader->status[i].choice;

		*choice = choice_make(&probe_table[i], kernel, features);
		if (choice->way) {
			program = find_program(loader, choice->way);
			bpf_program__set_autoload(program, true);
		} else if (probe_table[i].required) {
			snprintf(ret_error, LOADER_ERROR_BYTES,
				 "probe %s cannot work on this kernel: %s", probe_table[i].name,
				 choice->reason);
			r = -EOPNOTSUPP;
		}
	}
	return r;
}

static struct bpf_link *attach_map_iterator(const struct loader *loader,
					    const struct bpf_program *program, const char *map)
{
	union bpf_iter_link_info info = { .map.map_fd = (__u32)bpf_object__find_map_fd_by_name(
						  loader->skeleton->obj, map) };
	DECLARE_LIBBPF_OPTS(bpf_iter_attach_opts, options, .link_info = &info,
			    .link_info_len = sizeof(info));

	return bpf_program__attach_iter(program, &options);
}

/* The entry of nobody, all zero, must be there: it takes what finds no room. */
static int fill_map(const struct bpf_map *map)
{
	_cleanup_free_ void *zero_key = calloc(1, bpf_map__key_size(map));
	_cleanup_free_ void *zero = calloc(1, bpf_map__value_size(map));

	if (!zero_key || !zero)
		return -ENOMEM;
	return bpf_map_update_elem(bpf_map__fd(map), zero_key, zero, BPF_ANY) ? -errno : 0;
}

static int fill_maps(const struct loader *loader)
{
	int r = fill_map(loader->skeleton->maps.datagram_others);

	return r < 0 ? r : fill_map(loader->skeleton->maps.refused_sources);
}

/* A program that serves an earlier row as well is attached there. */
static bool is_shared(const struct loader *loader, size_t row)
{
	for (size_t i = 0; i < row; i++)
		if (loader->status[i].attached &&
		    strcmp(loader->status[i].choice.way->program,
			   loader->status[row].choice.way->program) == 0)
			return true;
	return false;
}

static int attach_probe(struct loader *loader, size_t row)
{
	struct probe_status *status = &loader->status[row];
	struct bpf_program *program = find_program(loader, status->choice.way);
	int r;

	if (is_shared(loader, row)) {
		status->attached = true;
		return 0;
	}
	switch (status->choice.way->hook) {
	case PROBE_HOOK_TRACEPOINT:
	case PROBE_HOOK_FUNCTION_EXIT:
	case PROBE_HOOK_SECURITY:
		status->link = bpf_program__attach(program);
		break;
	case PROBE_HOOK_CGROUP:
		status->link = bpf_program__attach_cgroup(program, loader->cgroup_fd);
		break;
	case PROBE_HOOK_ITERATOR:
		status->link = bpf_program__attach_iter(program, NULL);
		break;
	case PROBE_HOOK_MAP_ITERATOR:
		status->link = attach_map_iterator(loader, program, status->choice.way->map);
		break;
	}
	r = status->link ? 0 : -errno;
	status->attached = r == 0;
	status->error = r;
	return r;
}

int loader_attach(struct loader *loader, char ret_error[LOADER_ERROR_BYTES])
{
	for (size_t i = 0; probe_table[i].name; i++) {
		const struct probe_way *way = loader->status[i].choice.way;
		int r = way ? attach_probe(loader, i) : 0;

		if (r < 0 && probe_table[i].required) {
			snprintf(ret_error, LOADER_ERROR_BYTES, "cannot attach probe %s (%s): %s",
				 probe_table[i].name, way->program, strerror(-r));
			return r;
		}
	}
	return 0;
}

/* Opens the object, and loads of it what `features` allow. */
static int load_programs(struct loader *loader, const struct loader_options *options,
			 uint32_t features, char *ret_error)
{
	int r;

	loader->skeleton = yagura_bpf__open();
	if (!loader->skeleton) {
		r = -errno;
		snprintf(ret_error, LOADER_ERROR_BYTES, "cannot open the BPF object: %s",
			 strerror(-r));
		return r;
	}
	r = choose_programs(loader, features, ret_error);
	if (r < 0)
		return r;
	r = sizes_set(loader->skeleton, options, loader->cgroup_fd, loader->cpu_count);
	if (r < 0) {
		snprintf(ret_error, LOADER_ERROR_BYTES, "cannot size the BPF maps: %s",
			 strerror(-r));
		return r;
	}
	r = yagura_bpf__load(loader->skeleton);
	if (r < 0) {
		snprintf(ret_error, LOADER_ERROR_BYTES, "the kernel refused the BPF programs: %s%s",
			 strerror(-r),
			 r == -EPERM ? "; run as root" : "; run with [log] level = debug for why");
	}
	return r;
}

/* What is refused may be a program that only some verifiers take: then without these. */
static int load_what_is_taken(struct loader *loader, const struct loader_options *options,
			      char *ret_error)
{
	uint32_t features;
	int r;

	loader->kernel = btf__load_vmlinux_btf();
	if (!loader->kernel) {
		snprintf(ret_error, LOADER_ERROR_BYTES,
			 "this kernel has no BTF (/sys/kernel/btf/vmlinux): %s; "
			 "a kernel with CONFIG_DEBUG_INFO_BTF=y is needed",
			 strerror(errno));
		return -EOPNOTSUPP;
	}
	features = features_detect(loader->kernel);
	r = load_programs(loader, options, features, ret_error);
	if (r == 0 || r == -EPERM || r == -EOPNOTSUPP || r == -ENOMEM)
		return r;
	log_warn("keeper", "%s; trying without: %s", ret_error, feature_text(FEATURES_ASSUMED));
	yagura_bpf__destroy(loader->skeleton);
	return load_programs(loader, options, features & ~(uint32_t)FEATURES_ASSUMED, ret_error);
}

static int load(struct loader *loader, const struct loader_options *options, char *ret_error)
{
	int r = load_what_is_taken(loader, options, ret_error);

	btf__free(loader->kernel); /* megabytes that nobody needs any more */
	loader->kernel = NULL;
	if (r < 0)
		return r;
	r = counter_memory_open(bpf_map__fd(loader->skeleton->maps.counters), loader->cpu_count,
				&loader->counters);
	if (r == 0)
		r = fill_maps(loader);
	if (r < 0)
		snprintf(ret_error, LOADER_ERROR_BYTES, "cannot prepare the BPF maps: %s",
			 strerror(-r));
	return r;
}

int loader_open(const struct loader_options *options, struct loader **ret_loader,
		char ret_error[LOADER_ERROR_BYTES])
{
	struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
	struct loader *loader = calloc(1, sizeof(*loader));
	int r;

	if (!loader)
		return -ENOMEM;
	loader->cgroup_fd = -1;
	loader->cpu_count = libbpf_num_possible_cpus();
	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	libbpf_set_print(print_libbpf);
	setrlimit(RLIMIT_MEMLOCK, &unlimited); /* kernels before 5.11 charge maps to it */
	r = cgroup_open(options->cgroup, &loader->cgroup_fd, loader->cgroup, sizeof(loader->cgroup),
			ret_error, LOADER_ERROR_BYTES);
	if (r < 0)
		goto out;
	r = load(loader, options, ret_error);
out:
	if (r < 0) {
		loader_close(loader);
		return r;
	}
	*ret_loader = loader;
	return 0;
}

static void detach(struct loader *loader, size_t row)
{
	bpf_link__destroy(loader->status[row].link);
	loader->status[row].link = NULL;
}

static bool is_iterator(const struct probe_way *way)
{
	return way && (way->hook == PROBE_HOOK_ITERATOR || way->hook == PROBE_HOOK_MAP_ITERATOR);
}

void loader_detach(struct loader *loader)
{
	for (size_t i = 0; i < KEEPER_PROBES_MAX; i++)
		if (!is_iterator(loader->status[i].choice.way))
			detach(loader, i);
}

void loader_close(struct loader *loader)
{
	if (!loader)
		return;
	for (size_t i = 0; i < KEEPER_PROBES_MAX; i++)
		detach(loader, i);
	counter_memory_close(&loader->counters);
	yagura_bpf__destroy(loader->skeleton);
	if (loader->cgroup_fd >= 0)
		close(loader->cgroup_fd);
	free(loader);
}

int loader_ring_fd(const struct loader *loader, enum event_ring ring)
{
	return bpf_map__fd(ring == EVENT_RING_VALUABLE ? loader->skeleton->maps.ring_valuable
						       : loader->skeleton->maps.ring_bulk);
}

int loader_arena_fd(const struct loader *loader)
{
	return bpf_map__fd(loader->skeleton->maps.arena);
}

uint32_t loader_arena_slots(const struct loader *loader)
{
	return bpf_map__max_entries(loader->skeleton->maps.arena);
}

void loader_counters(const struct loader *loader, struct counters *ret_counters)
{
	counter_memory_read(&loader->counters, ret_counters);
}

/* Times the kernel did not run a program since it was loaded; 0 where it does not count them. */
static uint64_t skipped(const struct loader *loader, const struct probe_way *way)
{
	struct bpf_prog_info info = { 0 };
	__u32 size = sizeof(info);
	int fd = bpf_program__fd(find_program(loader, way));

	return bpf_obj_get_info_by_fd(fd, &info, &size) < 0 ? 0 : info.recursion_misses;
}

void loader_probes(const struct loader *loader, struct keeper_probes *ret_probes)
{
	memset(ret_probes, 0, sizeof(*ret_probes));
	for (size_t i = 0; probe_table[i].name; i++) {
		struct keeper_probe *probe = &ret_probes->probe[ret_probes->count++];
		const struct probe_status *status = &loader->status[i];

		snprintf(probe->name, sizeof(probe->name), "%s", probe_table[i].name);
		probe->required = probe_table[i].required;
		probe->makes = probe_table[i].makes;
		if (status->choice.way)
			probe->skipped = skipped(loader, status->choice.way);
		probe->enhanced = probe_is_enhanced(&probe_table[i]);
		probe->state = status->attached ? KEEPER_PROBE_ATTACHED : KEEPER_PROBE_UNAVAILABLE;
		if (status->attached)
			snprintf(probe->program, sizeof(probe->program), "%s",
				 status->choice.way->program);
		snprintf(probe->reason, sizeof(probe->reason), "%s",
			 status->error < 0 ? strerror(-status->error) : status->choice.reason);
	}
}

struct bpf_object *loader_object(const struct loader *loader)
{
	return loader->skeleton->obj;
}

uint64_t loader_cpu_count(const struct loader *loader)
{
	return (uint64_t)loader->cpu_count;
}

const char *loader_cgroup(const struct loader *loader)
{
	return loader->cgroup;
}

int loader_iterate(struct loader *loader, const char *probe_name)
{
	for (size_t i = 0; probe_table[i].name; i++) {
		if (!loader->status[i].attached || strcmp(probe_table[i].name, probe_name) != 0)
			continue;
		if (!loader->status[i].link) /* the program of an earlier row, run there */
			return 0;
		return iterator_run(loader->status[i].link);
	}
	return -EOPNOTSUPP;
}
