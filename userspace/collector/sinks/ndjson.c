/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/sinks/ndjson.h"

#include "collector/sinks/place_file.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "telemetry/render_json.h"
#include "telemetry/render_ocsf.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define NAME_BYTES 32 /* "yagura-0123456789abcdef.ndjson" and its zero */
/* What is not flushed waits in memory, up to this; then it goes to the file, to be synced later. */
#define BUFFER_BYTES (1u << 20)

struct lines_out {
	struct sink_ndjson_options options;
	int directory_fd;
	int fd; /* -1: the next line begins a file */
	struct place_file durable; /* as on disk */
	uint64_t file; /* the one being written; 0: none */
	uint64_t bytes; /* in it, synced or not */
	struct ndjson buffer;
	uint64_t found; /* while files are counted: how many, and the oldest's number */
	uint64_t oldest;
};

static void file_name(char ret_name[NAME_BYTES], uint64_t number)
{
	snprintf(ret_name, NAME_BYTES, "yagura-%016" PRIx64 ".ndjson", number);
}

/* 0: no file of ours. */
static uint64_t file_number(const char *name)
{
	char again[NAME_BYTES];
	uint64_t number;

	if (strlen(name) != NAME_BYTES - 2 || sscanf(name, "yagura-%" SCNx64, &number) != 1)
		return 0;
	file_name(again, number);
	return strcmp(again, name) == 0 ? number : 0;
}

static void ndjson_close(void *state)
{
	struct lines_out *out = state;

	if (out->fd >= 0)
		close(out->fd);
	if (out->directory_fd >= 0)
		close(out->directory_fd);
	ndjson_done(&out->buffer);
	free(out);
}

static void cleanup_closedirp(DIR **directory)
{
	if (*directory)
		closedir(*directory);
}

/* Calls `each` with the number of each of our files. 0 or -errno, or what that said. */
static int each_file(struct lines_out *out, int (*each)(struct lines_out *out, uint64_t number))
{
	int fd = openat(out->directory_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_(cleanup_closedirp) DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	int r = 0;

	if (!directory)
		return -errno;
	while (r == 0 && (entry = readdir(directory)))
		if (file_number(entry->d_name) > 0)
			r = each(out, file_number(entry->d_name));
	return r;
}

static int unlink_file(struct lines_out *out, uint64_t number)
{
	char name[NAME_BYTES];

	file_name(name, number);
	return unlinkat(out->directory_fd, name, 0) < 0 && errno != ENOENT ? -errno : 0;
}

/* A file that was begun and never came to be in the place: all of it is written again. */
static int unlink_if_newer(struct lines_out *out, uint64_t number)
{
	return number > out->durable.file ? unlink_file(out, number) : 0;
}

/* Without a place nothing is known of what lies there, and nothing is taken away. */
static int cut_back(struct lines_out *out)
{
	char name[NAME_BYTES];
	int r;

	out->file = 0;
	if (out->fd >= 0)
		close(out->fd);
	out->fd = -1;
	if (out->durable.place.generation == 0)
		return 0;
	r = each_file(out, unlink_if_newer);
	if (r < 0 || out->durable.file == 0)
		return r;
	file_name(name, out->durable.file);
	out->fd = openat(out->directory_fd, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	if (out->fd < 0)
		return errno == ENOENT ? 0 : -errno; /* somebody has taken it: begin another */
	if (ftruncate(out->fd, (off_t)out->durable.bytes) < 0)
		return -errno;
	out->file = out->durable.file;
	out->bytes = out->durable.bytes;
	return 0;
}

static int open_directory(struct lines_out *out, const char *path)
{
	int r;

	if (mkdir(path, 0750) != 0 && errno != EEXIST)
		return -errno;
	out->directory_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (out->directory_fd < 0)
		return -errno;
	r = place_file_read(out->directory_fd, &out->durable);
	return r < 0 ? r : cut_back(out);
}

static int ndjson_open(const struct sink_options *options, void **ret_state,
		       char ret_error[SINK_ERROR_BYTES])
{
	struct lines_out *out;
	char path[PATH_MAX];
	int r;

	if (!options->ndjson.is_enabled)
		return -ECANCELED;
	snprintf(path, sizeof(path), "%s/ndjson", options->directory);
	snprintf(ret_error, SINK_ERROR_BYTES, "out of memory");
	out = calloc(1, sizeof(*out));
	if (!out)
		return -ENOMEM;
	out->options = options->ndjson;
	out->directory_fd = out->fd = -1;
	r = open_directory(out, path);
	if (r < 0) {
		snprintf(ret_error, SINK_ERROR_BYTES,
			 "cannot use %.300s: %s; it must be a directory this user may write, and "
			 "the "
			 "file place in it whole or not there",
			 path, strerror(-r));
		ndjson_close(out);
		return r;
	}
	*ret_state = out;
	return 0;
}

static int ndjson_place(void *state, struct sink_place *ret_place)
{
	struct lines_out *out = state;

	*ret_place = out->durable.place;
	return 0;
}

static int begin_file(struct lines_out *out)
{
	uint64_t number = clock_realtime_ns() / NS_PER_MS;
	char name[NAME_BYTES];

	if (number <= out->durable.file)
		number = out->durable.file + 1; /* the clock was set back */
	file_name(name, number);
	out->fd = openat(out->directory_fd, name,
			 O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (out->fd < 0)
		return -errno;
	out->file = number;
	out->bytes = 0;
	return fsync(out->directory_fd) < 0 ? -errno : 0;
}

static int write_buffer(struct lines_out *out)
{
	size_t done = 0;
	int r = 0;

	if (out->buffer.length > 0 && out->fd < 0)
		r = begin_file(out);
	while (r == 0 && done < out->buffer.length) {
		ssize_t written = pwrite(out->fd, out->buffer.at + done, out->buffer.length - done,
					 (off_t)out->bytes);

		if (written <= 0)
			return written < 0 ? -errno : -ENOSPC;
		done += (size_t)written;
		out->bytes += (uint64_t)written;
	}
	if (r == 0)
		out->buffer.length = 0;
	return r;
}

static int ndjson_write(void *state, const struct sink_item *item)
{
	struct lines_out *out = state;
	struct render_source source = { .header = item->header, .sensor = item->sensor };
	int r = out->options.is_ocsf ? render_ocsf(&out->buffer, &source, item->record)
				     : render_json(&out->buffer, &source, item->record);

	return r == 0 && out->buffer.length >= BUFFER_BYTES ? write_buffer(out) : r;
}

static bool is_due(const struct lines_out *out)
{
	uint64_t now_ms = clock_realtime_ns() / NS_PER_MS;

	return out->fd >= 0 && (out->bytes >= out->options.rotate_bytes ||
				now_ms - out->file >= (uint64_t)out->options.rotate_s * 1000);
}

static int note_file(struct lines_out *out, uint64_t number)
{
	out->found++;
	if (out->oldest == 0 || number < out->oldest)
		out->oldest = number;
	return 0;
}

/* The oldest go, one by one, until no more are there than are to be kept. */
static int drop_old(struct lines_out *out)
{
	int r;

	do {
		out->found = 0;
		out->oldest = 0;
		r = each_file(out, note_file);
		if (r < 0 || out->found <= out->options.files_max)
			return r;
		r = unlink_file(out, out->oldest);
	} while (r == 0);
	return r;
}

static int ndjson_flush(void *state, const struct sink_place *place)
{
	struct lines_out *out = state;
	struct place_file next = { .place = *place };
	int r = write_buffer(out);

	if (r == 0 && out->fd >= 0 && fdatasync(out->fd) < 0)
		r = -errno;
	next.file = out->file > 0 ? out->file : out->durable.file;
	next.bytes = out->file > 0 ? out->bytes : out->durable.bytes;
	if (r == 0)
		r = place_file_write(out->directory_fd, &next);
	if (r < 0)
		return r;
	out->durable = next;
	if (!is_due(out))
		return 0;
	close(out->fd);
	out->fd = -1;
	return out->options.files_max > 0 ? drop_old(out) : 0;
}

static void ndjson_discard(void *state)
{
	struct lines_out *out = state;

	out->buffer.length = 0;
	cut_back(out);
}

const struct sink ndjson_sink = {
	.name = "ndjson",
	.open = ndjson_open,
	.place = ndjson_place,
	.write = ndjson_write,
	.flush = ndjson_flush,
	.discard = ndjson_discard,
	.close = ndjson_close,
};
