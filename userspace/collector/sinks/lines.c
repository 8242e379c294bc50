/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/sinks/lines.h"

#include "common/uuid.h"
#include "telemetry/render.h"

#include <errno.h>
#include <event2/buffer.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#define LINE_BYTES 512
#define SHOWN_FIRST 256
#define PREFIX_BYTES 8 /* of the sensor's identity, once there are several */
/* A reader that stands still must not hold up the sensors: it gets this long, then misses lines. */
#define PATIENCE_MS 100

/* Where a line stands in `texts`, and when it happened. */
struct shown {
	uint64_t time_ns;
	size_t at;
	size_t length;
};

/* What was written since the last commit is kept as it came, and sorted when it is shown: the
 * records of a batch stand class by class. */
struct lines {
	int fd;
	struct evbuffer *texts;
	struct evbuffer *pending; /* being shown */
	struct shown *shown;
	size_t count;
	size_t capacity;
	uint8_t sensor[16]; /* the first one seen */
	bool has_sensor;
	bool has_several;
	bool is_stuck; /* the reader did not keep up last time */
};

static void lines_close(void *state)
{
	struct lines *lines = state;

	if (lines->texts)
		evbuffer_free(lines->texts);
	if (lines->pending)
		evbuffer_free(lines->pending);
	free(lines->shown);
	free(lines);
}

static int lines_open(const struct sink_options *options, void **ret_state,
		      char ret_error[SINK_ERROR_BYTES])
{
	struct lines *lines;

	snprintf(ret_error, SINK_ERROR_BYTES, "out of memory");
	if (!options->lines)
		return -ECANCELED;
	lines = calloc(1, sizeof(*lines));
	if (!lines)
		return -ENOMEM;
	lines->fd = fileno(options->lines);
	lines->texts = evbuffer_new();
	lines->pending = evbuffer_new();
	if (!lines->texts || !lines->pending) {
		lines_close(lines);
		return -ENOMEM;
	}
	*ret_state = lines;
	return 0;
}

static void notice_sensor(struct lines *lines, const uint8_t sensor[16])
{
	if (!lines->has_sensor)
		memcpy(lines->sensor, sensor, sizeof(lines->sensor));
	else if (memcmp(lines->sensor, sensor, sizeof(lines->sensor)) != 0)
		lines->has_several = true;
	lines->has_sensor = true;
}

static uint64_t time_of(const struct record *record)
{
	switch (record->class) {
	case RECORD_EXEC:
		return record->exec.time_ns;
	case RECORD_EXIT:
		return record->exit.time_ns;
	case RECORD_FLOW:
		return record->flow.end_ns;
	case RECORD_EXEC_UPDATE:
		return record->exec_update.time_ns;
	case RECORD_GAP:
		return record->gap.time_ns;
	case RECORD_CLASS_COUNT:
	default:
		return 0;
	}
}

static int reserve(struct lines *lines)
{
	size_t capacity = lines->capacity > 0 ? 2 * lines->capacity : SHOWN_FIRST;
	struct shown *grown;

	if (lines->count < lines->capacity)
		return 0;
	grown = realloc(lines->shown, capacity * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	lines->shown = grown;
	lines->capacity = capacity;
	return 0;
}

static int add_text(struct lines *lines, const struct sink_item *item)
{
	char sensor[UUID_TEXT_BYTES];
	char line[LINE_BYTES];
	int r = 0;

	render_line(line, sizeof(line), item->record);
	notice_sensor(lines, item->sensor);
	if (lines->has_several) {
		uuid_format(item->sensor, sensor);
		r = evbuffer_add_printf(lines->texts, "%.*s ", PREFIX_BYTES, sensor);
	}
	if (r >= 0)
		r = evbuffer_add_printf(lines->texts, "%s\n", line);
	return r < 0 ? -ENOMEM : 0;
}

static int lines_write(void *state, const struct sink_item *item)
{
	struct lines *lines = state;
	size_t at = evbuffer_get_length(lines->texts);
	int r = reserve(lines);

	if (r == 0)
		r = add_text(lines, item);
	if (r < 0)
		return r;
	lines->shown[lines->count++] =
		(struct shown){ .time_ns = time_of(item->record),
				.at = at,
				.length = evbuffer_get_length(lines->texts) - at };
	return 0;
}

static void empty(struct evbuffer *buffer)
{
	evbuffer_drain(buffer, evbuffer_get_length(buffer));
}

static void lines_discard(void *state)
{
	struct lines *lines = state;

	empty(lines->texts);
	empty(lines->pending);
	lines->count = 0;
}

/* What happened at the same time stays as it came: an exec before its exit. */
static int by_time(const void *a, const void *b)
{
	const struct shown *one = a;
	const struct shown *other = b;

	if (one->time_ns != other->time_ns)
		return one->time_ns < other->time_ns ? -1 : 1;
	return one->at < other->at ? -1 : 1;
}

/* It is only a view: without memory for it the lines are missed. */
static void sort(struct lines *lines)
{
	const unsigned char *texts = evbuffer_pullup(lines->texts, -1);

	if (!texts)
		return;
	qsort(lines->shown, lines->count, sizeof(*lines->shown), by_time);
	for (size_t i = 0; i < lines->count; i++)
		evbuffer_add(lines->pending, texts + lines->shown[i].at, lines->shown[i].length);
}

/* Never more at once than a pipe that polls writable takes without blocking. */
static bool write_some(struct lines *lines)
{
	return evbuffer_write_atmost(lines->pending, lines->fd, PIPE_BUF) > 0;
}

/* Whole lines are dropped with the rest of the group: the next group starts on a fresh one. */
static int lines_flush(void *state, const struct sink_place *place)
{
	struct lines *lines = state;
	struct pollfd ready = { .fd = lines->fd, .events = POLLOUT };
	int patience_ms = lines->is_stuck ? 0 : PATIENCE_MS;

	(void)place;
	sort(lines);
	lines->is_stuck = false;
	while (evbuffer_get_length(lines->pending) > 0 && !lines->is_stuck)
		lines->is_stuck = poll(&ready, 1, patience_ms) <= 0 || !write_some(lines);
	lines_discard(lines);
	return 0;
}

const struct sink lines_sink = {
	.name = "lines",
	.is_live = true,
	.open = lines_open,
	.write = lines_write,
	.flush = lines_flush,
	.discard = lines_discard,
	.close = lines_close,
};
