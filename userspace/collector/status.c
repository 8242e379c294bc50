/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/status.h"

#include "common/cleanup.h"
#include "common/clock.h"
#include "telemetry/render.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static json_t *number(uint64_t value)
{
	return json_integer((json_int_t)value);
}

static json_t *log_object(struct intake *intake)
{
	struct intake_stats stats;
	char generation[17];

	intake_stats(intake, &stats);
	snprintf(generation, sizeof(generation), "%016" PRIx64, stats.generation);
	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:s}", "generation",
			 generation, "first", number(stats.first), "next", number(stats.next),
			 "durable", number(stats.durable), "bytes", number(stats.bytes),
			 "bytes_max", number(stats.bytes_max), "sensors", number(stats.sensors),
			 "failures", number(stats.failures), "damaged", number(stats.damaged),
			 "full", stats.is_full, "last_error",
			 stats.last_error ? strerror(stats.last_error) : "");
}

static json_t *sink_object(struct feed *feed)
{
	struct feed_stats stats;

	feed_stats(feed, &stats);
	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:b}", "name", stats.name, "position",
			 number(stats.position), "lag", number(stats.lag), "records",
			 number(stats.records), "failures", number(stats.failures), "failing",
			 stats.is_failing);
}

static json_t *sinks_array(const struct tenant *tenant)
{
	json_t *array = json_array();

	for (size_t i = 0; i < tenant->feed_count; i++)
		json_array_append_new(array, sink_object(tenant->feeds[i]));
	return array;
}

static json_t *sensors_object(struct roster *roster)
{
	struct roster_stats stats;

	roster_stats(roster, &stats);
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "seen", number(stats.seats), "connected",
			 number(stats.connected), "refused", number(stats.refusals), "replaced",
			 number(stats.replaced), "clones", number(stats.clones), "throttled",
			 number(stats.throttled));
}

static json_t *refusals_array(struct roster *roster)
{
	struct roster_note notes[ROSTER_NOTES];
	size_t count = roster_notes(roster, notes);
	json_t *array = json_array();
	char time[32];

	for (size_t i = 0; i < count; i++) {
		render_time(time, notes[i].time_ns);
		json_array_append_new(array, json_pack("{s:s, s:s, s:s}", "time", time, "who",
						       notes[i].who, "why", notes[i].why));
	}
	return array;
}

static json_t *status_object(const struct tenant *tenant, const struct status_totals *totals)
{
	char time[32];
	json_t *object;

	render_time(time, clock_realtime_ns());
	object = json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:o}", "time", time, "version",
			   YAGURA_VERSION, "tenant", tenant->options.name, "log",
			   log_object(tenant->intake), "sinks", sinks_array(tenant), "sensors",
			   sensors_object(tenant->roster), "refused",
			   refusals_array(tenant->roster));
	if (object && totals)
		json_object_set_new(object, "collector",
				    json_pack("{s:o, s:o}", "threads", number(totals->threads),
					      "connections", number(totals->connections)));
	return object;
}

static int write_file(const char *directory, const char *text)
{
	_cleanup_close_ int at = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_close_ int fd = -1;
	size_t size = strlen(text);

	if (at < 0)
		return -errno;
	fd = openat(at, "status.new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	if (fd < 0)
		return -errno;
	if (write(fd, text, size) != (ssize_t)size)
		return -EIO;
	return renameat(at, "status.new", at, "status.json") < 0 ? -errno : 0;
}

int status_write(const struct tenant *tenant, const struct status_totals *totals)
{
	json_t *object = status_object(tenant, totals);
	_cleanup_free_ char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;

	json_decref(object);
	return text ? write_file(tenant->options.sinks.directory, text) : -ENOMEM;
}

int status_print(const char *directory, FILE *to)
{
	_cleanup_fclose_ FILE *from = NULL;
	char path[PATH_MAX];
	struct stat found;
	int c;

	if (snprintf(path, sizeof(path), "%s/status.json", directory) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	from = fopen(path, "re");
	if (!from || fstat(fileno(from), &found) < 0)
		return -errno;
	while ((c = fgetc(from)) != EOF)
		fputc(c, to);
	fputc('\n', to);
	return time(NULL) - found.st_mtime > STATUS_STALE_S ? -ESTALE : 0;
}
