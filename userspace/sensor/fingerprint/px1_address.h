/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses among the values of a px1 shape (proto/PX1.md, c.2). Pure. */
#ifndef YAGURA_FINGERPRINT_PX1_ADDRESS_H
#define YAGURA_FINGERPRINT_PX1_ADDRESS_H

#include "common/cursor.h"

/* IPv4, IPv6 or MAC, with port, prefix length or zone. */
bool px1_is_address(struct cursor value);

#endif
