/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel's own integrity measurement (IMA) found of a program when it was executed. */
#ifndef YAGURA_KEEPER_MEASURED_H
#define YAGURA_KEEPER_MEASURED_H

#include "sensor/keeper/requests.h"

struct bpf_object;

/* The map of a loaded object that holds the digests, which keeps it; -1 when it has none. */
int measured_map_of(const struct bpf_object *object);

/* All zero where nothing has measured the file. */
struct keeper_digest measured_find(int map_fd, const struct hash_identity *identity);

#endif
