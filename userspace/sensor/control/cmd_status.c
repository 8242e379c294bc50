/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `status`: how the sensor is, in one object. Its keys are a contract with tools outside the
 * project; add, never rename.
 */
#include "common/clock.h"
#include "sensor/control/command_table.h"
#include "sensor/control/control_sensor.h"
#include "sensor/control/status.h"
#include "sensor/control/status_first_bytes.h"
#include "sensor/control/status_hashes.h"
#include "sensor/control/status_limits.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

static json_t *number(uint64_t value)
{
	return json_integer((json_int_t)value);
}

/* 64 random bits do not fit the integers of JSON readers. */
static json_t *hex_number(uint64_t value)
{
	return json_sprintf("%016llx", (unsigned long long)value);
}

/* Texts of the kernel's or the collector's may be no UTF-8; say that rather than nothing. */
static json_t *text(const char *value)
{
	json_t *string = json_string(value);

	return string ? string : json_string("(not UTF-8)");
}

static json_t *sensor_json(const struct control_sensor *sensor)
{
	uint64_t up_ns = clock_boottime_ns() - sensor->started_ns;
	json_t *object = json_object();
	struct utsname host;

	uname(&host);
	json_object_set_new(object, "id", text(sensor->sensor_id));
	json_object_set_new(object, "version", text(sensor->version));
	json_object_set_new(object, "host", text(host.nodename));
	json_object_set_new(object, "generation", hex_number(spool_generation(sensor->spool)));
	json_object_set_new(object, "instance", hex_number(sensor->description->instance));
	json_object_set_new(object, "uptime_s", number(up_ns / NS_PER_S));
	json_object_set_new(object, "worker_restarts",
			    number(sensor->description->worker_restarts));
	return object;
}

static json_t *rings_json(const struct control_sensor *sensor)
{
	static const char *const names[EVENT_RING_COUNT] = {
		[EVENT_RING_VALUABLE] = "valuable",
		[EVENT_RING_BULK] = "bulk",
	};
	uint64_t backlog[EVENT_RING_COUNT] = { 0 };
	json_t *object = json_object();

	sensor->ring_backlog(sensor->context, backlog);
	for (int i = 0; i < EVENT_RING_COUNT; i++)
		json_object_set_new(object, names[i],
				    json_pack("{s:o, s:o}", "bytes",
					      number(sensor->description->ring_bytes[i]),
					      "backlog_bytes", number(backlog[i])));
	return object;
}

static uint32_t probe_count(const struct keeper_probes *probes)
{
	return probes->count < KEEPER_PROBES_MAX ? probes->count : KEEPER_PROBES_MAX;
}

static bool is_attached(const struct keeper_probe *probe)
{
	return probe->state == KEEPER_PROBE_ATTACHED;
}

/* "enhanced" only when all of that tier is at work, none of it replaced. */
static json_t *tiers_json(const struct keeper_probes *probes)
{
	bool any = false, all = true;

	for (uint32_t i = 0; i < probe_count(probes); i++)
		if (probes->probe[i].enhanced) {
			any = true;
			all = all && is_attached(&probes->probe[i]) &&
			      probes->probe[i].reason[0] == '\0';
		}
	return any && all ? json_pack("[s, s]", "core", "enhanced") : json_pack("[s]", "core");
}

/* Nothing serves them here. */
static json_t *missing_json(const struct keeper_probes *probes)
{
	json_t *array = json_array();

	for (uint32_t i = 0; i < probe_count(probes); i++)
		if (!is_attached(&probes->probe[i]))
			json_array_append_new(array, text(probes->probe[i].name));
	return array;
}

/* Served by another program than the best, for want of what it needs. */
static json_t *replaced_json(const struct keeper_probes *probes)
{
	json_t *array = json_array();

	for (uint32_t i = 0; i < probe_count(probes); i++) {
		const struct keeper_probe *probe = &probes->probe[i];

		if (is_attached(probe) && probe->reason[0] != '\0')
			json_array_append_new(array, json_pack("{s:o, s:o, s:o}", "probe",
							       text(probe->name), "replaced_by",
							       text(probe->program), "reason",
							       text(probe->reason)));
	}
	return array;
}

static json_t *kernel_json(const struct control_sensor *sensor, const struct keeper_probes *probes)
{
	json_t *object = json_object();

	json_object_set_new(object, "release", text(sensor->description->kernel_release));
	json_object_set_new(object, "cgroup", text(sensor->description->cgroup));
	json_object_set_new(object, "tiers", tiers_json(probes));
	json_object_set_new(object, "missing", missing_json(probes));
	json_object_set_new(object, "replaced", replaced_json(probes));
	json_object_set_new(object, "rings", rings_json(sensor));
	return object;
}

static json_t *probes_json(const struct keeper_probes *probes)
{
	json_t *array = json_array();

	for (uint32_t i = 0; i < probe_count(probes); i++) {
		const struct keeper_probe *probe = &probes->probe[i];
		json_t *row = json_object();

		json_object_set_new(row, "name", text(probe->name));
		json_object_set_new(row, "state",
				    text(is_attached(probe) ? "attached" : "unavailable"));
		json_object_set_new(row, "program", text(probe->program));
		json_object_set_new(row, "required", json_boolean(probe->required != 0));
		json_object_set_new(row, "reason", text(probe->reason));
		json_object_set_new(row, "skipped", number(probe->skipped));
		json_array_append_new(array, row);
	}
	return array;
}

static json_t *counters_json(const struct control_sensor *sensor, const struct counters *kernel)
{
	const struct pipeline_counters *own = sensor->counters;
	json_t *object = json_object();

#define COUNTER_JSON(NAME, name, help)                                                             \
	json_object_set_new(object, #name, number(kernel->value[COUNTER_##NAME]));
	COUNTERS(COUNTER_JSON)
#undef COUNTER_JSON
	json_object_set_new(object, "events", number(own->events));
	json_object_set_new(object, "malformed", number(own->malformed));
	json_object_set_new(object, "flows_without_process", number(own->flows_without_process));
	json_object_set_new(object, "batches", number(own->batches));
	json_object_set_new(object, "turns", number(own->turns));
	json_object_set_new(object, "replayed_events", number(own->replayed_events));
	return object;
}

/* Gaps for records that were generated. What the kernel never generated, or what nobody counted, is
 * no term of the equation: it must not hide behind it. */
static bool is_term(int reason)
{
	return reason != GAP_UNEXPLAINED && reason != GAP_KERNEL_SKIPPED;
}

struct kernel_terms {
	uint64_t generated;
	uint64_t filtered;
};

/* What became due: in the kernel, but for updates, which the worker owes to execs it told. */
static struct kernel_terms kernel_terms(const struct control_sensor *sensor,
					const struct counters *kernel, int class)
{
	static const struct {
		enum counter generated;
		enum counter filtered;
	} counters[] = {
		[RECORD_EXEC] = { COUNTER_GENERATED_EXEC, COUNTER_FILTERED_EXEC },
		[RECORD_EXIT] = { COUNTER_GENERATED_EXIT, COUNTER_FILTERED_EXIT },
		[RECORD_FLOW] = { COUNTER_GENERATED_FLOW, COUNTER_FILTERED_FLOW },
	};

	if (class > RECORD_FLOW)
		return (struct kernel_terms){ .generated = sensor->updates_due(sensor->context) };
	return (struct kernel_terms){ kernel->value[counters[class].generated],
				      kernel->value[counters[class].filtered] };
}

/* Each term is what its own room counted: none is computed from the others. */
static json_t *conservation_json(const struct control_sensor *sensor, const struct counters *kernel)
{
	struct journal_totals totals = journal_totals(sensor->journal);
	uint64_t in_memory[RECORD_CLASS_COUNT] = { 0 };
	json_t *object = json_object();
	struct spool_stats spooled;

	sensor->in_memory(sensor->context, in_memory);
	spool_stats(sensor->spool, &spooled);
	for (int class = 0; class < RECORD_CLASS_COUNT; class ++) {
		const struct kernel_terms terms = kernel_terms(sensor, kernel, class);
		json_t *row;
		uint64_t gaps = 0;

		if (class == RECORD_GAP) /* made here, lost nowhere */
			continue;
		row = json_object();
		for (int reason = 0; reason < GAP_REASON_COUNT; reason++)
			gaps += is_term(reason) ? totals.gaps[reason][class] : 0;
		json_object_set_new(row, "generated", number(terms.generated));
		json_object_set_new(row, "acked", number(totals.acked[class]));
		json_object_set_new(row, "spooled", number(spooled.records[class]));
		json_object_set_new(row, "in_memory", number(in_memory[class]));
		json_object_set_new(row, "gaps", number(gaps));
		/* Beside the equation: part of the gaps, then what is none of its terms. */
		json_object_set_new(row, "throttled", number(totals.gaps[GAP_THROTTLED][class]));
		json_object_set_new(row, "filtered", number(terms.filtered));
		json_object_set_new(row, "skipped", number(totals.gaps[GAP_KERNEL_SKIPPED][class]));
		json_object_set_new(row, "unexplained",
				    number(totals.gaps[GAP_UNEXPLAINED][class]));
		json_object_set_new(object, record_class_name((enum record_class) class), row);
	}
	return object;
}

static json_t *lanes_json(const struct control_sensor *sensor, const struct ship_status *status)
{
	static const char *const names[SPOOL_LANE_COUNT] = { "a", "b" };
	json_t *object = json_object();

	for (int lane = 0; lane < SPOOL_LANE_COUNT; lane++) {
		uint64_t next = spool_next_seq(sensor->spool, (enum spool_lane)lane);

		json_object_set_new(object, names[lane],
				    json_pack("{s:o, s:o, s:o}", "sent_seq",
					      number(status->sent_seq[lane]), "acked_seq",
					      number(status->acked_seq[lane]), "next_seq",
					      number(next)));
	}
	return object;
}

static json_t *ship_json(const struct control_sensor *sensor)
{
	struct ship_status status;
	json_t *object = json_object();

	ship_status(sensor->ship, &status);
	json_object_set_new(object, "state", text(ship_state_name(status.state)));
	json_object_set_new(object, "collector", text(status.collector));
	json_object_set_new(object, "tls",
			    json_pack("{s:o, s:o}", "version", text(status.tls_version), "group",
				      text(status.tls_group)));
	json_object_set_new(object, "lanes", lanes_json(sensor, &status));
	json_object_set_new(object, "shipped_bytes", number(status.shipped_bytes));
	json_object_set_new(object, "connects", number(status.connects));
	json_object_set_new(object, "last_error", text(status.last_error));
	return object;
}

static json_t *spool_json(const struct control_sensor *sensor)
{
	struct spool_stats stats;
	json_t *dropped = json_object();
	json_t *object = json_object();

	spool_stats(sensor->spool, &stats);
	for (int class = 0; class < RECORD_CLASS_COUNT; class ++)
		json_object_set_new(dropped, record_class_name((enum record_class) class),
				    number(stats.dropped[class]));
	json_object_set_new(object, "bytes", number(stats.bytes));
	json_object_set_new(object, "batches",
			    json_pack("{s:o, s:o}", "a", number(stats.batches[SPOOL_LANE_A]), "b",
				      number(stats.batches[SPOOL_LANE_B])));
	json_object_set_new(object, "earlier_records", number(stats.earlier_records));
	json_object_set_new(object, "dropped", dropped);
	json_object_set_new(object, "torn_bytes", number(stats.torn_bytes));
	json_object_set_new(object, "corrupt_stretches", number(stats.corrupt_stretches));
	json_object_set_new(object, "write_errors", number(stats.write_errors));
	json_object_set_new(object, "last_error",
			    text(stats.last_error != 0 ? strerror(stats.last_error) : ""));
	return object;
}

static uint64_t resident_bytes(void)
{
	unsigned long long pages = 0;
	FILE *file = fopen("/proc/self/statm", "re");

	if (!file)
		return 0;
	if (fscanf(file, "%*u %llu", &pages) != 1)
		pages = 0;
	fclose(file);
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static uint64_t milliseconds(const struct timeval *time)
{
	return (uint64_t)time->tv_sec * 1000 + (uint64_t)time->tv_usec / 1000;
}

static json_t *budget_json(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return json_pack("{s:o, s:o}", "rss_bytes", number(resident_bytes()), "cpu_ms",
			 number(milliseconds(&usage.ru_utime) + milliseconds(&usage.ru_stime)));
}

int status_object(struct control_call *call, json_t **ret_status)
{
	const struct control_sensor *sensor = control_sensor(call);
	struct counters kernel = { 0 };
	struct keeper_probes probes = { 0 };
	struct live_config live = { 0 };
	struct keeper_maps maps = { 0 };
	json_t *status;
	int r = sensor->kernel_counters(sensor->context, &kernel);

	if (r == 0)
		r = sensor->probes(sensor->context, &probes);
	if (r == 0)
		r = sensor->maps(sensor->context, &maps);
	if (r == 0)
		r = sensor->live(sensor->context, &live);
	if (r < 0)
		return control_fail(call, "the keeper does not answer: %s", strerror(-r));
	status = json_object();
	json_object_set_new(status, "sensor", sensor_json(sensor));
	json_object_set_new(status, "kernel", kernel_json(sensor, &probes));
	json_object_set_new(status, "probes", probes_json(&probes));
	json_object_set_new(status, "counters", counters_json(sensor, &kernel));
	json_object_set_new(status, "conservation", conservation_json(sensor, &kernel));
	json_object_set_new(status, "sequence", status_sequence(sensor, &kernel));
	json_object_set_new(status, "limits", status_limits(&live, &probes));
	json_object_set_new(status, "maps", status_maps(&maps));
	json_object_set_new(status, "first_bytes", status_first_bytes(sensor));
	json_object_set_new(status, "hashes", status_hashes(sensor));
	json_object_set_new(status, "ship", ship_json(sensor));
	json_object_set_new(status, "spool", spool_json(sensor));
	json_object_set_new(status, "budget", budget_json());
	*ret_status = status;
	return 0;
}

static int cmd_status(struct control_call *call)
{
	json_t *status;
	int r = status_object(call, &status);

	return r < 0 ? r : control_row(call, status);
}

const struct control_command status_commands[] = {
	{
		.name = "status",
		.role = CONTROL_VIEWER,
		.run = cmd_status,
		.help = "How the sensor is: probes, counters, conservation, shipping, cost",
	},
	{ 0 },
};
