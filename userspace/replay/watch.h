/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who looks at what the tracker finds of a flow, and tells the flow table: lookout.c or, where the
 * two are compared, the kernel's own programs in its place.
 */
#ifndef YAGURA_REPLAY_WATCH_H
#define YAGURA_REPLAY_WATCH_H

#include "replay/track.h"
#include "sensor/flow/flow_table.h"

/* One flow, as a watcher is shown it. */
struct watch {
	struct flow_table *table;
	struct flow_key key;
	struct track_flow *flow;
	void **own; /* the watcher's own of this flow, NULL at first */
	int64_t *early_room; /* bytes that all flows may still keep of early segments */
};

/* What may fail says 0 or -ENOMEM. */
struct watcher {
	/* The first segment of a connection, or the first answer to it. */
	int (*syn)(void *context, const struct watch *watch, const struct packet *packet,
		   const struct segment *segment);
	/* A piece of payload. True in *ret_told when the table was told something. */
	int (*data)(void *context, const struct watch *watch, const struct track_data *data,
		    bool *ret_told);
	/* A piece of a stream that has come before. NULL: of no interest. */
	void (*again)(void *context, const struct watch *watch, const struct track_data *data);
	/* No more will come: tells the table the rest. Called for every flow, once. */
	int (*finish)(void *context, const struct watch *watch);
	/* Takes what *own was. */
	void (*forget)(void *own);
	void *context;
};

/* By lookout.c. */
extern const struct watcher lookout_watcher;

#endif
