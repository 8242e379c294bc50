/* SPDX-License-Identifier: Apache-2.0 */
/* Opens the TCP connection below a bufferevent, resolving the collector's name without blocking. */
#ifndef YAGURA_SHIP_RESOLVER_H
#define YAGURA_SHIP_RESOLVER_H

#include "sensor/ship/address.h"

struct bufferevent;
struct event_base;
struct evdns_base;

/* Starts connecting `bev` to `address`. *dns is made at the first need (a numeric address has none)
 * and stays the caller's; resolv.conf and hosts are read anew each time, as they change while the
 * sensor runs. 0 or -errno. */
int resolver_connect(struct event_base *base, struct evdns_base **dns, struct bufferevent *bev,
		     const struct address *address);

#endif
