/* SPDX-License-Identifier: Apache-2.0 */
/* Equal byte strings get one number: 1, 2, 3 … in the order they first came, as the reference
 * columns of telemetry.proto want it. Private to telemetry/. */
#ifndef YAGURA_TELEMETRY_INTERN_H
#define YAGURA_TELEMETRY_INTERN_H

#include <stddef.h>
#include <stdint.h>

struct intern_entry;

/* Zeroed: empty. */
struct intern {
	struct intern_entry *entries;
	uint32_t count;
};

/* 1 when `bytes` are new (and were copied), 0 when they were known, -ENOMEM. */
int intern_add(struct intern *intern, const void *bytes, size_t length, uint32_t *ret_reference);
void intern_clear(struct intern *intern);

/* The entries from reference 1 on; NULL for none and after the last. */
struct intern_entry *intern_first(const struct intern *intern);
struct intern_entry *intern_next(const struct intern_entry *entry);
/* The entry's bytes, which live until intern_clear. Not const only because protobuf-c's
 * ProtobufCBinaryData is not. */
uint8_t *intern_bytes(struct intern_entry *entry, size_t *ret_length);

#endif
