/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/sinks/place_file.h"

#include "common/cleanup.h"
#include "common/crc32c.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#define NAME "place"
#define NEW_NAME "place.new"
#define TEXT_BYTES 160

static size_t format(char ret_text[TEXT_BYTES], const struct place_file *place)
{
	int length =
		snprintf(ret_text, TEXT_BYTES,
			 "yagura-place 1 %016" PRIx64 " %" PRIu64 " %016" PRIx64 " %" PRIu64,
			 place->place.generation, place->place.position, place->file, place->bytes);
	uint32_t crc = crc32c(0, (const uint8_t *)ret_text, (size_t)length);

	return (size_t)length + (size_t)snprintf(ret_text + length, TEXT_BYTES - (size_t)length,
						 " %08" PRIx32 "\n", crc);
}

/* What it says must be what would be written for that. */
static int parse(const char *text, size_t size, struct place_file *ret_place)
{
	struct place_file place = { 0 };
	char again[TEXT_BYTES];

	if (sscanf(text, "yagura-place 1 %" SCNx64 " %" SCNu64 " %" SCNx64 " %" SCNu64,
		   &place.place.generation, &place.place.position, &place.file, &place.bytes) != 4)
		return -EBADMSG;
	if (format(again, &place) != size || memcmp(again, text, size) != 0)
		return -EBADMSG;
	*ret_place = place;
	return 0;
}

int place_file_read(int directory_fd, struct place_file *ret_place)
{
	_cleanup_close_ int fd = openat(directory_fd, NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	char text[TEXT_BYTES];
	ssize_t size;

	*ret_place = (struct place_file){ 0 };
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	size = read(fd, text, sizeof(text) - 1);
	if (size < 0)
		return -errno;
	text[size] = '\0';
	return parse(text, (size_t)size, ret_place);
}

int place_file_write(int directory_fd, const struct place_file *place)
{
	_cleanup_close_ int fd =
		openat(directory_fd, NEW_NAME,
		       O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	char text[TEXT_BYTES];
	size_t size = format(text, place);
	ssize_t written;

	if (fd < 0)
		return -errno;
	written = write(fd, text, size);
	if (written != (ssize_t)size)
		return written < 0 ? -errno : -ENOSPC;
	if (fdatasync(fd) < 0 || renameat(directory_fd, NEW_NAME, directory_fd, NAME) < 0 ||
	    fsync(directory_fd) < 0)
		return -errno;
	return 0;
}
