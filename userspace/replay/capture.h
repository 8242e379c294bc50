/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packets out of a capture file: pcap as libpcap reads it, pcapng (pcapng.h), gzip of either
 * through zlib. What is readable of a cut file comes first, its error last.
 */
#ifndef YAGURA_REPLAY_CAPTURE_H
#define YAGURA_REPLAY_CAPTURE_H

#include "common/cursor.h"

#include <stdint.h>

#define CAPTURE_ERROR_BYTES 512

struct capture;

struct capture_packet {
	uint64_t time_ns; /* UTC */
	int link_type; /* a LINKTYPE_ or DLT_ number: those that are known here agree */
	struct cursor bytes; /* valid until the next call */
};

/* Opens `path`, "-" being standard input. 0, or -errno (-EBADMSG: not a capture file) with a text
 * for people in `ret_error`. */
int capture_open(const char *path, struct capture **ret_capture,
		 char ret_error[CAPTURE_ERROR_BYTES]);
/* Takes NULL. */
void capture_close(struct capture *capture);

/* 1 with a packet, 0 at the end, -EBADMSG when the file ends in the middle or is damaged, -ENOMEM.
 */
int capture_next(struct capture *capture, struct capture_packet *ret_packet,
		 char ret_error[CAPTURE_ERROR_BYTES]);

#endif
