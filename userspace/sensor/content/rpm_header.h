/* SPDX-License-Identifier: Apache-2.0 */
/* The header of a package as rpm keeps it in its database: the files it brought. Pure. */
#ifndef YAGURA_CONTENT_RPM_HEADER_H
#define YAGURA_CONTENT_RPM_HEADER_H

#include "telemetry/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Absolute path, and the digits of its digest; empty: the package does not say. */
typedef void (*rpm_file_fn)(void *context, struct text path, struct text digest);

/* Tells of each file that is there as the package brought it. False when the bytes make no sense or
 * memory lacks, at whatever file that shows. */
bool rpm_header_files(const uint8_t *bytes, size_t size, rpm_file_fn each, void *context);

#endif
