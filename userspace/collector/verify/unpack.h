/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames as protobuf-c unpacks them, within a budget: two bytes of an empty repeated message cost
 * tens of bytes of heap, so that an unbounded unpacker lets 5 MiB grow to hundreds.
 */
#ifndef YAGURA_COLLECTOR_UNPACK_H
#define YAGURA_COLLECTOR_UNPACK_H

#include "proto/transport.pb-c.h"

/* NULL when the bytes are no Frame or unpacking them costs too much. */
Yagura__Transport__Frame *unpack_frame(const uint8_t *body, size_t size);
/* Takes NULL. */
void unpack_free(Yagura__Transport__Frame *frame);

#endif
