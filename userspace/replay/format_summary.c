/* SPDX-License-Identifier: Apache-2.0 */
/* What the captures held in numbers, and of each kind of fingerprint and name the most frequent. */
#include "replay/format.h"

#include "common/hash.h"
#include "telemetry/render.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#define HASH_NONFATAL_OOM 1
#define HASH_FUNCTION(key, length, value) (value) = hash_bytes(key, length)
#include <uthash.h>

#define TOP 10
#define SHOWN_BYTES_MAX 120 /* of a value: raw forms run to thousands */
#define VALUES_MAX 100000u /* told apart; what comes after them is only counted */

struct tally {
	UT_hash_handle hh;
	enum mark_kind kind;
	uint64_t flows;
	size_t length;
	char value[];
};

struct summary {
	FILE *out;
	struct tally *tallies[MARK_KIND_COUNT]; /* by value */
	uint32_t values;
	uint64_t untold; /* values that came when there was no room */
	uint64_t by_protocol[256];
	uint64_t bytes;
	uint64_t packets;
};

static void *open_summary(FILE *out)
{
	struct summary *summary = calloc(1, sizeof(*summary));

	if (summary)
		summary->out = out;
	return summary;
}

static struct tally *add_tally(struct summary *summary, const struct mark *mark)
{
	struct tally *tally = malloc(sizeof(*tally) + mark->value.length + 1);

	if (!tally)
		return NULL;
	*tally = (struct tally){ .kind = mark->kind, .length = mark->value.length };
	memcpy(tally->value, mark->value.at, mark->value.length);
	tally->value[tally->length] = '\0';
	HASH_ADD_KEYPTR(hh, summary->tallies[mark->kind], tally->value, tally->length, tally);
	if (!tally->hh.tbl) {
		free(tally);
		return NULL;
	}
	summary->values++;
	return tally;
}

static int count_mark(struct summary *summary, const struct mark *mark)
{
	struct tally *tally;

	HASH_FIND(hh, summary->tallies[mark->kind], mark->value.at, mark->value.length, tally);
	if (!tally && summary->values >= VALUES_MAX) {
		summary->untold++;
		return 0;
	}
	if (!tally)
		tally = add_tally(summary, mark);
	if (!tally)
		return -ENOMEM;
	tally->flows++;
	return 0;
}

static int count_flow(void *opaque, const struct batch_header *header, const struct record *record)
{
	struct summary *summary = opaque;
	const struct record_flow *flow = &record->flow;

	(void)header;
	summary->by_protocol[flow->protocol]++;
	summary->bytes += flow->source.bytes + flow->destination.bytes;
	summary->packets += flow->source.packets + flow->destination.packets;
	for (size_t i = 0; i < flow->mark_count; i++) {
		int r = count_mark(summary, &flow->marks[i]);

		if (r < 0)
			return r;
	}
	return 0;
}

static void tell(const struct summary *summary, const char *name, uint64_t count)
{
	if (count > 0)
		fprintf(summary->out, "%-24s %12" PRIu64 "\n", name, count);
}

static void tell_totals(const struct summary *summary, const struct replay_totals *totals)
{
	const struct unwrap_stats *unwrap = &totals->unwrap;

	tell(summary, "files", totals->files);
	tell(summary, "files unreadable", totals->unreadable);
	tell(summary, "frames", unwrap->frames);
	tell(summary, "bytes captured", totals->bytes);
	tell(summary, "packets", unwrap->packets);
	tell(summary, "packets in tunnels", unwrap->tunnelled);
	tell(summary, "frames without IP", unwrap->foreign);
	tell(summary, "headers malformed", unwrap->malformed + totals->track.malformed);
	tell(summary, "headers too many", unwrap->deep);
	tell(summary, "fragments", unwrap->defrag.fragments);
	tell(summary, "datagrams put together", unwrap->defrag.datagrams);
	tell(summary, "datagrams incomplete", unwrap->defrag.lost);
	tell(summary, "datagrams contradictory", unwrap->defrag.overlaps);
	tell(summary, "payload bytes", summary->bytes);
	tell(summary, "messages", totals->flows.messages);
	tell(summary, "messages truncated", totals->flows.truncated);
	tell(summary, "messages malformed", totals->flows.malformed);
	tell(summary, "flows", totals->track.flows);
	tell(summary, "flows ended for room", totals->track.evicted);
	tell(summary, "flows forgotten for room", totals->flows.evicted_flows);
}

static void tell_protocols(const struct summary *summary)
{
	for (int i = 0; i < 256; i++) {
		const char *name = record_protocol_name((uint8_t)i);
		char text[32];

		snprintf(text, sizeof(text), "flows %s", name ? name : "");
		if (!name)
			snprintf(text, sizeof(text), "flows of protocol %d", i);
		tell(summary, text, summary->by_protocol[i]);
	}
}

static int by_flows(const struct tally *a, const struct tally *b)
{
	size_t length = a->length < b->length ? a->length : b->length;
	int order = memcmp(a->value, b->value, length);

	if (a->flows != b->flows)
		return a->flows > b->flows ? -1 : 1;
	if (order != 0)
		return order;
	return (a->length > b->length) - (a->length < b->length);
}

static void tell_tally(FILE *out, const struct tally *tally)
{
	fprintf(out, "%12" PRIu64 "  ", tally->flows);
	/* Somebody else's bytes: nothing in them may steer the terminal. */
	for (size_t i = 0; i < tally->length && i < SHOWN_BYTES_MAX; i++)
		fputc(tally->value[i] >= ' ' && tally->value[i] <= '~' ? tally->value[i] : '?',
		      out);
	fputs(tally->length > SHOWN_BYTES_MAX ? " ...\n" : "\n", out);
}

static void tell_kind(struct summary *summary, enum mark_kind kind)
{
	struct tally *tally;
	int told = 0;

	if (!summary->tallies[kind])
		return;
	HASH_SORT(summary->tallies[kind], by_flows);
	fprintf(summary->out, "\n%s (%u)\n", mark_kind_row(kind)->key,
		HASH_COUNT(summary->tallies[kind]));
	for (tally = summary->tallies[kind]; tally && told < TOP; tally = tally->hh.next, told++)
		tell_tally(summary->out, tally);
}

static int finish(void *opaque, const struct replay_totals *totals)
{
	struct summary *summary = opaque;

	tell_totals(summary, totals);
	tell_protocols(summary);
	tell(summary, "values not told apart", summary->untold);
	for (int kind = 1; kind < MARK_KIND_COUNT; kind++)
		tell_kind(summary, (enum mark_kind)kind);
	return 0;
}

static void close_summary(void *opaque)
{
	struct summary *summary = opaque;
	struct tally *tally;
	struct tally *following;

	if (!summary)
		return;
	for (int kind = 0; kind < MARK_KIND_COUNT; kind++) {
		HASH_ITER (hh, summary->tallies[kind], tally, following) {
			HASH_DEL(summary->tallies[kind], tally);
			free(tally);
		}
	}
	free(summary);
}

const struct format format_summary = {
	.name = "summary",
	.help = "totals, and the most frequent values of each kind",
	.open = open_summary,
	.flow = count_flow,
	.finish = finish,
	.close = close_summary,
};
