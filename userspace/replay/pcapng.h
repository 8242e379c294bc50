/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packets out of a pcapng file, draft-ietf-opsawg-pcapng. libpcap refuses one whose interfaces
 * differ in link type or snapshot length, and sections in another byte order than the first;
 * Wireshark writes and joins such files. Private to capture.c.
 */
#ifndef YAGURA_REPLAY_PCAPNG_H
#define YAGURA_REPLAY_PCAPNG_H

#include "replay/capture.h"

#include <stdio.h>

/* Of a Section Header Block's type, which is the same in either byte order. */
#define PCAPNG_FIRST_BYTE 0x0a

struct pcapng;

/* Takes over `file` unless it is NULL without memory. */
struct pcapng *pcapng_new(FILE *file);
/* Takes NULL. */
void pcapng_free(struct pcapng *pcapng);

/* 1 with a packet, valid until the next call; 0 at the end; -EBADMSG or -ENOMEM with *ret_why. */
int pcapng_next(struct pcapng *pcapng, struct capture_packet *ret_packet, const char **ret_why);

#endif
