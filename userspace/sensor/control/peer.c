/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/control/peer.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Room for one line of the user or group database; a group of some thousand members fits. */
#define DATABASE_BYTES 65536

static void read_groups(const struct ucred *credentials, struct peer *peer)
{
	static char text[DATABASE_BYTES]; /* one event loop, one caller */
	struct passwd entry;
	struct passwd *found = NULL;
	int count = PEER_GROUPS_MAX;

	peer->groups[0] = credentials->gid;
	peer->group_count = 1;
	if (getpwuid_r(credentials->uid, &entry, text, sizeof(text), &found) != 0 || !found)
		return;
	/* Beyond PEER_GROUPS_MAX the rest is left out: fewer groups give fewer rights. */
	if (getgrouplist(found->pw_name, credentials->gid, peer->groups, &count) < 0)
		count = PEER_GROUPS_MAX;
	peer->group_count = count;
}

int peer_identify(int fd, struct peer *ret_peer)
{
	struct ucred credentials;
	socklen_t size = sizeof(credentials);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) < 0)
		return -errno;
	ret_peer->uid = credentials.uid;
	read_groups(&credentials, ret_peer);
	return 0;
}

static gid_t group_id(const char *name)
{
	static char text[DATABASE_BYTES];
	struct group entry;
	struct group *found = NULL;

	if (!name || name[0] == '\0')
		return PEER_NO_GROUP;
	if (getgrnam_r(name, &entry, text, sizeof(text), &found) != 0 || !found)
		return PEER_NO_GROUP;
	return found->gr_gid;
}

void peer_policy_read(const struct control_options *options, struct peer_policy *ret_policy)
{
	*ret_policy = (struct peer_policy){
		.own_uid = geteuid(),
		.viewer_gid = group_id(options->viewer_group),
		.operator_gid = group_id(options->operator_group),
		.admin_gid = group_id(options->admin_group),
	};
}

static bool is_member(const struct peer *peer, gid_t group)
{
	if (group == PEER_NO_GROUP)
		return false;
	for (int i = 0; i < peer->group_count; i++)
		if (peer->groups[i] == group)
			return true;
	return false;
}

enum control_role peer_role(const struct peer_policy *policy, const struct peer *peer)
{
	if (peer->uid == 0 || peer->uid == policy->own_uid || is_member(peer, policy->admin_gid))
		return CONTROL_ADMIN;
	if (is_member(peer, policy->operator_gid))
		return CONTROL_OPERATOR;
	if (is_member(peer, policy->viewer_gid))
		return CONTROL_VIEWER;
	return CONTROL_NOBODY;
}

const char *control_role_name(enum control_role role)
{
	static const char *const names[] = {
		[CONTROL_NOBODY] = "nobody",
		[CONTROL_VIEWER] = "viewer",
		[CONTROL_OPERATOR] = "operator",
		[CONTROL_ADMIN] = "admin",
	};

	return (size_t)role < sizeof(names) / sizeof(*names) ? names[role] : "?";
}
