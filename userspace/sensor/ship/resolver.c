/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/ship/resolver.h"

#include <errno.h>
#include <event2/bufferevent.h>
#include <event2/dns.h>

static int refresh(struct event_base *base, struct evdns_base **dns)
{
	if (!*dns)
		*dns = evdns_base_new(base, EVDNS_BASE_DISABLE_WHEN_INACTIVE);
	if (!*dns)
		return -ENOMEM;
	evdns_base_clear_host_addresses(*dns);
	evdns_base_clear_nameservers_and_suspend(*dns);
	/* Without the file it falls back to a server on this host, as the C library does. */
	evdns_base_resolv_conf_parse(*dns, DNS_OPTIONS_ALL, "/etc/resolv.conf");
	evdns_base_resume(*dns);
	return 0;
}

int resolver_connect(struct event_base *base, struct evdns_base **dns, struct bufferevent *bev,
		     const struct address *address)
{
	struct sockaddr_storage numeric = address->numeric;
	int r;

	if (address->is_numeric)
		return bufferevent_socket_connect(bev, (struct sockaddr *)&numeric,
						  address->numeric_size) == 0
			       ? 0
			       : -ECONNREFUSED;
	r = refresh(base, dns);
	if (r < 0)
		return r;
	return bufferevent_socket_connect_hostname(bev, *dns, AF_UNSPEC, address->host,
						   address->port) == 0
		       ? 0
		       : -EHOSTUNREACH;
}
