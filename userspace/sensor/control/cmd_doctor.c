/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `doctor`: what this kernel, this configuration and the last hours let the sensor see and what
 * not, and what to do about it. It looks at what `status` says, so whatever it finds can be looked
 * up there.
 */
#include "sensor/control/command_table.h"
#include "sensor/control/status.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define TEXT_BYTES 512

enum finding_state { FINDING_GOOD, FINDING_NOTE, FINDING_BAD };

struct finding {
	enum finding_state state;
	char found[TEXT_BYTES]; /* "": as it should be */
	const char *mend; /* NULL: there is nothing to do */
};

/* --- looking into the status --- */

/* "ship.state"; NULL when it is not there. */
static json_t *find(json_t *status, const char *path)
{
	char name[64];

	while (status) {
		size_t length = strcspn(path, ".");

		snprintf(name, sizeof(name), "%.*s", (int)length, path);
		status = json_object_get(status, name);
		if (path[length] == '\0')
			return status;
		path += length + 1;
	}
	return NULL;
}

static uint64_t number_at(json_t *status, const char *path)
{
	return (uint64_t)json_integer_value(find(status, path));
}

static const char *text_at(json_t *status, const char *path)
{
	const char *text = json_string_value(find(status, path));

	return text ? text : "";
}

/* One term of the conservation equation over all classes. */
static uint64_t sum_of_classes(json_t *status, const char *term)
{
	json_t *class;
	const char *name;
	uint64_t sum = 0;

	json_object_foreach(find(status, "conservation"), name, class)
	{
		sum += (uint64_t)json_integer_value(json_object_get(class, term));
	}
	return sum;
}

__attribute__((format(printf, 4, 5))) static void
say(struct finding *finding, enum finding_state state, const char *mend, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(finding->found, sizeof(finding->found), format, arguments);
	va_end(arguments);
	finding->state = state;
	finding->mend = mend;
}

/* --- the checks --- */

static void check_probes(json_t *status, struct finding *finding)
{
	json_t *probe;
	size_t i;

	json_array_foreach(find(status, "probes"), i, probe)
	{
		const char *name = text_at(probe, "name");

		if (strcmp(text_at(probe, "state"), "attached") == 0 ||
		    finding->state == FINDING_BAD)
			continue;
		if (json_is_true(json_object_get(probe, "required")))
			say(finding, FINDING_BAD, "Linux 5.10 or later, with BTF, is needed",
			    "'%s' is not attached: %s", name, text_at(probe, "reason"));
		else
			say(finding, FINDING_NOTE,
			    "a newer kernel has it; records say what is "
			    "unknown",
			    "%zu of the probes are missing, such as '%s': %s",
			    json_array_size(find(status, "kernel.missing")), name,
			    text_at(probe, "reason"));
	}
}

static void check_replaced(json_t *status, struct finding *finding)
{
	json_t *replaced = find(status, "kernel.replaced");
	json_t *first = json_array_get(replaced, 0);

	if (first)
		say(finding, FINDING_NOTE, NULL,
		    "%zu probes are served by their second choice, such as '%s': %s",
		    json_array_size(replaced), text_at(first, "probe"), text_at(first, "reason"));
}

static void check_unexplained(json_t *status, struct finding *finding)
{
	uint64_t count = sum_of_classes(status, "unexplained");

	if (count > 0)
		say(finding, FINDING_BAD,
		    "report it, with the answer of 'status': this is a fault "
		    "of the sensor",
		    "%llu records are missing and nobody counted why", (unsigned long long)count);
}

static void check_skipped(json_t *status, struct finding *finding)
{
	uint64_t count = sum_of_classes(status, "skipped");

	if (count > 0)
		say(finding, FINDING_BAD,
		    "none on this kernel: it preempts tracing programs; the "
		    "missing records are told as gaps",
		    "the kernel did not run our programs %llu times", (unsigned long long)count);
}

static void check_rings(json_t *status, struct finding *finding)
{
	static const char *const lost[] = { "counters.lost_exec", "counters.lost_exit",
					    "counters.lost_fork", "counters.lost_flow",
					    "counters.lost_bytes" };
	uint64_t count = 0;

	for (size_t i = 0; i < sizeof(lost) / sizeof(*lost); i++)
		count += number_at(status, lost[i]);
	if (count > 0)
		say(finding, FINDING_BAD,
		    "raise ring_valuable_bytes or ring_bulk_bytes in [kernel], or let the worker "
		    "have more of a CPU",
		    "the rings were too small for %llu events since the start",
		    (unsigned long long)count);
}

static void check_arena(json_t *status, struct finding *finding)
{
	uint64_t count = number_at(status, "counters.bytes_no_room");

	if (count > 0)
		say(finding, FINDING_NOTE, "raise arena_bytes in [first_bytes]",
		    "%llu pieces of first bytes found no slot: those flows have no fingerprint",
		    (unsigned long long)count);
}

static void check_untracked(json_t *status, struct finding *finding)
{
	uint64_t count = number_at(status, "counters.flow_untracked");

	if (count > 0)
		say(finding, FINDING_BAD, "the kernel was short of memory: look at the host",
		    "%llu connections have no record: their socket got no storage",
		    (unsigned long long)count);
}

static void check_throttle(json_t *status, struct finding *finding)
{
	uint64_t count = sum_of_classes(status, "throttled");

	if (count > 0)
		say(finding, FINDING_NOTE,
		    "look at the gaps for the group; its budget stands in "
		    "[throttle]",
		    "control groups over their budget made %llu records that are only counted",
		    (unsigned long long)count);
}

static void check_filters(json_t *status, struct finding *finding)
{
	uint64_t count = sum_of_classes(status, "filtered");

	if (count > 0 || strcmp(text_at(status, "limits.filter_default"), "drop") == 0)
		say(finding, FINDING_NOTE, "[filter] says so; 'status' counts what each leaves out",
		    "filters leave out what would have been %llu records",
		    (unsigned long long)count);
}

static void check_spool(json_t *status, struct finding *finding)
{
	const char *error = text_at(status, "spool.last_error");
	uint64_t dropped = 0;
	const char *class;
	json_t *count;

	json_object_foreach(find(status, "spool.dropped"), class, count)
	{
		dropped += (uint64_t)json_integer_value(count);
	}
	if (error[0] != '\0')
		say(finding, FINDING_BAD,
		    "make room on the disk, or name another [spool] "
		    "directory; what comes waits in memory until then",
		    "the spool cannot be written: %s", error);
	else if (dropped > 0)
		say(finding, FINDING_BAD,
		    "raise bytes_max in [spool], or mend the way to the "
		    "collector",
		    "%llu spooled records gave way to newer ones", (unsigned long long)dropped);
}

static void check_ship(json_t *status, struct finding *finding)
{
	const char *state = text_at(status, "ship.state");

	if (strcmp(state, "off") == 0)
		say(finding, FINDING_NOTE, "name one: address in [collector]",
		    "no collector is configured: records stay on this host");
	else if (strcmp(state, "connected") != 0)
		say(finding, FINDING_BAD, "look at the address, the certificates and the clock",
		    "not connected to %s (%s): %s", text_at(status, "ship.collector"), state,
		    text_at(status, "ship.last_error"));
}

static void check_group(json_t *status, struct finding *finding)
{
	const char *group = text_at(status, "ship.tls.group");

	if (group[0] != '\0' && !strcasestr(group, "MLKEM"))
		say(finding, FINDING_NOTE, "OpenSSL 3.5 or later at both ends",
		    "the session's keys come from %s, which a quantum computer could break", group);
}

static void check_worker(json_t *status, struct finding *finding)
{
	uint64_t count = number_at(status, "sensor.worker_restarts");

	if (count > 0)
		say(finding, FINDING_BAD, "look into the journal for why",
		    "the worker had to be started again %llu times", (unsigned long long)count);
}

static const struct {
	const char *name;
	void (*look)(json_t *status, struct finding *finding);
} checks[] = {
	{ "probes", check_probes },
	{ "replaced", check_replaced },
	{ "worker", check_worker },
	{ "nothing lost unsaid", check_unexplained },
	{ "skipped programs", check_skipped },
	{ "rings", check_rings },
	{ "first bytes", check_arena },
	{ "tracked sockets", check_untracked },
	{ "throttling", check_throttle },
	{ "filters", check_filters },
	{ "spool", check_spool },
	{ "collector", check_ship },
	{ "post-quantum", check_group },
};

static const char *const state_names[] = {
	[FINDING_GOOD] = "good",
	[FINDING_NOTE] = "note",
	[FINDING_BAD] = "bad",
};

static int tell(struct control_call *call, const char *name, const struct finding *finding)
{
	const char *mend = finding->mend ? finding->mend : "";
	json_t *row = json_pack("{s:s, s:s, s:s, s:s}", "check", name, "state",
				state_names[finding->state], "found", finding->found, "mend", mend);
	char line[2 * TEXT_BYTES];

	snprintf(line, sizeof(line), "%-4s  %s%s%s%s%s", state_names[finding->state], name,
		 finding->found[0] ? ": " : "", finding->found, mend[0] ? " -> " : "", mend);
	return control_row_line(call, row, line);
}

static int cmd_doctor(struct control_call *call)
{
	json_t *status;
	int r = status_object(call, &status);

	if (r < 0)
		return r;
	for (size_t i = 0; i < sizeof(checks) / sizeof(*checks) && r == 0; i++) {
		struct finding finding = { 0 };

		checks[i].look(status, &finding);
		r = tell(call, checks[i].name, &finding);
	}
	json_decref(status);
	return r;
}

const struct control_command doctor_commands[] = {
	{
		.name = "doctor",
		.role = CONTROL_VIEWER,
		.run = cmd_doctor,
		.rows = "checks",
		.help = "What this host and configuration keep from being seen, and how to mend it",
	},
	{ 0 },
};
