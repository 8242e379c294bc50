/* SPDX-License-Identifier: Apache-2.0 */
/* What the collector says: the bodies of its frames (proto/transport.proto). */
#ifndef YAGURA_COLLECTOR_ANSWER_H
#define YAGURA_COLLECTOR_ANSWER_H

#include "collector/verify/verify.h"

#define ANSWER_BYTES_MAX 256

/* All: the length written. */
size_t answer_hello(uint8_t ret_body[ANSWER_BYTES_MAX], const uint64_t next_seq[VERIFY_LANES],
		    uint64_t window_bytes);
size_t answer_ack(uint8_t ret_body[ANSWER_BYTES_MAX], uint32_t lane, uint64_t seq);
size_t answer_failure(uint8_t ret_body[ANSWER_BYTES_MAX], const struct verify_failure *failure);

#endif
