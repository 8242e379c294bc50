/* SPDX-License-Identifier: Apache-2.0 */
/* Who is at the other end of a connection, and what role that gives. */
#ifndef YAGURA_CONTROL_PEER_H
#define YAGURA_CONTROL_PEER_H

#include "sensor/control/control.h"

#include <sys/types.h>

#define PEER_GROUPS_MAX 1024

struct peer {
	uid_t uid;
	gid_t groups[PEER_GROUPS_MAX]; /* the primary one among them */
	int group_count;
};

#define PEER_NO_GROUP ((gid_t)-1)

/* Group ids behind the configured names; PEER_NO_GROUP where there is none. */
struct peer_policy {
	uid_t own_uid; /* of the daemon */
	gid_t viewer_gid;
	gid_t operator_gid;
	gid_t admin_gid;
};

/* Asks the kernel who connected, and the user database for the groups of that user. A process that
 * the database does not know has the group it connected with and no other. 0 or -errno. */
int peer_identify(int fd, struct peer *ret_peer);
/* Looks the groups up anew: they may be made while the daemon runs. */
void peer_policy_read(const struct control_options *options, struct peer_policy *ret_policy);
/* The highest role any of the groups gives. Pure. */
enum control_role peer_role(const struct peer_policy *policy, const struct peer *peer);

/* "nobody", "viewer", "operator", "admin". */
const char *control_role_name(enum control_role role);

#endif
