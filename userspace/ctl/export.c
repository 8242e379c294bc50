/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/export.h"

#include "common/cleanup.h"
#include "common/segment.h"
#include "telemetry/batch_codec.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SUFFIX ".seg"
#define SEGMENT_FILE_BYTES_MAX (64u << 20)
#define NAME_BYTES 64

struct exporting {
	int spool;
	int output;
	char lane;
	struct export_result result;
	char *error;
};

__attribute__((format(printf, 3, 4))) static int explain(struct exporting *exporting, int r,
							 const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(exporting->error, EXPORT_ERROR_BYTES, format, arguments);
	va_end(arguments);
	return r;
}

static int write_all(int fd, const uint8_t *bytes, size_t size)
{
	while (size > 0) {
		ssize_t written = write(fd, bytes, size);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -errno;
		bytes += written;
		size -= (size_t)written;
	}
	return 0;
}

/* It may hold what people typed: readable by whoever asked for it alone. */
static int write_file(struct exporting *exporting, uint64_t seq, const uint8_t *raw, size_t size)
{
	char name[NAME_BYTES];
	_cleanup_close_ int fd = -1;
	int r;

	snprintf(name, sizeof(name), "%c-%016" PRIx64 ".pb", exporting->lane, seq);
	fd = openat(exporting->output, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	r = fd < 0 ? -errno : write_all(fd, raw, size);
	if (r < 0)
		return explain(exporting, r, "cannot write %s: %s", name, strerror(-r));
	exporting->result.batches++;
	return 0;
}

static int export_record(struct exporting *exporting, const struct segment_record *record)
{
	_cleanup_free_ uint8_t *raw = NULL;
	size_t size = 0;
	int r = -EBADMSG;

	if (record->type == SEGMENT_BATCH)
		r = batch_inflate(record->payload, record->payload_size, &raw, &size);
	if (r == -ENOMEM)
		return explain(exporting, r, "out of memory");
	if (r == 0)
		return write_file(exporting, record->seq, raw, size);
	exporting->result.damaged++;
	return 0;
}

static int export_records(struct exporting *exporting, const uint8_t *bytes, size_t size)
{
	size_t at = SEGMENT_HEADER_BYTES;
	int r = 0;

	while (r == 0 && at < size) {
		struct segment_record record;
		long length = segment_record_read(bytes + at, size - at, &record);

		if (length > 0) {
			r = export_record(exporting, &record);
			at += (size_t)length;
		} else {
			exporting->result.damaged++;
			at += segment_resync(bytes + at, size - at);
		}
	}
	return r;
}

static int read_file(int directory, const char *name, uint8_t **ret_bytes, size_t *ret_size)
{
	_cleanup_close_ int fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
	_cleanup_free_ uint8_t *bytes = NULL;
	struct stat status;
	size_t size = 0;
	ssize_t got = 1;

	if (fd < 0 || fstat(fd, &status) < 0)
		return -errno;
	if (status.st_size > SEGMENT_FILE_BYTES_MAX)
		return -EFBIG;
	bytes = malloc((size_t)status.st_size + 1);
	if (!bytes)
		return -ENOMEM;
	while (got > 0 && size < (size_t)status.st_size) {
		got = read(fd, bytes + size, (size_t)status.st_size - size);
		size += got > 0 ? (size_t)got : 0;
	}
	if (got < 0)
		return -errno;
	*ret_bytes = bytes;
	*ret_size = size;
	bytes = NULL;
	return 0;
}

static int export_segment(struct exporting *exporting, const char *name)
{
	_cleanup_free_ uint8_t *bytes = NULL;
	struct segment_header header;
	size_t size = 0;
	int r = read_file(exporting->spool, name, &bytes, &size);

	if (r < 0)
		return explain(exporting, r, "cannot read %s: %s", name, strerror(-r));
	if (segment_header_read(bytes, size, &header) < 0) {
		exporting->result.damaged++;
		return 0;
	}
	exporting->lane = (char)('a' + header.lane % 26);
	return export_records(exporting, bytes, size);
}

static int is_segment(const struct dirent *item)
{
	size_t length = strlen(item->d_name);

	return length > strlen(SUFFIX) &&
	       strcmp(item->d_name + length - strlen(SUFFIX), SUFFIX) == 0;
}

static int export_segments(struct exporting *exporting, const char *spool)
{
	struct dirent **items = NULL;
	int count = scandir(spool, &items, is_segment, alphasort);
	int r = count < 0 ? explain(exporting, -errno, "cannot list %s: %s", spool, strerror(errno))
			  : 0;

	for (int i = 0; i < count; i++) {
		if (r == 0)
			r = export_segment(exporting, items[i]->d_name);
		free(items[i]);
	}
	free(items);
	return r;
}

int export_spool(const char *spool, const char *output, struct export_result *ret_result,
		 char ret_error[EXPORT_ERROR_BYTES])
{
	_cleanup_close_ int from = open(spool, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_close_ int to = -1;
	struct exporting exporting = { .spool = from, .error = ret_error };
	int r;

	if (from < 0)
		return explain(&exporting, -errno, "cannot open %s: %s", spool, strerror(errno));
	to = open(output, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (to < 0)
		return explain(&exporting, -errno, "cannot open %s: %s; it must exist", output,
			       strerror(errno));
	exporting.output = to;
	r = export_segments(&exporting, spool);
	*ret_result = exporting.result;
	return r;
}
