/* SPDX-License-Identifier: Apache-2.0 */
/* The spool's batches as any protobuf reader takes them, without a daemon: what leaves this host is
 * anybody's to look at who may read the spool. */
#ifndef YAGURA_CTL_EXPORT_H
#define YAGURA_CTL_EXPORT_H

#include <stddef.h>

#define EXPORT_ERROR_BYTES 512

struct export_result {
	size_t batches; /* written */
	size_t damaged; /* stretches and batches that could not be read */
};

/* Writes each batch of the segment files in `spool` as a file LANE-NUMBER.pb, one serialized
 * yagura.telemetry.Batch, into the existing directory `output`. 0, or -errno with a line in
 * ret_error. */
int export_spool(const char *spool, const char *output, struct export_result *ret_result,
		 char ret_error[EXPORT_ERROR_BYTES]);

#endif
