/* SPDX-License-Identifier: Apache-2.0 */
/* yagura-collector: options → configuration → pipeline. */
#include "collector/config/collector_config.h"
#include "collector/config/tenants.h"
#include "collector/pipeline.h"
#include "collector/status.h"

#include <argp.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sysexits.h>

#define USAGE_STATUS 2
#define DESCRIPTORS_BESIDE_CONNECTIONS 512

const char *argp_program_version = "yagura-collector " YAGURA_VERSION;

enum { OPTION_PRINT_CONFIG = 256, OPTION_STATUS };

struct arguments {
	const char *config;
	bool print_config;
	bool status;
};

static const struct argp_option options[] = {
	{ "config", 'c', "FILE", 0, "Read the configuration from FILE", 0 },
	{ "print-config", OPTION_PRINT_CONFIG, NULL, 0,
	  "Print a documented example of the configuration", 0 },
	{ "status", OPTION_STATUS, NULL, 0,
	  "Print how the collector with that configuration is: a line of JSON a tenant", 0 },
	{ 0 },
};

static error_t parse_option(int key, char *value, struct argp_state *state)
{
	struct arguments *arguments = state->input;

	switch (key) {
	case 'c':
		arguments->config = value;
		return 0;
	case OPTION_PRINT_CONFIG:
		arguments->print_config = true;
		return 0;
	case OPTION_STATUS:
		arguments->status = true;
		return 0;
	case ARGP_KEY_END:
		if (!arguments->config && !arguments->print_config)
			argp_error(state, "say --config FILE");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp parser = {
	.options = options,
	.parser = parse_option,
	.doc = "Receives telemetry from Yagura sensors over TLS 1.3 and keeps it in SQLite.\v"
	       "To run it: yagura-collector --config /etc/yagura/collector.conf. Exit status: 0 "
	       "stopped in order, 1 failed (stderr says why), 2 usage.",
};

/* One for each connection; when the limit cannot be raised, accept() says so in time. */
static void raise_descriptor_limit(uint32_t connections)
{
	struct rlimit limit;
	rlim_t wanted = (rlim_t)connections + DESCRIPTORS_BESIDE_CONNECTIONS;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted)
		return;
	limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		log_warn("main", "cannot raise the limit of open files: %s", strerror(errno));
}

/* What the files say, once they were read. */
struct settings {
	struct collector_config config;
	struct tenants tenants;
};

static struct tenant_options options_of(const struct tenant_config *config, const char *name)
{
	return (struct tenant_options){
		.name = name,
		.sinks = { .directory = config->directory,
			   .retention = { .age_s = config->days * 86400ull,
					  .bytes = config->bytes },
			   .ndjson = { .is_enabled = config->ndjson,
				       .is_ocsf = strcmp(config->ndjson_format, "ocsf") == 0,
				       .rotate_bytes = config->ndjson_bytes,
				       .rotate_s = config->ndjson_seconds,
				       .files_max = config->ndjson_files },
			   .syslog = config->syslog },
		.log_bytes_max = config->log_bytes,
		.sensor_limits = { .batches_per_s = config->sensor_batches,
				   .bytes_per_s = config->sensor_bytes },
		.tenant_limits = { .batches_per_s = config->tenant_batches,
				   .bytes_per_s = config->tenant_bytes },
	};
}

static int run_pipeline(const struct pipeline_options *chosen)
{
	char error[PIPELINE_ERROR_BYTES];
	struct pipeline *pipeline = NULL;
	int r = pipeline_open(chosen, &pipeline, error);

	if (r < 0) {
		log_error("main", "%s", error);
		return r;
	}
	r = pipeline_run(pipeline);
	pipeline_close(pipeline);
	return r;
}

static void fill_tenants(const struct settings *settings, const char **ret_ca_files,
			 struct tenant_options *ret_tenants)
{
	ret_ca_files[0] = settings->config.tenant.ca;
	ret_tenants[0] = options_of(&settings->config.tenant, "");
	ret_tenants[0].sinks.lines = settings->config.lines ? stdout : NULL;
	for (size_t i = 0; i < settings->tenants.count; i++) {
		const struct tenants_entry *entry = &settings->tenants.entries[i];

		ret_ca_files[i + 1] = entry->config.ca;
		ret_tenants[i + 1] = options_of(&entry->config, entry->name);
	}
}

static int serve(const struct settings *settings)
{
	const struct collector_config *config = &settings->config;
	size_t count = 1 + settings->tenants.count;
	const char **ca_files = calloc(count, sizeof(*ca_files));
	struct tenant_options *tenants = calloc(count, sizeof(*tenants));
	struct pipeline_options chosen = {
		.address = config->address,
		.port = (uint16_t)config->port,
		.tls = { .ca_files = ca_files,
			 .ca_count = count,
			 .certificate_file = config->certificate,
			 .key_file = config->key },
		.tenants = tenants,
		.threads = config->threads,
		.connections_max = config->connections,
		.window_bytes = config->window_bytes,
	};
	int r = -ENOMEM;

	raise_descriptor_limit(config->connections);
	if (ca_files && tenants) {
		fill_tenants(settings, ca_files, tenants);
		r = run_pipeline(&chosen);
	}
	free(ca_files);
	free(tenants);
	return r;
}

static int print_one(const char *directory)
{
	int r = status_print(directory, stdout);

	if (r == -ESTALE)
		log_error("main", "%s: no collector has said anything for more than %d s",
			  directory, STATUS_STALE_S);
	else if (r < 0)
		log_error("main", "%s: no status: %s; is the collector running?", directory,
			  strerror(-r));
	return r;
}

static int print_status(const struct settings *settings)
{
	int r = print_one(settings->config.tenant.directory);

	for (size_t i = 0; i < settings->tenants.count; i++) {
		int next = print_one(settings->tenants.entries[i].config.directory);

		r = r < 0 ? r : next;
	}
	return r;
}

static int run(const struct arguments *arguments)
{
	struct settings settings = { 0 };
	char error[CONFIG_ERROR_BYTES];
	int r = config_read(collector_options, &settings.config, arguments->config, error);

	log_init("yagura-collector", r < 0 ? LOG_LEVEL_ERROR : settings.config.level);
	if (r == 0) {
		r = tenants_read(settings.config.tenants, &settings.tenants, error);
		if (r < 0)
			config_done(collector_options, &settings.config);
	}
	if (r < 0) {
		log_error("config", "%s", error);
		return r;
	}
	r = arguments->status ? print_status(&settings) : serve(&settings);
	tenants_done(&settings.tenants);
	config_done(collector_options, &settings.config);
	return r;
}

int main(int argc, char **argv)
{
	struct arguments arguments = { 0 };

	argp_err_exit_status = USAGE_STATUS;
	argp_parse(&parser, argc, argv, 0, NULL, &arguments);
	if (arguments.print_config) {
		config_write_example(collector_options, stdout);
		return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
	}
	signal(SIGPIPE, SIG_IGN);
	umask(027); /* argv may hold secrets: not for everybody on the host */
	return run(&arguments) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
