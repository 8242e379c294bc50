/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stands in for fingerprint/ where a test asks what flow/ gives it: linked before the sensor's
 * library, it takes the place of all of fingerprint.h. Every protocol but QUIC is 'M', a length of
 * two bytes, and so many bytes, which become MARK_SERVER_NAME. A session claims to keep all of
 * them.
 */
#ifndef YAGURA_SUPPORT_FAKE_PARSER_H
#define YAGURA_SUPPORT_FAKE_PARSER_H

#include "sensor/fingerprint/fingerprint.h"

struct fake_parser_calls {
	unsigned int parses;
	size_t bytes; /* given to all of them */
	unsigned int sessions; /* not freed yet */
	unsigned int clears; /* of sessions, for another flow */
	unsigned int finishes;
	unsigned int syns;
};

/* What was called since the last reset. */
struct fake_parser_calls fake_parser_calls(void);
void fake_parser_reset(void);

#endif
