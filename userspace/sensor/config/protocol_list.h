/* SPDX-License-Identifier: Apache-2.0 */
/* The protocols whose first bytes are looked at, as [first_bytes] names them. */
#ifndef YAGURA_CONFIG_PROTOCOL_LIST_H
#define YAGURA_CONFIG_PROTOCOL_LIST_H

#include <stdint.h>

/* "tls dns": *ret_protocols has a bit for each, by its number in sensor/fingerprint/fingerprint.h.
 * 0, or -EINVAL with what may stand there instead. */
int protocol_list_parse(const char *value, uint32_t *ret_protocols, const char **ret_wanted);

#endif
