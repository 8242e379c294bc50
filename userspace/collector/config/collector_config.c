/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/config/collector_config.h"

#include <stdbool.h>
#include <stddef.h>

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
	{                                                                                          \
		.section = "store", .name = "log_bytes", .type = CONFIG_BYTES,                     \
		.offset = F(log_bytes), .fallback = "4G", .min = 32 << 20, .max = 1ull << 44,      \
		.help = "how much may wait in the log for a sink that is slow or fails; then "     \
			"sensors wait"                                                             \
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
	{ .section = "tenants",
	  .name = "directory",
	  .type = CONFIG_TEXT,
	  .offset = FIELD(tenants),
	  .fallback = "",
	  .help = "one file NAME.conf for each further tenant, with its own [tls] ca, [store] and "
		  "[quota]; empty: there is none" },
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
	{ 0 },
};
