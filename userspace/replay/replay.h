/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole way of a capture file, on one screen: capture → unwrap → track → first bytes → record
 * → format. Files are apart: no flow and no name goes from one to the next.
 */
#ifndef YAGURA_REPLAY_REPLAY_H
#define YAGURA_REPLAY_REPLAY_H

#include "replay/capture.h"
#include "replay/format.h"
#include "replay/watch.h"

struct replay;

/* NULL without memory. `out` stays the caller's. */
struct replay *replay_new(const struct format *format, FILE *out);
void replay_free(struct replay *replay);
/* Has another than lookout.c look at flows; before the first file. It stays the caller's. */
void replay_watch_by(struct replay *replay, const struct watcher *watcher);

/* Other bounds than the usual on what is kept of flows; before the first file. */
void replay_bound_by(struct replay *replay, const struct flow_table_options *bounds);

/* Reads one file to its end, or as far as it goes; its flows are written. 0, or -errno with a text
 * for people. */
int replay_file(struct replay *replay, const char *path, char ret_error[CAPTURE_ERROR_BYTES]);
/* The same for frames in memory: what a fuzzer has. */
int replay_begin(struct replay *replay);
int replay_frame(struct replay *replay, const struct capture_packet *frame);
/* And for one that somebody else has unwrapped. */
int replay_packet(struct replay *replay, const struct packet *packet);
int replay_end(struct replay *replay);
/* After the last file. 0 or -ENOMEM. */
int replay_finish(struct replay *replay);

/* What was read, of all files that ended. */
const struct replay_totals *replay_totals(const struct replay *replay);

#endif
