/* SPDX-License-Identifier: Apache-2.0 */
#include "replay/watch.h"

#include "replay/lookout.h"

#include <errno.h>

static int watch_syn(void *context, const struct watch *watch, const struct packet *packet,
		     const struct segment *segment)
{
	const struct fingerprint_syn syn = {
		.ip_version = packet->is_ipv6 ? 6 : 4,
		.ttl = packet->ttl,
		.is_id_zero = packet->is_id_zero,
		.dont_fragment = packet->dont_fragment,
		.ip_options_bytes = packet->ip_options_bytes,
		.window = segment->window,
		.flags = segment->flags,
		.has_payload = segment->payload_bytes > 0,
		.options = segment->options,
	};

	(void)context;
	flow_table_syn(watch->table, &watch->key, &syn);
	return 0;
}

static int watch_data(void *context, const struct watch *watch, const struct track_data *data,
		      bool *ret_told)
{
	(void)context;
	if (!*watch->own)
		*watch->own = lookout_new(watch->table, watch->early_room);
	if (!*watch->own)
		return -ENOMEM;
	*ret_told = lookout_data(*watch->own, &watch->key, watch->flow->tuple.protocol, data);
	return 0;
}

static void watch_again(void *context, const struct watch *watch, const struct track_data *data)
{
	(void)context;
	if (*watch->own)
		lookout_again(*watch->own, &watch->key, data);
}

static int watch_finish(void *context, const struct watch *watch)
{
	(void)context;
	if (*watch->own)
		lookout_finish(*watch->own);
	return 0;
}

static void watch_forget(void *own)
{
	lookout_free(own);
}

const struct watcher lookout_watcher = {
	.syn = watch_syn,
	.data = watch_data,
	.again = watch_again,
	.finish = watch_finish,
	.forget = watch_forget,
};
