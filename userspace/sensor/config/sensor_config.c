/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/config/sensor_config.h"

#include "sensor/config/argv_rule.h"
#include "sensor/config/filter_rule.h"
#include "sensor/config/protocol_list.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#define FIELD(field) offsetof(struct sensor_config, field)
#define K 1024ull
#define M (1024ull * K)
#define G (1024ull * M)

static int check_rule(const char *value, const char **ret_wanted)
{
	struct filter_rule rule;

	return filter_rule_parse(value, &rule, ret_wanted);
}

static int check_protocols(const char *value, const char **ret_wanted)
{
	uint32_t protocols;

	return protocol_list_parse(value, &protocols, ret_wanted);
}

static int check_default(const char *value, const char **ret_wanted)
{
	*ret_wanted = "keep or drop";
	return strcmp(value, "keep") == 0 || strcmp(value, "drop") == 0 ? 0 : -EINVAL;
}

static int check_argv_mode(const char *value, const char **ret_wanted)
{
	*ret_wanted = "full, shape or none";
	return strcmp(value, "full") == 0 || strcmp(value, "shape") == 0 ||
			       strcmp(value, "none") == 0
		       ? 0
		       : -EINVAL;
}

static int check_names_mode(const char *value, const char **ret_wanted)
{
	*ret_wanted = "plain, hashed or absent";
	return strcmp(value, "plain") == 0 || strcmp(value, "hashed") == 0 ||
			       strcmp(value, "absent") == 0
		       ? 0
		       : -EINVAL;
}

static int check_argv_rule(const char *value, const char **ret_wanted)
{
	static _Thread_local char wanted[ARGV_RULE_ERROR_BYTES];
	struct argv_rule rule = { 0 };
	int r = argv_rule_parse(value, &rule, wanted);

	*ret_wanted = r == -EINVAL ? wanted : "something there is memory for";
	pattern_free(rule.pattern);
	return r;
}

/* One option a row: section, name, type, field, fallback, least, most, help. */
static const struct config_option options[] = {
	{ "sensor", "id", CONFIG_TEXT, FIELD(id), NULL, 0, 0,
	  "identity of this sensor, a UUID; the same as in its certificate" },
	{ "sensor", "state_directory", CONFIG_TEXT, FIELD(state_directory),
	  "/var/lib/yagura/sensor", 0, 0, "the spool lies below it" },

	{ "kernel", "cgroup", CONFIG_TEXT, FIELD(cgroup), "", 0, 0,
	  "cgroup2 directory whose flows are watched; empty for the whole host" },
	{ "kernel", "ring_valuable_bytes", CONFIG_BYTES, FIELD(ring_valuable_bytes), "8M", 64 * K,
	  256 * M, "ring for process events, a power of two" },
	{ "kernel", "ring_bulk_bytes", CONFIG_BYTES, FIELD(ring_bulk_bytes), "8M", 64 * K, 256 * M,
	  "ring for flow events, a power of two" },
	{ "kernel", "poll_interval_ms", CONFIG_U32, FIELD(poll_interval_ms), "50", 1, 1000,
	  "how often the rings are emptied: no event waits there longer, unless a quarter is "
	  "full" },
	{ "kernel", "flow_interval_s", CONFIG_U32, FIELD(flow_interval_s), "60", 1, 3600,
	  "how often flows that go on are told of" },
	{ "kernel", "args_bytes", CONFIG_U32, FIELD(args_bytes), "32768", 0, 32768,
	  "how much of an argument list is kept; 0 keeps none" },

	{ "argv", "mode", CONFIG_TEXT, FIELD(argv_mode), "full", 0, 0,
	  "full: arguments without the secrets in them; shape: options only, values as "
	  "placeholders; none",
	  check_argv_mode },
	{ "argv", "redact", CONFIG_LINES, FIELD(argv_redact), "", 0, 0,
	  "taken out beside what is built in: option NAME, or match REGEX over each argument "
	  "(\\x3b for a semicolon)",
	  check_argv_rule },
	{ "names", "mode", CONFIG_TEXT, FIELD(names_mode), "plain", 0, 0,
	  "names that were asked for (SNI, DNS): plain; hashed: with the tenant's key; absent",
	  check_names_mode },
	{ "names", "key", CONFIG_TEXT, FIELD(names_key), "", 0, 0,
	  "file with the tenant's key, 32 bytes or more, for hashed names" },
	{ "first_bytes", "protocols", CONFIG_TEXT, FIELD(first_bytes), "tls quic dtls ssh http dns",
	  0, 0, "whose hellos, banners, request heads and messages are looked at; empty for none",
	  check_protocols },
	{ "first_bytes", "arena_bytes", CONFIG_BYTES, FIELD(arena_bytes), "8M", 64 * K, 64 * M,
	  "memory in which they wait for the sensor; what finds no room is counted" },
	{ "first_bytes", "syn", CONFIG_BOOL, FIELD(first_syn), "yes", 0, 0,
	  "the shape of a connection's first segment" },
	{ "first_bytes", "lengths", CONFIG_BOOL, FIELD(first_lengths), "yes", 0, 0,
	  "lengths and times of a flow's first 32 segments or datagrams with payload" },

	{ "filter", "drop", CONFIG_LINES, FIELD(filter_drop), "", 0, 0,
	  "not recorded: address NETWORK, port PORT, cgroup PATH, uid NUMBER, executable PATH",
	  check_rule },
	{ "filter", "keep", CONFIG_LINES, FIELD(filter_keep), "", 0, 0,
	  "recorded even if a rule above says drop; written likewise", check_rule },
	{ "filter", "default", CONFIG_TEXT, FIELD(filter_default), "keep", 0, 0,
	  "keep or drop what no rule speaks of; forks are always seen", check_default },

	{ "throttle", "process_events_per_s", CONFIG_U32, FIELD(process_events_per_s), "10000", 0,
	  1000000, "forks, execs and exits of one control group; beyond it they are counted only" },
	{ "throttle", "process_burst", CONFIG_U32, FIELD(process_burst), "20000", 1, 1000000,
	  "how many may come at once" },
	{ "throttle", "flows_per_s", CONFIG_U32, FIELD(flows_per_s), "0", 0, 1000000,
	  "new flows of one control group, likewise; 0 for any number" },
	{ "throttle", "flow_burst", CONFIG_U32, FIELD(flow_burst), "20000", 1, 1000000,
	  "how many may come at once" },

	{ "hash", "bytes_max", CONFIG_BYTES, FIELD(hash_bytes_max), "256M", 0, 64 * G,
	  "larger executed files are not hashed; 0 hashes none" },
	{ "hash", "bytes_per_s", CONFIG_BYTES, FIELD(hash_bytes_per_s), "64M", 0, 64 * G,
	  "how much of them is read in a second; 0 for any number" },
	{ "hash", "user", CONFIG_TEXT, FIELD(hash_user), "", 0, 0,
	  "user that the hasher becomes; empty or missing: the sensor's, without capabilities" },

	{ "batch", "records", CONFIG_U32, FIELD(batch_records), "1000", 1, 32768,
	  "a batch is closed when it holds so many records" },
	{ "batch", "interval_ms", CONFIG_U32, FIELD(batch_interval_ms), "1000", 10, 10000,
	  "or when its first record is this old" },

	{ "spool", "bytes_max", CONFIG_BYTES, FIELD(spool_bytes_max), "64M", 1 * M, 1024 * G,
	  "disk the spool may take; beyond it the oldest flows give way, accounted for" },
	{ "spool", "segment_bytes", CONFIG_BYTES, FIELD(spool_segment_bytes), "4M", 64 * K, 64 * M,
	  "size of one file; room is made file by file" },

	{ "collector", "address", CONFIG_TEXT, FIELD(collector_address), "", 0, 0,
	  "HOST:PORT or [IPV6]:PORT; empty to spool only" },
	{ "collector", "server_name", CONFIG_TEXT, FIELD(server_name), "", 0, 0,
	  "DNS name or IP address the collector's certificate must carry" },
	{ "collector", "ca", CONFIG_TEXT, FIELD(ca_file), "", 0, 0,
	  "PEM file of the authority that signed the collector's certificate" },
	{ "collector", "certificate", CONFIG_TEXT, FIELD(certificate_file), "", 0, 0,
	  "PEM file of this sensor's certificate" },
	{ "collector", "key", CONFIG_TEXT, FIELD(key_file), "", 0, 0,
	  "PEM file of its private key, not encrypted" },
	{ "collector", "backoff_min_ms", CONFIG_U32, FIELD(backoff_min_ms), "500", 10, 60000,
	  "least wait before connecting again" },
	{ "collector", "backoff_max_ms", CONFIG_U32, FIELD(backoff_max_ms), "60000", 10, 3600000,
	  "most wait before connecting again" },

	{ "control", "socket", CONFIG_TEXT, FIELD(control_socket), "/run/yagura/control.sock", 0, 0,
	  "where yaguractl finds the sensor" },
	{ "control", "viewer_group", CONFIG_TEXT, FIELD(viewer_group), "yagura-viewer", 0, 0,
	  "its members may look; empty for nobody" },
	{ "control", "operator_group", CONFIG_TEXT, FIELD(operator_group), "yagura-operator", 0, 0,
	  "its members may tune probes, too" },
	{ "control", "admin_group", CONFIG_TEXT, FIELD(admin_group), "yagura-admin", 0, 0,
	  "its members may do everything, as root may" },

	{ "log", "level", CONFIG_LEVEL, FIELD(log_level), "info", 0, 0,
	  "the least important messages to show" },
	{ 0 },
};

__attribute__((format(printf, 2, 3))) static int fail(char ret_error[CONFIG_ERROR_BYTES],
						      const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(ret_error, CONFIG_ERROR_BYTES, format, arguments);
	va_end(arguments);
	return -EINVAL;
}

static int check_ring(const char *name, uint64_t bytes, char ret_error[CONFIG_ERROR_BYTES])
{
	if ((bytes & (bytes - 1)) == 0)
		return 0;
	return fail(ret_error,
		    "'%s' in [kernel] is %llu; it must be a power of two, such as 4M or 8M", name,
		    (unsigned long long)bytes);
}

static int check_spool(const struct sensor_config *config, char ret_error[CONFIG_ERROR_BYTES])
{
	/* Each lane keeps its last segment open, and room is made by dropping a closed one. */
	if (config->spool_bytes_max >= 4 * config->spool_segment_bytes)
		return 0;
	return fail(ret_error,
		    "'bytes_max' in [spool] must be at least four times 'segment_bytes'");
}

static int check_collector(const struct sensor_config *config, char ret_error[CONFIG_ERROR_BYTES])
{
	const struct {
		const char *name;
		const char *value;
	} needed[] = {
		{ "server_name", config->server_name },
		{ "ca", config->ca_file },
		{ "certificate", config->certificate_file },
		{ "key", config->key_file },
	};

	if (config->backoff_max_ms < config->backoff_min_ms)
		return fail(ret_error,
			    "'backoff_max_ms' in [collector] must not be below 'backoff_min_ms'");
	if (config->collector_address[0] == '\0')
		return 0;
	for (size_t i = 0; i < sizeof(needed) / sizeof(*needed); i++)
		if (needed[i].value[0] == '\0')
			return fail(ret_error,
				    "'%s' in [collector] must be set, because 'address' is",
				    needed[i].name);
	return 0;
}

int sensor_config_check(struct sensor_config *config, char ret_error[CONFIG_ERROR_BYTES])
{
	int r;

	if (uuid_parse(config->id, config->sensor) < 0)
		return fail(ret_error,
			    "'id' in [sensor] is '%.64s'; it must be a UUID, as uuidgen prints one",
			    config->id);
	r = check_ring("ring_valuable_bytes", config->ring_valuable_bytes, ret_error);
	if (r == 0)
		r = check_ring("ring_bulk_bytes", config->ring_bulk_bytes, ret_error);
	if (r == 0)
		r = check_spool(config, ret_error);
	if (r == 0)
		r = check_collector(config, ret_error);
	return r;
}

int sensor_config_read(const char *path, struct sensor_config *ret_config,
		       char ret_error[CONFIG_ERROR_BYTES])
{
	struct sensor_config config = { 0 };
	char wrong[CONFIG_ERROR_BYTES];
	int r = config_read(options, &config, path, ret_error);

	if (r < 0)
		return r;
	r = sensor_config_check(&config, wrong);
	if (r < 0) {
		snprintf(ret_error, CONFIG_ERROR_BYTES, "%.200s: %.300s", path, wrong);
		sensor_config_done(&config);
		return r;
	}
	*ret_config = config;
	return 0;
}

void sensor_config_done(struct sensor_config *config)
{
	config_done(options, config);
}

void sensor_config_write_example(FILE *to)
{
	fputs("# yagurad, the sensor. Restart it after a change; for [filter] and [throttle] send "
	      "it\n"
	      "# SIGHUP: they change while it runs, and names of files are looked up again.\n",
	      to);
	config_write_example(options, to);
}
