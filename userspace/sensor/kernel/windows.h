/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file of the kernel's (ring, array) in a place of its own in this process's addresses, of which
 * only those parts are mapped that were asked for. All that is mapped of such a file is resident,
 * used or not, and mapping it costs more than reading it: so parts stay until somebody says that
 * they are not in use.
 */
#ifndef YAGURA_KERNEL_WINDOWS_H
#define YAGURA_KERNEL_WINDOWS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define WINDOW_BYTES ((size_t)128 * 1024)

struct windows {
	int fd;
	int protection;
	off_t offset; /* of the file's part, in it */
	size_t bytes; /* of that part */
	uint8_t *at; /* where byte 0 of it is, or would be */
	uint8_t *is_mapped; /* one each */
	size_t mapped; /* of them */
	int error; /* the place is not ours any more */
};

/* `bytes` from `offset` on of `fd`, which stays the caller's, and open as long as the windows are;
 * both whole pages. Nothing is mapped yet. 0 or -errno. */
int windows_open(struct windows *windows, int fd, off_t offset, size_t bytes, int protection);
/* Also what was never opened, but is all zero. */
void windows_close(struct windows *windows);

/* Has `size` bytes from `at` on mapped, all within the part: they are at windows->at + at until
 * windows_give_back(). 0 or -errno. */
int windows_map(struct windows *windows, size_t at, size_t size);
/* How much is mapped. */
size_t windows_mapped_bytes(const struct windows *windows);
/* Unmaps everything. */
void windows_give_back(struct windows *windows);

#endif
