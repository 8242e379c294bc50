/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which records somebody wants to see, as the arguments of a command say: every one that is given
 * must hold. Pure; texts of the filter are borrowed from whoever made it.
 */
#ifndef YAGURA_CONTROL_RECORD_FILTER_H
#define YAGURA_CONTROL_RECORD_FILTER_H

#include "telemetry/record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RECORD_FILTER_TEXT_BYTES 256

/* All zero lets everything through. */
struct record_filter {
	uint32_t classes; /* bit n: enum record_class n; 0: all */
	uint32_t pid; /* 0: any */
	bool has_uid;
	uint32_t uid;
	bool has_network;
	uint8_t network[16]; /* as in struct record_endpoint */
	uint8_t network_bits;
	uint16_t port; /* of either end; 0: any */
	char executable[RECORD_FILTER_TEXT_BYTES]; /* fnmatch(3); "": any */
	char mark[RECORD_FILTER_TEXT_BYTES]; /* fnmatch(3) over the values of a flow's marks and the
					      * name of its destination; "": any */
};

/* The arguments there are, in order; NULL behind the last. */
const char *record_filter_argument(size_t index);
/* One argument: "class" (names with commas between), "pid", "uid", "address" (an address or a
 * network), "port", "executable", "mark". 0, or -EINVAL: *ret_wanted says what it takes. */
int record_filter_set(struct record_filter *filter, const char *name, const char *value,
		      const char **ret_wanted);
bool record_filter_takes(const struct record_filter *filter, const struct record *record);

#endif
