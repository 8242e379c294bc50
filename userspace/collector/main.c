/* SPDX-License-Identifier: Apache-2.0 */
/* yagura-collector: options → configuration → pipeline. */
#include "collector/config/collector_config.h"
#include "collector/pipeline.h"

#include <argp.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sysexits.h>

#define USAGE_STATUS 2
#define DESCRIPTORS_BESIDE_CONNECTIONS 64

const char *argp_program_version = "yagura-collector " YAGURA_VERSION;

enum { OPTION_PRINT_CONFIG = 256 };

struct arguments {
	const char *config;
	bool print_config;
};

static const struct argp_option options[] = {
	{ "config", 'c', "FILE", 0, "Read the configuration from FILE", 0 },
	{ "print-config", OPTION_PRINT_CONFIG, NULL, 0,
	  "Print a documented example of the configuration", 0 },
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

static int serve(const struct collector_config *config)
{
	struct pipeline_options pipeline_options = {
		.address = config->address,
		.port = (uint16_t)config->port,
		.tls = { .ca_file = config->ca,
			 .certificate_file = config->certificate,
			 .key_file = config->key },
		.directory = config->directory,
		.lines = config->lines ? stdout : NULL,
		.connections_max = config->connections,
		.window_bytes = config->window_bytes,
	};
	char error[PIPELINE_ERROR_BYTES];
	struct pipeline *pipeline = NULL;
	int r = pipeline_open(&pipeline_options, &pipeline, error);

	if (r < 0) {
		log_error("main", "%s", error);
		return r;
	}
	r = pipeline_run(pipeline);
	pipeline_close(pipeline);
	return r;
}

static int run(const char *path)
{
	struct collector_config config = { 0 };
	char error[CONFIG_ERROR_BYTES];
	int r = config_read(collector_options, &config, path, error);

	log_init("yagura-collector", r < 0 ? LOG_LEVEL_ERROR : config.level);
	if (r < 0) {
		log_error("config", "%s", error);
		return r;
	}
	raise_descriptor_limit(config.connections);
	r = serve(&config);
	config_done(collector_options, &config);
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
	return run(arguments.config) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
