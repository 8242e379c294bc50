/* SPDX-License-Identifier: Apache-2.0 */
#define HASH_NONFATAL_OOM 1 /* uthash would exit() otherwise; a failed add leaves hh.tbl NULL */
#define HASH_FUNCTION(key, length, value) (value) = hash_bytes(key, length)

#include "sensor/flow/flow_table.h"

#include "common/hash.h"
#include "sensor/flow/flow.h"
#include "sensor/flow/messages.h"
#include "sensor/flow/names.h"
#include "sensor/flow/syns.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <utlist.h>

#define KEY_BYTES (offsetof(struct flow_key, index) + sizeof(uint32_t)) /* without its padding */
#define MARKS_BYTES_A_FLOW 4096
/* As many as may begin before others end, in a storm: what they have allocated costs more than all
 * else that a short flow needs. */
#define SPARE_FLOWS_MAX 64

struct flow_table {
	struct flow_table_options options;
	struct flow_table_stats stats;
	struct flow *by_key;
	struct flow *flows; /* spoken of longest ago, first */
	struct flow *latest; /* changed last; NULL: it has gone */
	struct flow *spare; /* wiped, to be used again */
	unsigned int spares;
	struct flow_names *names;
	struct flow_messages messages;
	struct flow_syns syns;
};

struct flow_table *flow_table_new(const struct flow_table_options *options)
{
	struct flow_table *table = calloc(1, sizeof(*table));

	if (!table)
		return NULL;
	table->options = *options;
	if (table->options.marks_bytes_max == 0)
		table->options.marks_bytes_max = options->flows_max * MARKS_BYTES_A_FLOW;
	flow_messages_init(&table->messages, options->pending_bytes_max, &table->stats);
	table->names = flow_names_new(options->names_max);
	if (table->names)
		return table;
	free(table);
	return NULL;
}

static bool has_key(const struct flow *flow, const struct flow_key *key)
{
	return flow->key.cookie == key->cookie && flow->key.index == key->index;
}

/* A flow is asked for several times in a row. */
static struct flow *find(const struct flow_table *table, const struct flow_key *key)
{
	struct flow *flow = NULL;

	if (table->latest && has_key(table->latest, key))
		return table->latest;
	HASH_FIND(hh, table->by_key, key, KEY_BYTES, flow);
	return flow;
}

/* Wiped at once: foreign bytes are not kept for long. */
static void keep_spare(struct flow_table *table, struct flow *flow)
{
	if (table->spares >= SPARE_FLOWS_MAX) {
		flow_free(flow);
		return;
	}
	flow_become(flow, &(struct flow_key){ 0 });
	flow->next = table->spare;
	table->spare = flow;
	table->spares++;
}

static struct flow *take_spare(struct flow_table *table, const struct flow_key *key)
{
	struct flow *flow = table->spare;

	if (!flow)
		return flow_new(key);
	table->spare = flow->next;
	table->spares--;
	flow->next = NULL;
	flow->key.cookie = key->cookie;
	flow->key.index = key->index;
	return flow;
}

static void drop_flow(struct flow_table *table, struct flow *flow)
{
	flow_messages_drop(&table->messages, flow);
	table->stats.marks_bytes -= flow->marks_bytes;
	table->stats.flows--;
	DL_DELETE(table->flows, flow);
	HASH_DELETE(hh, table->by_key, flow);
	table->latest = NULL;
	keep_spare(table, flow);
}

void flow_table_free(struct flow_table *table)
{
	if (!table)
		return;
	while (table->flows)
		drop_flow(table, table->flows);
	while (table->spare)
		flow_free(take_spare(table, &(struct flow_key){ 0 }));
	flow_names_free(table->names);
	flow_syns_done(&table->syns);
	free(table);
}

static struct flow *add_flow(struct flow_table *table, const struct flow_key *key)
{
	struct flow *flow = take_spare(table, key);

	if (!flow)
		return NULL;
	HASH_ADD(hh, table->by_key, key, KEY_BYTES, flow);
	if (!flow->hh.tbl) {
		flow_free(flow);
		return NULL;
	}
	DL_APPEND(table->flows, flow);
	table->stats.flows++;
	return flow;
}

/* NULL without memory, which is counted. The flow stays until keep_to_limits. */
static struct flow *find_or_add(struct flow_table *table, const struct flow_key *key)
{
	struct flow *flow = find(table, key);

	if (!flow)
		flow = add_flow(table, key);
	if (!flow) {
		table->stats.truncated++;
		return NULL;
	}
	table->latest = flow;
	DL_DELETE(table->flows, flow);
	DL_APPEND(table->flows, flow);
	return flow;
}

static void keep_to_limits(struct flow_table *table, struct flow *changed)
{
	table->stats.marks_bytes -= changed->marks_bytes;
	changed->marks_bytes = flow_marks_bytes(changed);
	table->stats.marks_bytes += changed->marks_bytes;
	while (table->stats.flows > table->options.flows_max ||
	       table->stats.marks_bytes > table->options.marks_bytes_max) {
		table->stats.evicted_flows++;
		drop_flow(table, table->flows);
	}
}

int flow_table_piece(struct flow_table *table, const struct flow_piece *piece)
{
	struct flow *flow;
	int r;

	table->stats.pieces++;
	if (!fingerprint_parser_of(piece->protocol) || piece->side >= SIDE_COUNT)
		return -EINVAL;
	flow = find_or_add(table, &piece->key);
	if (!flow)
		return -ENOMEM;
	flow->told++;
	r = flow_messages_piece(&table->messages, flow, piece);
	keep_to_limits(table, flow);
	return r;
}

void flow_table_cut(struct flow_table *table, const struct flow_key *key,
		    enum fingerprint_side side, const char *reason)
{
	struct flow *flow = find_or_add(table, key);

	if (!flow)
		return;
	flow->told++;
	if (!flow_messages_end_side(&table->messages, flow, side, reason)) {
		table->stats.truncated++;
		fingerprint_cut(&flow->marks, reason);
	}
	keep_to_limits(table, flow);
}

void flow_table_overlap(struct flow_table *table, const struct flow_key *key,
			enum fingerprint_side side)
{
	flow_table_cut(table, key, side, "overlap");
	if (find(table, key))
		flow_take_back(find(table, key), side);
}

void flow_table_syn(struct flow_table *table, const struct flow_key *key,
		    const struct fingerprint_syn *syn)
{
	struct flow *flow = find_or_add(table, key);

	if (!flow)
		return;
	flow_syns_add_marks(&table->syns, syn, &flow->marks);
	keep_to_limits(table, flow);
}

void flow_table_unknown(struct flow_table *table, const struct flow_key *key, uint8_t kind)
{
	struct flow *flow = find_or_add(table, key);

	if (!flow)
		return;
	fingerprint_first_bytes(kind, &flow->marks);
	keep_to_limits(table, flow);
}

const struct marks *flow_table_marks(const struct flow_table *table, const struct flow_key *key)
{
	const struct flow *flow = find(table, key);

	return flow ? &flow->marks : NULL;
}

uint32_t flow_table_told(const struct flow_table *table, const struct flow_key *key)
{
	const struct flow *flow = find(table, key);

	return flow ? flow->told : 0;
}

void flow_table_finish(struct flow_table *table, const struct flow_key *key)
{
	struct flow *flow = find(table, key);

	if (!flow)
		return;
	for (enum fingerprint_side side = 0; side < SIDE_COUNT; side++)
		flow_messages_end_side(&table->messages, flow, side, "cut");
	if (flow->session && !flow->is_finished)
		fingerprint_finish(flow->session, &flow->marks);
	flow->is_finished = true;
	/* Its marks are asked for next: the limits come with the next change. */
}

void flow_table_end(struct flow_table *table, const struct flow_key *key)
{
	struct flow *flow = find(table, key);

	if (flow)
		drop_flow(table, flow);
}

struct text flow_table_name(const struct flow_table *table, const struct name_key *key,
			    uint64_t now_ns)
{
	return flow_names_find(table->names, key, now_ns);
}

void flow_table_learn_names(struct flow_table *table, const struct flow_key *key,
			    const uint8_t client[16], uint64_t now_ns)
{
	const struct flow *flow = find(table, key);
	uint64_t asked_for = flow ? fingerprint_asked_for(flow->session) : 0;

	if (asked_for)
		flow_names_learn_marks(table->names, client, &flow->marks, asked_for, now_ns);
}

void flow_table_stats(const struct flow_table *table, struct flow_table_stats *ret_stats)
{
	*ret_stats = table->stats;
	ret_stats->names = flow_names_count(table->names);
}
