/* SPDX-License-Identifier: Apache-2.0 */
/* yagurad: options → configuration → keeper or worker. */
#include "bpf/lib/dissect.h"
#include "common/log.h"
#include "sensor/batch/names.h"
#include "sensor/config/protocol_list.h"
#include "sensor/config/sensor_config.h"
#include "sensor/hasher/hasher.h"
#include "sensor/keeper/hasher_process.h"
#include "sensor/keeper/keeper.h"
#include "sensor/worker.h"

#include <argp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Resident once it was filled. The last 10,000 short programs or so: a new worker's start. */
#define STATE_BYTES (4u << 20)
#define EXIT_USAGE 2

const char *argp_program_version = "yagurad " YAGURA_VERSION;

enum role { ROLE_NONE, ROLE_KEEPER, ROLE_WORKER, ROLE_HASHER };

struct arguments {
	enum role role;
	bool check;
	bool print_config;
	const char *config_path;
};

enum option_key {
	OPTION_KEEPER = 256,
	OPTION_WORKER,
	OPTION_HASHER,
	OPTION_CHECK,
	OPTION_PRINT_CONFIG
};

static const struct argp_option options[] = {
	{ "keeper", OPTION_KEEPER, NULL, 0, "Load and attach the probes, start and keep the worker",
	  0 },
	{ "worker", OPTION_WORKER, NULL, 0, "Be the worker (started by the keeper)", 0 },
	{ "hasher", OPTION_HASHER, NULL, 0, "Be the hasher (started by the keeper)", 0 },
	{ "config", 'c', "FILE", 0, "Read the configuration from FILE", 0 },
	{ "check", OPTION_CHECK, NULL, 0, "Only check configuration and files; attach nothing", 0 },
	{ "print-config", OPTION_PRINT_CONFIG, NULL, 0,
	  "Print a documented example of the configuration", 0 },
	{ 0 },
};

static error_t parse_option(int key, char *value, struct argp_state *state)
{
	struct arguments *arguments = state->input;

	switch (key) {
	case OPTION_KEEPER:
	case OPTION_WORKER:
	case OPTION_HASHER:
		if (arguments->role != ROLE_NONE)
			argp_error(state, "--keeper, --worker and --hasher exclude each other");
		arguments->role = ROLE_KEEPER + (enum role)(key - OPTION_KEEPER);
		return 0;
	case OPTION_CHECK:
		arguments->check = true;
		return 0;
	case OPTION_PRINT_CONFIG:
		arguments->print_config = true;
		return 0;
	case 'c':
		arguments->config_path = value;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "unexpected argument '%s'", value);
		return EINVAL;
	case ARGP_KEY_END:
		if (arguments->print_config)
			return 0;
		if (arguments->role == ROLE_NONE && !arguments->check)
			argp_error(state, "say --keeper to run the sensor, or --check to try its "
					  "configuration");
		if (!arguments->config_path)
			argp_error(state, "say --config FILE");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp parser = {
	.options = options,
	.parser = parse_option,
	.doc = "Yagura endpoint sensor: watches processes and network flows of this host from the "
	       "kernel and ships what it records to a collector.\v"
	       "To run it, as root: yagurad --keeper --config /etc/yagura/yagurad.conf. Exit "
	       "status: 0 done, 1 failed (stderr says why), 2 usage.",
};

static struct worker_options worker_options(const struct sensor_config *config)
{
	struct worker_options worker = {
		.version = YAGURA_VERSION,
		.state_directory = config->state_directory,
		.poll_interval_ms = config->poll_interval_ms,
		.flow_interval_ms = config->flow_interval_s * 1000,
		.batch_records = config->batch_records,
		.batch_interval_ms = config->batch_interval_ms,
		.spool_bytes_max = config->spool_bytes_max,
		.segment_bytes = config->spool_segment_bytes,
		.hash_bytes_max = config->hash_bytes_max,
		.hash_bytes_per_s = config->hash_bytes_per_s,
		.argv_redact = config->argv_redact,
		.names_key = config->names_key,
		.ship = { .collector = config->collector_address,
			  .server_name = config->server_name,
			  .ca_file = config->ca_file,
			  .certificate_file = config->certificate_file,
			  .key_file = config->key_file,
			  .backoff_min_ms = config->backoff_min_ms,
			  .backoff_max_ms = config->backoff_max_ms },
		.control = { .socket_path = config->control_socket,
			     .viewer_group = config->viewer_group,
			     .operator_group = config->operator_group,
			     .admin_group = config->admin_group },
	};

	memcpy(worker.sensor, config->sensor, sizeof(worker.sensor));
	argv_mode_parse(config->argv_mode, &worker.argv_mode); /* was checked */
	names_mode_parse(config->names_mode, &worker.names_mode); /* likewise */
	return worker;
}

static struct policy policy(const struct sensor_config *config)
{
	return (struct policy){
		.drop = config->filter_drop,
		.keep = config->filter_keep,
		.drops_by_default = strcmp(config->filter_default, "drop") == 0,
		.process_events_per_s = config->process_events_per_s,
		.process_burst = config->process_burst,
		.flows_per_s = config->flows_per_s,
		.flow_burst = config->flow_burst,
	};
}

/* The texts of the policy live in the configuration that was read last. */
static int reread(const char *config_path, struct policy *ret_policy,
		  char ret_error[POLICY_ERROR_BYTES])
{
	static struct sensor_config last;
	struct sensor_config config;
	int r = sensor_config_read(config_path, &config, ret_error);

	if (r < 0)
		return r;
	sensor_config_done(&last);
	last = config;
	*ret_policy = policy(&last);
	return 0;
}

_Static_assert(DISSECT_DNS_TCP == 4 && DISSECT_DNS == 5 && DISSECT_DTLS == 7,
	       "protocol_list.c has their numbers");

/* Nothing that is switched off costs anything: the verifier deletes it. */
static void set_first_bytes(const struct sensor_config *config, struct loader_options *loader)
{
	const char *wanted;

	protocol_list_parse(config->first_bytes, &loader->first_bytes, &wanted); /* was checked */
	loader->arena_bytes = config->arena_bytes;
	loader->looks_at_tcp = (config->first_syn ? PROBE_LOOK_SYN : 0) |
			       (config->first_lengths ? PROBE_LOOK_LENGTHS : 0) |
			       (loader->first_bytes & DISSECT_STREAMS ? PROBE_LOOK_BYTES : 0);
}

static struct keeper_options keeper_options(const struct sensor_config *config,
					    const char *config_path)
{
	struct keeper_options keeper = {
		.loader = { .cgroup = config->cgroup,
			    .ring_bytes = { [EVENT_RING_VALUABLE] = config->ring_valuable_bytes,
					    [EVENT_RING_BULK] = config->ring_bulk_bytes },
			    .args_bytes = config->args_bytes,
			    .sweep_interval_ms = config->flow_interval_s * 1000 },
		.state_bytes = STATE_BYTES,
		.config_path = config_path,
		.hash_bytes_max = config->hash_bytes_max,
		.policy = policy(config),
		.reread = reread,
	};

	set_first_bytes(config, &keeper.loader);
	return keeper;
}

static int run(const struct arguments *arguments, const struct sensor_config *config)
{
	struct worker_options worker = worker_options(config);
	const struct hasher_options hasher = { .user = config->hash_user,
					       .bytes_per_s = config->hash_bytes_per_s };
	struct keeper_options keeper = keeper_options(config, arguments->config_path);

	if (arguments->check)
		return worker_check(&worker);
	if (arguments->role == ROLE_HASHER)
		hasher_run(&hasher, HASHER_JOBS_FD, HASHER_RESULTS_FD);
	if (arguments->role == ROLE_WORKER)
		return worker_run(&worker, KEEPER_LINK_FD);
	return keeper_run(&keeper);
}

int main(int count, char *values[])
{
	static const char *const names[] = { [ROLE_NONE] = "yagurad",
					     [ROLE_KEEPER] = "yagurad",
					     [ROLE_WORKER] = "yagurad-worker",
					     [ROLE_HASHER] = "yagurad-hasher" };
	struct arguments arguments = { 0 };
	struct sensor_config config;
	char error[CONFIG_ERROR_BYTES];
	int status;

	argp_err_exit_status = EXIT_USAGE;
	argp_parse(&parser, count, values, 0, NULL, &arguments);
	log_init("yagurad", LOG_LEVEL_INFO);
	if (arguments.print_config) {
		sensor_config_write_example(stdout);
		return 0;
	}
	if (sensor_config_read(arguments.config_path, &config, error) < 0) {
		log_error("config", "%s", error);
		return EXIT_FAILURE;
	}
	log_init(names[arguments.role], config.log_level);
	status = run(&arguments, &config);
	sensor_config_done(&config);
	return status;
}
