/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/sinks/syslog.h"

#include "collector/sinks/place_file.h"
#include "collector/sinks/syslog_socket.h"
#include "common/uuid.h"
#include "telemetry/render.h"

#include <errno.h>
#include <event2/buffer.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* RFC 5424 6.2.1: facility 13 (log audit), severity 4 (warning). */
#define PRIORITY (13 * 8 + 4)
#define HOST_BYTES 256
#define MESSAGE_BYTES 2048 /* RFC 5424 6.1: what receivers should take */
/* The number that RFC 5612 reserves for documentation: Yagura has none of its own. */
#define DATA_ID "yagura@32473"

/* Messages that wait for the flush, each behind its length. */
struct syslog {
	struct syslog_address address;
	struct evbuffer *waiting;
	char host[HOST_BYTES];
	int directory_fd;
	int fd; /* -1: not connected */
	struct place_file durable;
};

static void hang_up(struct syslog *syslog)
{
	if (syslog->fd >= 0)
		close(syslog->fd);
	syslog->fd = -1;
}

static void syslog_close(void *state)
{
	struct syslog *syslog = state;

	hang_up(syslog);
	if (syslog->directory_fd >= 0)
		close(syslog->directory_fd);
	if (syslog->waiting)
		evbuffer_free(syslog->waiting);
	free(syslog);
}

static int open_directory(struct syslog *syslog, const char *path)
{
	if (mkdir(path, 0750) != 0 && errno != EEXIST)
		return -errno;
	syslog->directory_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (syslog->directory_fd < 0)
		return -errno;
	return place_file_read(syslog->directory_fd, &syslog->durable);
}

/* RFC 5424 6.2.4: printable ASCII without spaces. */
static void fill_host(char host[HOST_BYTES])
{
	if (gethostname(host, HOST_BYTES - 1) != 0 || host[0] == '\0')
		snprintf(host, HOST_BYTES, "-");
	for (char *at = host; *at; at++)
		if (*at <= ' ' || *at > '~')
			*at = '?';
}

static int syslog_open(const struct sink_options *options, void **ret_state,
		       char ret_error[SINK_ERROR_BYTES])
{
	struct syslog *syslog;
	char path[PATH_MAX];
	int r;

	if (!options->syslog || options->syslog[0] == '\0')
		return -ECANCELED;
	snprintf(ret_error, SINK_ERROR_BYTES, "out of memory");
	snprintf(path, sizeof(path), "%s/syslog", options->directory);
	syslog = calloc(1, sizeof(*syslog));
	if (!syslog)
		return -ENOMEM;
	syslog->directory_fd = syslog->fd = -1;
	syslog->waiting = evbuffer_new();
	fill_host(syslog->host);
	r = syslog->waiting ? syslog_address_parse(options->syslog, &syslog->address) : -ENOMEM;
	if (r == 0)
		r = open_directory(syslog, path);
	if (r < 0) {
		snprintf(ret_error, SINK_ERROR_BYTES,
			 "syslog to %.100s with its place in %.200s: %s", options->syslog, path,
			 strerror(-r));
		syslog_close(syslog);
		return r;
	}
	*ret_state = syslog;
	return 0;
}

static int syslog_place(void *state, struct sink_place *ret_place)
{
	struct syslog *syslog = state;

	*ret_place = syslog->durable.place;
	return 0;
}

/* Of ours, all values are numbers, names of ours and UUIDs: none needs escaping. */
static int format_gap(char ret_text[MESSAGE_BYTES], const struct syslog *syslog,
		      const struct sink_item *item)
{
	const struct record_gap *gap = &item->record->gap;
	const struct entry_batch *batch = &item->entry->batch;
	const char *class =
		gap->class < RECORD_CLASS_COUNT ? record_class_name(gap->class) : "batch";
	char sensor[UUID_TEXT_BYTES];
	char time[32];

	uuid_format(item->sensor, sensor);
	render_time(time, gap->time_ns);
	return snprintf(ret_text, MESSAGE_BYTES,
			"<%d>1 %s %s yagura-collector - gap [" DATA_ID " sensor=\"%s\""
			" generation=\"%016" PRIx64 "\" lane=\"%" PRIu32 "\" seq=\"%" PRIu64
			"\" index=\"%" PRIu64 "\" class=\"%s\" reason=\"%s\" count=\"%" PRIu64
			"\"] sensor %s: %" PRIu64 " %s records are missing: %s",
			PRIORITY, gap->time_ns > 0 ? time : "-", syslog->host, sensor,
			batch->generation, batch->lane, batch->seq, item->index, class,
			gap_reason_name(gap->reason), gap->count, sensor, gap->count, class,
			gap_reason_name(gap->reason));
}

static int syslog_write(void *state, const struct sink_item *item)
{
	struct syslog *syslog = state;
	char text[MESSAGE_BYTES];
	uint32_t size;
	int length;

	if (item->record->class != RECORD_GAP)
		return 0;
	length = format_gap(text, syslog, item);
	size = length < MESSAGE_BYTES ? (uint32_t)length : MESSAGE_BYTES - 1;
	if (evbuffer_add(syslog->waiting, &size, sizeof(size)) < 0 ||
	    evbuffer_add(syslog->waiting, text, size) < 0)
		return -ENOMEM;
	return 0;
}

static int send_waiting(struct syslog *syslog)
{
	bool is_stream = syslog->address.type == SOCK_STREAM;
	char text[MESSAGE_BYTES];
	uint32_t size;
	int r = 0;

	while (r == 0 && evbuffer_get_length(syslog->waiting) > 0) {
		evbuffer_remove(syslog->waiting, &size, sizeof(size));
		evbuffer_remove(syslog->waiting, text, size);
		r = syslog_send(syslog->fd, is_stream, text, size);
	}
	return r;
}

static int syslog_flush(void *state, const struct sink_place *place)
{
	struct syslog *syslog = state;
	struct place_file next = { .place = *place };
	int r = 0;

	if (evbuffer_get_length(syslog->waiting) > 0 && syslog->fd < 0) {
		syslog->fd = syslog_connect(&syslog->address);
		r = syslog->fd < 0 ? syslog->fd : 0;
	}
	if (r == 0)
		r = send_waiting(syslog);
	if (r == 0)
		r = place_file_write(syslog->directory_fd, &next);
	if (r == 0)
		syslog->durable = next;
	return r;
}

static void syslog_discard(void *state)
{
	struct syslog *syslog = state;

	evbuffer_drain(syslog->waiting, evbuffer_get_length(syslog->waiting));
	hang_up(syslog);
}

const struct sink syslog_sink = {
	.name = "syslog",
	.open = syslog_open,
	.place = syslog_place,
	.write = syslog_write,
	.flush = syslog_flush,
	.discard = syslog_discard,
	.close = syslog_close,
};
