/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/config/collector_config.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#define FIELD(name) offsetof(struct collector_config, name)
#define OWN_FIELD(name) offsetof(struct collector_config, tenant.name)
#define TENANT_FIELD(name) offsetof(struct tenant_config, name)

/* A tenant's own authority stands in [tls] of its file, too. */
#define OPTION_CA(F)                                                                               \
	{                                                                                          \
		.section = "tls", .name = "ca", .type = CONFIG_TEXT, .offset = F(ca),              \
		.help = "PEM file with the certificates that sign sensors"                         \
	}

#define OPTIONS_STORE(F)                                                                           \
	{ .section = "store",                                                                      \
	  .name = "directory",                                                                     \
	  .type = CONFIG_TEXT,                                                                     \
	  .offset = F(directory),                                                                  \
	  .help = "where the log and yagura.db are kept; one collector a directory" },             \
		{ .section = "store",                                                              \
		  .name = "log_bytes",                                                             \
		  .type = CONFIG_BYTES,                                                            \
		  .offset = F(log_bytes),                                                          \
		  .fallback = "4G",                                                                \
		  .min = 32 << 20,                                                                 \
		  .max = 1ull << 44,                                                               \
		  .help = "how much may wait in the log for a sink that is slow or fails; then "   \
			  "sensors wait" },                                                        \
		{ .section = "store",                                                              \
		  .name = "days",                                                                  \
		  .type = CONFIG_U32,                                                              \
		  .offset = F(days),                                                               \
		  .fallback = "0",                                                                 \
		  .max = 36500,                                                                    \
		  .help = "rows of yagura.db that are older are removed; 0: none" },               \
	{                                                                                          \
		.section = "store", .name = "bytes", .type = CONFIG_BYTES, .offset = F(bytes),     \
		.fallback = "0", .max = 1ull << 44,                                                \
		.help = "beyond that size of yagura.db the oldest rows are removed; 0: any"        \
	}

#define OPTIONS_QUOTA(F)                                                                           \
	{ .section = "quota",                                                                      \
	  .name = "sensor_batches",                                                                \
	  .type = CONFIG_U32,                                                                      \
	  .offset = F(sensor_batches),                                                             \
	  .fallback = "500",                                                                       \
	  .max = 1000000,                                                                          \
	  .help = "batches that one sensor may send a second before it is made to wait; 0: any" }, \
		{ .section = "quota",                                                              \
		  .name = "sensor_bytes",                                                          \
		  .type = CONFIG_BYTES,                                                            \
		  .offset = F(sensor_bytes),                                                       \
		  .fallback = "32M",                                                               \
		  .max = 1ull << 40,                                                               \
		  .help = "bytes that one sensor may send a second; 0: any" },                     \
		{ .section = "quota",                                                              \
		  .name = "tenant_batches",                                                        \
		  .type = CONFIG_U32,                                                              \
		  .offset = F(tenant_batches),                                                     \
		  .fallback = "0",                                                                 \
		  .max = 1000000,                                                                  \
		  .help = "batches that all sensors together may send a second; 0: any" },         \
	{                                                                                          \
		.section = "quota", .name = "tenant_bytes", .type = CONFIG_BYTES,                  \
		.offset = F(tenant_bytes), .fallback = "0", .max = 1ull << 40,                     \
		.help = "bytes that all sensors together may send a second; 0: any"                \
	}

static int check_format(const char *value, const char **ret_wanted)
{
	*ret_wanted = "ecs or ocsf";
	return strcmp(value, "ecs") == 0 || strcmp(value, "ocsf") == 0 ? 0 : -EINVAL;
}

/* What it really is, the sink finds out; a room for values cannot ask it. */
static int check_syslog(const char *value, const char **ret_wanted)
{
	*ret_wanted = "unix:PATH, udp:ADDRESS:PORT or tcp:ADDRESS:PORT";
	return strncmp(value, "unix:", 5) == 0 || strncmp(value, "udp:", 4) == 0 ||
			       strncmp(value, "tcp:", 4) == 0
		       ? 0
		       : -EINVAL;
}

#define OPTIONS_SINKS(F)                                                                           \
	{ .section = "ndjson",                                                                     \
	  .name = "enabled",                                                                       \
	  .type = CONFIG_BOOL,                                                                     \
	  .offset = F(ndjson),                                                                     \
	  .fallback = "no",                                                                        \
	  .help = "write each record as a line of JSON to files in ndjson/ beside the store" },    \
		{ .section = "ndjson",                                                             \
		  .name = "format",                                                                \
		  .type = CONFIG_TEXT,                                                             \
		  .offset = F(ndjson_format),                                                      \
		  .fallback = "ecs",                                                               \
		  .check = check_format,                                                           \
		  .help = "ecs (Elastic Common Schema) or ocsf (Open Cybersecurity Schema "        \
			  "Framework 1.3)" },                                                      \
		{ .section = "ndjson",                                                             \
		  .name = "rotate_bytes",                                                          \
		  .type = CONFIG_BYTES,                                                            \
		  .offset = F(ndjson_bytes),                                                       \
		  .fallback = "256M",                                                              \
		  .min = 4096,                                                                     \
		  .max = 1ull << 44,                                                               \
		  .help = "a file that long is followed by another" },                             \
		{ .section = "ndjson",                                                             \
		  .name = "rotate_seconds",                                                        \
		  .type = CONFIG_U32,                                                              \
		  .offset = F(ndjson_seconds),                                                     \
		  .fallback = "3600",                                                              \
		  .min = 1,                                                                        \
		  .max = 31536000,                                                                 \
		  .help = "and one that old" },                                                    \
		{ .section = "ndjson",                                                             \
		  .name = "files",                                                                 \
		  .type = CONFIG_U32,                                                              \
		  .offset = F(ndjson_files),                                                       \
		  .fallback = "0",                                                                 \
		  .max = 1000000,                                                                  \
		  .help = "remove the oldest when there are more; 0: none" },                      \
	{                                                                                          \
		.section = "syslog", .name = "address", .type = CONFIG_TEXT, .offset = F(syslog),  \
		.fallback = "", .check = check_syslog,                                             \
		.help = "where gaps are told as RFC 5424 messages: unix:/dev/log, "                \
			"udp:192.0.2.1:514, tcp:192.0.2.1:601; empty: nowhere"                     \
	}

const struct config_option collector_options[] = {
	{ .section = "listen",
	  .name = "address",
	  .type = CONFIG_TEXT,
	  .offset = FIELD(address),
	  .fallback = "127.0.0.1",
	  .help = "numeric address to listen on; 0.0.0.0 or :: for all" },
	{ .section = "listen",
	  .name = "port",
	  .type = CONFIG_U32,
	  .offset = FIELD(port),
	  .fallback = "7443",
	  .max = UINT16_MAX,
	  .help = "TCP port; 0 takes any free one and logs it" },
	OPTION_CA(OWN_FIELD),
	{ .section = "tls",
	  .name = "certificate",
	  .type = CONFIG_TEXT,
	  .offset = FIELD(certificate),
	  .help = "PEM file with this collector's certificate, its chain behind it" },
	{ .section = "tls",
	  .name = "key",
	  .type = CONFIG_TEXT,
	  .offset = FIELD(key),
	  .help = "PEM file with the certificate's private key, not encrypted" },
	OPTIONS_STORE(OWN_FIELD),
	OPTIONS_QUOTA(OWN_FIELD),
	OPTIONS_SINKS(OWN_FIELD),
	{ .section = "tenants",
	  .name = "directory",
	  .type = CONFIG_TEXT,
	  .offset = FIELD(tenants),
	  .fallback = "",
	  .help = "one file NAME.conf for each further tenant, with its own [tls] ca, [store], "
		  "[quota], [ndjson] and [syslog]; empty: there is none" },
	{ .section = "limits",
	  .name = "threads",
	  .type = CONFIG_U32,
	  .offset = FIELD(threads),
	  .fallback = "0",
	  .max = 64,
	  .help = "threads that talk with sensors; 0: one a core" },
	{ .section = "limits",
	  .name = "connections",
	  .type = CONFIG_U32,
	  .offset = FIELD(connections),
	  .fallback = "1000",
	  .min = 1,
	  .max = 100000,
	  .help = "sensors connected at once" },
	{ .section = "limits",
	  .name = "window_bytes",
	  .type = CONFIG_BYTES,
	  .offset = FIELD(window_bytes),
	  .fallback = "4M",
	  .min = 64 << 10,
	  .max = 1 << 30,
	  .help = "how much a sensor may send ahead of its acknowledgements" },
	{ .section = "log",
	  .name = "level",
	  .type = CONFIG_LEVEL,
	  .offset = FIELD(level),
	  .fallback = "info",
	  .help = "the least important messages to show" },
	{ .section = "lines",
	  .name = "enabled",
	  .type = CONFIG_BOOL,
	  .offset = FIELD(lines),
	  .fallback = "no",
	  .help = "show each stored record as one line on standard output" },
	{ 0 },
};

const struct config_option tenant_options[] = {
	OPTION_CA(TENANT_FIELD),
	OPTIONS_STORE(TENANT_FIELD),
	OPTIONS_QUOTA(TENANT_FIELD),
	OPTIONS_SINKS(TENANT_FIELD),
	{ 0 },
};
