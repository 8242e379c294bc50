/* SPDX-License-Identifier: Apache-2.0 */
#include "replay/replay.h"

#include "replay/report.h"

#include <errno.h>
#include <stdlib.h>

#define FLOWS_MAX (256u << 10)
#define PENDING_BYTES_MAX (128u << 20)
#define MARKS_BYTES_MAX_OF_ALL (512u << 20)
#define EARLY_BYTES_MAX (64 << 20)
#define NAMES_MAX (64u << 10)

/* What is kept of one flow beside its tracking. */
struct observed {
	void *watched; /* the watcher's own */
	bool is_told; /* the table was told something of it */
	size_t name_bytes;
	char name[]; /* a DNS answer's for the destination, when the flow began */
};

struct replay {
	const struct format *format;
	const struct watcher *watcher;
	struct flow_table_options bounds;
	void *output;
	struct batch_header header; /* no boot: all zero */
	struct replay_totals totals;
	/* Of the file being read. */
	struct unwrap *unwrap;
	struct track *track;
	struct flow_table *table;
	int64_t early_room; /* bytes */
	int error; /* -ENOMEM of a callback */
};

static struct flow_key key_of(const struct replay *replay, const struct track_flow *flow)
{
	return (struct flow_key){ .cookie = flow->start_ns,
				  .index = (uint32_t)(replay->totals.track.flows + flow->number) };
}

static const uint8_t *source_of(const struct track_flow *flow)
{
	return flow->tuple.addr[flow->source_is_second];
}

static struct text name_of(const struct replay *replay, const struct track_flow *flow)
{
	struct name_key key;

	memcpy(key.client, source_of(flow), sizeof(key.client));
	memcpy(key.addr, flow->tuple.addr[!flow->source_is_second], sizeof(key.addr));
	return flow_table_name(replay->table, &key, flow->start_ns);
}

static void flow_begun(void *context, struct track_flow *flow)
{
	struct replay *replay = context;
	struct text name = name_of(replay, flow);
	struct observed *observed = malloc(sizeof(*observed) + name.length);

	if (!observed) {
		replay->error = -ENOMEM;
		return;
	}
	observed->watched = NULL;
	observed->is_told = false;
	observed->name_bytes = name.length;
	if (name.length > 0)
		memcpy(observed->name, name.at, name.length);
	flow->observed = observed;
}

static struct watch watch_of(struct replay *replay, struct track_flow *flow)
{
	struct observed *observed = flow->observed;

	return (struct watch){ .table = replay->table,
			       .key = key_of(replay, flow),
			       .flow = flow,
			       .own = &observed->watched,
			       .early_room = &replay->early_room };
}

static void flow_syn(void *context, struct track_flow *flow, const struct packet *packet,
		     const struct segment *segment)
{
	struct replay *replay = context;
	struct watch watch;
	int r;

	if (!flow->observed)
		return;
	watch = watch_of(replay, flow);
	r = replay->watcher->syn(replay->watcher->context, &watch, packet, segment);
	if (r < 0)
		replay->error = r;
}

static void flow_data(void *context, struct track_flow *flow, const struct track_data *data)
{
	struct replay *replay = context;
	const struct marks *marks;
	struct watch watch;
	bool is_told = false;
	int r;

	if (!flow->observed)
		return;
	watch = watch_of(replay, flow);
	r = replay->watcher->data(replay->watcher->context, &watch, data, &is_told);
	if (r < 0)
		replay->error = r;
	if (!is_told)
		return;
	((struct observed *)flow->observed)->is_told = true;
	marks = flow_table_marks(replay->table, &watch.key);
	if (marks && marks_find(marks, MARK_DNS_RESOLVED_IP))
		flow_table_learn_names(replay->table, &watch.key, source_of(flow), flow->last_ns);
}

static void flow_again(void *context, struct track_flow *flow, const struct track_data *data)
{
	struct replay *replay = context;
	struct watch watch;

	if (!flow->observed || !replay->watcher->again)
		return;
	watch = watch_of(replay, flow);
	replay->watcher->again(replay->watcher->context, &watch, data);
}

/* The watcher's last word. */
static void finish_watch(struct replay *replay, struct track_flow *flow)
{
	struct watch watch;
	int r;

	if (!flow->observed)
		return;
	watch = watch_of(replay, flow);
	r = replay->watcher->finish(replay->watcher->context, &watch);
	if (r < 0)
		replay->error = r;
	replay->watcher->forget(*watch.own);
}

/* What the table has learned of the flow. When it has given that up for others, the record says so.
 */
static void add_marks(struct replay *replay, const struct flow_key *key,
		      const struct observed *observed, struct record_flow *record)
{
	static const struct mark given_up = { MARK_TRUNCATED, { "limit", 5 } };
	const struct marks *marks = flow_table_marks(replay->table, key);

	if (marks) {
		record->marks = marks->at;
		record->mark_count = marks->count;
	} else if (observed && observed->is_told) {
		record->marks = &given_up;
		record->mark_count = 1;
	}
}

static void flow_ended(void *context, struct track_flow *flow)
{
	struct replay *replay = context;
	struct observed *observed = flow->observed;
	const struct flow_key key = key_of(replay, flow);
	struct record record = { .class = RECORD_FLOW };
	int r;

	finish_watch(replay, flow);
	flow_table_finish(replay->table, &key);
	report_flow(flow, &record.flow);
	record.flow.index = key.index;
	add_marks(replay, &key, observed, &record.flow);
	if (observed)
		record.flow.destination_name =
			(struct text){ .at = observed->name, .length = observed->name_bytes };
	r = replay->format->flow(replay->output, &replay->header, &record);
	if (r < 0)
		replay->error = r;
	flow_table_end(replay->table, &key);
	free(observed);
}

struct replay *replay_new(const struct format *format, FILE *out)
{
	struct replay *replay = calloc(1, sizeof(*replay));

	if (!replay)
		return NULL;
	replay->format = format;
	replay->watcher = &lookout_watcher;
	replay->bounds = (struct flow_table_options){
		.flows_max = FLOWS_MAX,
		.pending_bytes_max = PENDING_BYTES_MAX,
		.marks_bytes_max = MARKS_BYTES_MAX_OF_ALL,
		.names_max = NAMES_MAX,
	};
	replay->output = format->open(out);
	if (replay->output)
		return replay;
	free(replay);
	return NULL;
}

void replay_watch_by(struct replay *replay, const struct watcher *watcher)
{
	replay->watcher = watcher;
}

void replay_bound_by(struct replay *replay, const struct flow_table_options *bounds)
{
	replay->bounds = *bounds;
}

static void close_file(struct replay *replay)
{
	track_free(replay->track);
	unwrap_free(replay->unwrap);
	flow_table_free(replay->table);
	replay->track = NULL;
	replay->unwrap = NULL;
	replay->table = NULL;
}

void replay_free(struct replay *replay)
{
	if (!replay)
		return;
	replay->format->close(replay->output);
	free(replay);
}

int replay_begin(struct replay *replay)
{
	const struct track_observer observer = { .begun = flow_begun,
						 .syn = flow_syn,
						 .data = flow_data,
						 .again = flow_again,
						 .ended = flow_ended,
						 .context = replay };

	replay->error = 0;
	replay->early_room = EARLY_BYTES_MAX;
	replay->unwrap = unwrap_new();
	replay->track = track_new(FLOWS_MAX, &observer);
	replay->table = flow_table_new(&replay->bounds);
	if (replay->unwrap && replay->track && replay->table)
		return 0;
	close_file(replay);
	return -ENOMEM;
}

int replay_packet(struct replay *replay, const struct packet *packet)
{
	int r = track_packet(replay->track, packet);

	return r < 0 ? r : replay->error;
}

int replay_frame(struct replay *replay, const struct capture_packet *frame)
{
	struct packet packet = { .time_ns = frame->time_ns };
	enum layer first = unwrap_first_layer(frame->link_type);

	replay->totals.bytes += frame->bytes.left;
	if (!unwrap_frame(replay->unwrap, first, &frame->bytes, &packet))
		return 0;
	return replay_packet(replay, &packet);
}

static void add_flow_stats(const struct flow_table *table, struct flow_table_stats *stats)
{
	struct flow_table_stats more;

	flow_table_stats(table, &more);
	stats->evicted_flows += more.evicted_flows;
	stats->pieces += more.pieces;
	stats->messages += more.messages;
	stats->truncated += more.truncated;
	stats->malformed += more.malformed;
}

int replay_end(struct replay *replay)
{
	struct replay_totals *totals = &replay->totals;

	unwrap_flush(replay->unwrap);
	track_flush(replay->track);
	unwrap_add_stats(replay->unwrap, &totals->unwrap);
	track_add_stats(replay->track, &totals->track);
	add_flow_stats(replay->table, &totals->flows);
	close_file(replay);
	return replay->error;
}

/* Of a link type that is not known here nothing can be said but that. */
static int take_frame(struct replay *replay, const struct capture_packet *frame,
		      char ret_error[CAPTURE_ERROR_BYTES])
{
	int r = replay_frame(replay, frame);

	if (r < 0)
		snprintf(ret_error, CAPTURE_ERROR_BYTES, "%s", strerror(-r));
	else if (unwrap_first_layer(frame->link_type) == LAYER_FOREIGN)
		snprintf(ret_error, CAPTURE_ERROR_BYTES, "its link type (%d) is not known here",
			 frame->link_type);
	return r;
}

static int read_frames(struct replay *replay, struct capture *capture,
		       char ret_error[CAPTURE_ERROR_BYTES])
{
	struct capture_packet frame;
	int r;

	ret_error[0] = '\0';
	while ((r = capture_next(capture, &frame, ret_error)) == 1) {
		r = take_frame(replay, &frame, ret_error);
		if (r < 0)
			return r;
	}
	return r == 0 && ret_error[0] ? -EPROTONOSUPPORT : r;
}

static int read_capture(struct replay *replay, struct capture *capture,
			char ret_error[CAPTURE_ERROR_BYTES])
{
	int r = replay_begin(replay);
	int end;

	if (r < 0) {
		snprintf(ret_error, CAPTURE_ERROR_BYTES, "%s", strerror(-r));
		return r;
	}
	r = read_frames(replay, capture, ret_error);
	end = replay_end(replay);
	if (r == 0 && end < 0)
		snprintf(ret_error, CAPTURE_ERROR_BYTES, "%s", strerror(-end));
	return r < 0 ? r : end;
}

int replay_file(struct replay *replay, const char *path, char ret_error[CAPTURE_ERROR_BYTES])
{
	struct capture *capture;
	int r = capture_open(path, &capture, ret_error);

	replay->totals.files++;
	if (r == 0) {
		r = read_capture(replay, capture, ret_error);
		capture_close(capture);
	}
	replay->totals.unreadable += r < 0;
	return r;
}

int replay_finish(struct replay *replay)
{
	return replay->format->finish(replay->output, &replay->totals);
}

const struct replay_totals *replay_totals(const struct replay *replay)
{
	return &replay->totals;
}
