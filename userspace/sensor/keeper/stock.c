/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/keeper/stock.h"

#include "common/log.h"
#include "sensor/keeper/net_namespaces.h"
#include "sensor/keeper/probe_table.h"

#include <string.h>

static int list_unheld(void *context)
{
	return loader_iterate(context, PROBE_TCP_UNHELD);
}

/* This one sees a single network namespace; a file is found wherever its socket is. */
static int list(struct loader *loader, const char *probe)
{
	return strcmp(probe, PROBE_TCP_UNHELD) == 0 ? net_namespaces_visit(list_unheld, loader)
						    : loader_iterate(loader, probe);
}

void stock_take(struct loader *loader)
{
	static const struct {
		const char *probe;
		const char *what;
	} stock[] = {
		{ PROBE_PROCESS_SNAPSHOT, "processes" },
		{ PROBE_TCP_HELD, "TCP connections of processes" },
		{ PROBE_TCP_UNHELD, "TCP connections of nobody" },
		{ PROBE_DATAGRAM_HELD, "sockets for datagrams" },
	};

	for (size_t i = 0; i < sizeof(stock) / sizeof(*stock); i++) {
		int r = list(loader, stock[i].probe);

		if (r < 0)
			log_warn("keeper", "%s that are there already stay unknown: %s",
				 stock[i].what, strerror(-r));
	}
}
