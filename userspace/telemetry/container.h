/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The container that a control group belongs to, told by the names which runtimes give their
 * groups. Pure. The outermost one counts: what lies below it is named by whoever runs inside, and
 * could say anything.
 */
#ifndef YAGURA_TELEMETRY_CONTAINER_H
#define YAGURA_TELEMETRY_CONTAINER_H

#include "telemetry/record.h"

#define CONTAINER_ID_DIGITS 64
#define CONTAINER_POD_UID_BYTES 37

struct container {
	const char *runtime; /* "docker", "containerd" …; NULL: the name does not tell */
	struct text id; /* points into the path: 64 hex digits, or a machine's name */
	char pod_uid[CONTAINER_POD_UID_BYTES]; /* of Kubernetes, with dashes; "" without a pod */
};

/* False when the path names no container, or was cut and may lack the name that counts. */
bool container_of(struct text cgroup, struct container *ret_container);

#endif
