/* SPDX-License-Identifier: Apache-2.0 */
/* 45 % DNS, 48 % TLS and QUIC to 400 peers (Zipf; 7 % are new each time, 25 % have IPv6), 7 %
 * inbound. */
#include "bench/telemetry/model_world.h"

#include <netinet/in.h>
#include <stdlib.h>

#define PORT_FIRST 32768u
#define PORT_COUNT 28232u
#define MEAN_GAP_MS 100.0
#define MARKS_ROOM 32

static const char *const syns[] = {
	"4:64:0:1460:mss*44,7:mss,sok,ts,nop,ws:df,id+:0",
	"6:64:0:1440:mss*45,7:mss,sok,ts,nop,ws::0",
	"4:128:0:1460:mss*44,8:mss,nop,ws,nop,nop,sok:df,id+:0",
	"4:64:0:1400:65535,6:mss,nop,ws,nop,nop,ts,sok,eol+1:df:0",
	"4:255:0:1380:1024,0:mss::0",
};

struct mark_list {
	struct mark at[MARKS_ROOM];
	size_t count;
};

static void add_mark(struct mark_list *list, enum mark_kind kind, struct text value)
{
	if (value.length > 0)
		list->at[list->count++] = (struct mark){ .kind = kind, .value = value };
}

static void keep_marks(struct world *world, const struct mark_list *list, struct record_flow *flow)
{
	struct mark *kept = model_keep(world->model, (list->count + 1) * sizeof(*kept));

	memcpy(kept, list->at, list->count * sizeof(*kept));
	flow->marks = kept;
	flow->mark_count = list->count;
}

static void set_sizes(struct world *world, struct record_flow *flow, double source_median,
		      double destination_median, double sigma)
{
	flow->source.bytes = (uint64_t)chance_log_normal(&world->chance, source_median, sigma);
	flow->destination.bytes =
		(uint64_t)chance_log_normal(&world->chance, destination_median, sigma);
	flow->source.packets = 5 + flow->source.bytes / 1300 + flow->destination.bytes / 2900 +
			       chance_below(&world->chance, 3);
	flow->destination.packets =
		4 + flow->destination.bytes / 1300 + chance_below(&world->chance, 3);
}

static void set_everything(struct world *world, struct record_flow *flow)
{
	struct chance *chance = &world->chance;

	flow->source.data_packets = (uint32_t)(flow->source.bytes / 1300 + 1);
	flow->destination.data_packets = (uint32_t)(flow->destination.bytes / 1300 + 1);
	if (flow->protocol == IPPROTO_TCP) {
		flow->min_rtt_us = flow->srtt_us - chance_below(chance, 1 + flow->srtt_us / 8);
		if (flow->direction == DIRECTION_EGRESS)
			flow->handshake_us =
				flow->srtt_us + chance_below(chance, 1 + flow->srtt_us / 8);
	}
	flow->splt.count = (uint8_t)(flow->protocol == IPPROTO_TCP ? 8 : 2);
	for (uint32_t i = 0; i < flow->splt.count; i++) {
		uint32_t length = 30 + chance_below(chance, 1370);

		flow->splt.length[i] = (int16_t)(i % 2 ? -(int)length : (int)length);
		flow->splt.gap[i] = (uint8_t)(8 + chance_below(chance, 8));
	}
}

static const struct peer *choose_peer(struct world *world, uint64_t *ret_number)
{
	uint32_t number = zipf_draw(&world->of_peers, &world->chance);
	struct peer *fresh;

	if (!world->options->only_new_peers && !chance_percent(&world->chance, 7)) {
		*ret_number = number;
		return &world->peers[number];
	}
	fresh = model_keep(world->model, sizeof(*fresh));
	world_make_peer(world, world->options->only_new_peers || chance_percent(&world->chance, 25),
			fresh);
	fresh->ja3s = world->peers[number].ja3s;
	*ret_number = PEERS + world->new_peers++;
	return fresh;
}

static void set_ends(struct world *world, const struct peer *peer, struct record_flow *flow)
{
	bool is_ingress = flow->direction == DIRECTION_INGRESS;
	struct record_endpoint *far = is_ingress ? &flow->source : &flow->destination;
	struct record_endpoint *near = is_ingress ? &flow->destination : &flow->source;

	memcpy(far->addr, peer->addr, 16);
	memcpy(near->addr, peer->is_ipv6 ? world->local6 : world->local, 16);
	flow->is_ipv6 = peer->is_ipv6;
	flow->source.port = (uint16_t)(PORT_FIRST + chance_below(&world->chance, PORT_COUNT));
}

static void set_program(struct world *world, uint32_t number, struct record_flow *flow)
{
	const struct program *program = &world->programs[number];

	flow->process = program->process;
	flow->owner_quality = QUALITY_CALLER;
	flow->cgroup_id = program->cgroup_id;
	flow->cgroup = program->cgroup;
	flow->uid = program->process.uid;
	flow->netns = 4026531840u;
	flow->listener = (struct record_process){ .uid = UINT32_MAX, .gid = UINT32_MAX };
	flow->count = 1;
	flow->final = true;
	flow->state = FLOW_CLOSED;
}

/* Most programs ask the local resolver, which asks others: three programs are seen asking. */
static uint64_t make_dns(struct world *world, struct record_flow *flow)
{
	uint32_t program =
		chance_below(&world->chance, 10) < 8 ? 0 : 1 + chance_below(&world->chance, 2);
	uint32_t resolver = chance_percent(&world->chance, 80) ? 0 : 1;
	struct mark_list list = { 0 };

	set_program(world, program, flow);
	flow->protocol = IPPROTO_UDP;
	flow->direction = DIRECTION_EGRESS;
	flow->ending = FLOW_ENDING_CLOSED;
	set_ends(world, &world->resolvers[resolver], flow);
	flow->destination.port = 53;
	flow->source.packets = flow->destination.packets =
		chance_percent(&world->chance, 97) ? 1 : 2;
	flow->source.bytes = 28 + chance_below(&world->chance, 30);
	flow->destination.bytes =
		flow->source.bytes + (uint64_t)chance_log_normal(&world->chance, 40, 0.9);
	flow->end_ns =
		flow->start_ns + (uint64_t)(chance_log_normal(&world->chance, 14, 1.1) * 1e6);
	if (world->options->has_everything) {
		uint64_t number;

		add_mark(&list, MARK_DNS_NAME, choose_peer(world, &number)->name);
		add_mark(&list, MARK_DNS_TYPE,
			 constant(chance_percent(&world->chance, 50) ? "A" : "AAAA"));
		add_mark(&list, MARK_DNS_RCODE, constant("NOERROR"));
	}
	keep_marks(world, &list, flow);
	return PEERS * 100u + resolver;
}

static void mark_hello(struct world *world, const struct record_flow *flow, const struct peer *peer,
		       const struct profile *profile, struct mark_list *list)
{
	bool is_quic = flow->protocol == IPPROTO_UDP;
	bool all = world->options->has_everything;

	if (!is_quic)
		add_mark(list, MARK_TCP_SYN_SIG, constant(syns[peer->is_ipv6]));
	if (!is_quic && all)
		add_mark(list, MARK_TCP_SYN, constant("64240:2-4-8-1-3:1460:7"));
	if (is_quic)
		add_mark(list, MARK_QUIC_VERSION, constant("00000001"));
	add_mark(list, MARK_SERVER_NAME, peer->name);
	add_mark(list, MARK_JA4, is_quic ? profile->quic_ja4 : profile->ja4);
	if (all) {
		add_mark(list, MARK_ALPN, profile->alpn);
		add_mark(list, MARK_JA3, profile->ja3);
		add_mark(list, MARK_JA4_R, profile->ja4_r);
		add_mark(list, MARK_NPF, profile->npf);
		add_mark(list, MARK_TLS_CIPHER, peer->cipher);
		add_mark(list, MARK_TLS_NEXT_PROTOCOL, constant("h2"));
		add_mark(list, MARK_TCP_SYNACK, peer->synack);
	}
	add_mark(list, MARK_TLS_VERSION, constant("1.3"));
	add_mark(list, MARK_JA3S, peer->ja3s);
}

static uint64_t make_web(struct world *world, struct record_flow *flow)
{
	uint32_t program = 3 + zipf_draw(&world->of_programs, &world->chance) % (PROGRAMS - 3);
	bool is_quic = chance_percent(&world->chance, 20);
	struct mark_list list = { 0 };
	uint64_t number;
	const struct peer *peer = choose_peer(world, &number);

	set_program(world, program, flow);
	flow->protocol = is_quic ? IPPROTO_UDP : IPPROTO_TCP;
	flow->direction = DIRECTION_EGRESS;
	set_ends(world, peer, flow);
	flow->destination.port = 443;
	flow->ending = is_quic ? FLOW_ENDING_CLOSED
			       : (chance_percent(&world->chance, 70) ? FLOW_ENDING_FIN_LOCAL
								     : FLOW_ENDING_FIN_REMOTE);
	set_sizes(world, flow, 1900, 9000, 1.5);
	flow->end_ns =
		flow->start_ns + (uint64_t)(chance_log_normal(&world->chance, 400, 1.6) * 1e6);
	if (!is_quic)
		flow->srtt_us = (uint32_t)chance_log_normal(&world->chance, peer->rtt_us, 0.12);
	mark_hello(world, flow, peer, &world->profiles[world->programs[program].profile], &list);
	keep_marks(world, &list, flow);
	return number;
}

static uint64_t make_inbound(struct world *world, struct record_flow *flow)
{
	static const uint16_t ports[] = { 443, 22, 80 };
	uint32_t visitor = zipf_draw(&world->of_visitors, &world->chance);
	uint32_t service = chance_below(&world->chance, 3);
	struct mark_list list = { 0 };

	set_program(world, 30 + service, flow);
	flow->protocol = IPPROTO_TCP;
	flow->direction = DIRECTION_INGRESS;
	flow->listener = world->programs[30 + service].process;
	set_ends(world, &world->visitors[visitor], flow);
	flow->destination.port = ports[service];
	flow->ending = FLOW_ENDING_FIN_REMOTE;
	set_sizes(world, flow, 900, 4000, 1.4);
	flow->end_ns =
		flow->start_ns + (uint64_t)(chance_log_normal(&world->chance, 300, 1.6) * 1e6);
	flow->srtt_us =
		(uint32_t)chance_log_normal(&world->chance, world->visitors[visitor].rtt_us, 0.12);
	add_mark(&list, MARK_TCP_SYN_SIG, constant(syns[visitor % 5]));
	keep_marks(world, &list, flow);
	return 2 * PEERS * 100u + visitor;
}

static void sample(struct world *world, size_t at, const struct record_flow *flow, uint64_t peer)
{
	uint64_t class = (uint64_t)(flow->process.key.pid) << 24 ^ flow->destination.port ^
			 (uint64_t)flow->protocol << 16 ^ (uint64_t)flow->direction << 48 ^
			 (uint64_t)flow->ending << 52 ^ (uint64_t)flow->is_ipv6 << 60;
	const uint64_t values[SAMPLE_COUNT] = {
		[SAMPLE_CLASS] = class,
		[SAMPLE_END] = flow->end_ns / 1000000,
		[SAMPLE_DURATION] = flow->end_ns / 1000000 - flow->start_ns / 1000000,
		[SAMPLE_PEER] = peer,
		[SAMPLE_PORT] = flow->source.port,
		[SAMPLE_SOURCE_BYTES] = flow->source.bytes,
		[SAMPLE_DESTINATION_BYTES] = flow->destination.bytes,
		[SAMPLE_SOURCE_PACKETS] = flow->source.packets,
		[SAMPLE_DESTINATION_PACKETS] = flow->destination.packets,
		[SAMPLE_RTT] = flow->srtt_us,
	};

	for (size_t i = 0; i < SAMPLE_COUNT; i++)
		world->samples[i][at] = values[i];
}

static int by_value(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Ends are told in order: what takes bits is how far each is from the one before. */
static void to_differences(uint64_t *values, size_t count)
{
	qsort(values, count, sizeof(*values), by_value);
	for (size_t i = count; i > 1; i--)
		values[i - 1] -= values[i - 2];
	values[0] = 0;
}

static double entropy_bytes(struct world *world, size_t count)
{
	double bits = 0;

	to_differences(world->samples[SAMPLE_END], count);
	for (size_t i = 0; i < SAMPLE_COUNT; i++)
		bits += entropy_bits(world->samples[i], count);
	return bits / 8;
}

static void make_flow(struct world *world, size_t at, uint64_t start_ns, uint64_t cookie)
{
	struct record *record = &world->model->flows[at];
	struct record_flow *flow = &record->flow;
	uint32_t kind = chance_below(&world->chance, 100);
	uint64_t peer;

	record->class = RECORD_FLOW;
	flow->start_ns = start_ns;
	flow->cookie = cookie;
	if (world->options->only_new_peers)
		kind = 45;
	if (kind < 45)
		peer = make_dns(world, flow);
	else if (kind < 93)
		peer = make_web(world, flow);
	else
		peer = make_inbound(world, flow);
	if (world->options->has_everything)
		set_everything(world, flow);
	sample(world, at, flow, peer);
}

static int by_end(const void *a, const void *b)
{
	const struct record *x = a, *y = b;

	return (x->flow.end_ns > y->flow.end_ns) - (x->flow.end_ns < y->flow.end_ns);
}

void model_make_flows(const struct model_options *options, struct model *model)
{
	struct world *world = model_keep(model, sizeof(*world));
	uint64_t start_ns = MODEL_TIME_NS, cookie = 20000;

	world->model = model;
	world->options = options;
	world->chance = (struct chance){ options->seed };
	world_init(world);
	model->flow_count = options->flows;
	model->flows = calloc(options->flows, sizeof(*model->flows));
	for (size_t i = 0; i < SAMPLE_COUNT; i++)
		world->samples[i] = model_keep(model, options->flows * sizeof(uint64_t));
	if (!model->flows)
		abort();
	for (size_t i = 0; i < options->flows; i++) {
		start_ns += (uint64_t)(chance_exponential(&world->chance, MEAN_GAP_MS) * 1e6);
		cookie += chance_percent(&world->chance, 10) ? 2 : 1;
		make_flow(world, i, start_ns, cookie);
	}
	model->entropy_bytes_per_flow = entropy_bytes(world, options->flows);
	qsort(model->flows, model->flow_count, sizeof(*model->flows), by_end);
	world_done(world);
}
