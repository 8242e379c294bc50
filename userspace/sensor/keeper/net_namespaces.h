/* SPDX-License-Identifier: Apache-2.0 */
/* The network namespaces of this host, containers' among them. */
#ifndef YAGURA_KEEPER_NET_NAMESPACES_H
#define YAGURA_KEEPER_NET_NAMESPACES_H

/* More are not visited: each costs a walk over the kernel's table of connections. */
#define NET_NAMESPACES_MAX 1024

/* Calls `visit` in each namespace that a process is in, its own first, or that is mounted somewhere
 * (see ip-netns(8)) where this process or init sees it, and comes back to its own.
 * The first error of `visit`, or -errno when it cannot find its own namespace again; one that has
 * gone, or may not be entered, is left out. */
int net_namespaces_visit(int (*visit)(void *context), void *context);

#endif
