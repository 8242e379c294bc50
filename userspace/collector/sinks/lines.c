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
#define PREFIX_BYTES 8 /* of the sensor's identity, once there are several */
/* A reader that stands still must not hold up the sensors: it gets this long, then misses lines. */
#define PATIENCE_MS 100

struct lines {
	int fd;
	struct evbuffer *pending;
	uint8_t sensor[16]; /* the first one seen */
	bool has_sensor;
	bool has_several;
	bool is_stuck; /* the reader did not keep up last time */
};

static int lines_open(const struct sink_options *options, void **ret_state)
{
	struct lines *lines;

	if (!options->lines)
		return -ECANCELED;
	lines = calloc(1, sizeof(*lines));
	if (!lines)
		return -ENOMEM;
	lines->fd = fileno(options->lines);
	lines->pending = evbuffer_new();
	if (!lines->pending) {
		free(lines);
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

static int lines_write(void *state, const struct sink_item *item)
{
	struct lines *lines = state;
	char sensor[UUID_TEXT_BYTES];
	char line[LINE_BYTES];
	int r = 0;

	render_line(line, sizeof(line), item->record);
	notice_sensor(lines, item->sensor);
	if (lines->has_several) {
		uuid_format(item->sensor, sensor);
		r = evbuffer_add_printf(lines->pending, "%.*s ", PREFIX_BYTES, sensor);
	}
	if (r >= 0)
		r = evbuffer_add_printf(lines->pending, "%s\n", line);
	return r < 0 ? -ENOMEM : 0;
}

static void lines_discard(void *state)
{
	struct lines *lines = state;

	evbuffer_drain(lines->pending, evbuffer_get_length(lines->pending));
}

/* Never more at once than a pipe that polls writable takes without blocking. */
static bool write_some(struct lines *lines)
{
	return evbuffer_write_atmost(lines->pending, lines->fd, PIPE_BUF) > 0;
}

/* Whole lines are dropped with the rest of the group: the next group starts on a fresh one. */
static int lines_flush(void *state)
{
	struct lines *lines = state;
	struct pollfd ready = { .fd = lines->fd, .events = POLLOUT };
	int patience_ms = lines->is_stuck ? 0 : PATIENCE_MS;

	lines->is_stuck = false;
	while (evbuffer_get_length(lines->pending) > 0 && !lines->is_stuck)
		lines->is_stuck = poll(&ready, 1, patience_ms) <= 0 || !write_some(lines);
	lines_discard(lines);
	return 0;
}

static void lines_close(void *state)
{
	struct lines *lines = state;

	evbuffer_free(lines->pending);
	free(lines);
}

const struct sink lines_sink = {
	.name = "lines",
	.open = lines_open,
	.write = lines_write,
	.flush = lines_flush,
	.discard = lines_discard,
	.close = lines_close,
};
