/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small flow table told anything in any order, with the real parsers behind it: its limits hold,
 * and once all flows are forgotten nothing is left. Per step: what, flow and side, protocol, start,
 * two bytes of offset, two of total, one of size, and so many bytes.
 */
#include "sensor/flow/flow_table.h"

#include "support/fuzz_talk.h"

#define FLOWS_MAX 3
#define PENDING_BYTES_MAX 4096
#define NAMES_MAX 4
#define MARKS_BYTES_MAX_OF_TABLE 3000

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check(const struct flow_table *table)
{
	struct flow_table_stats stats;

	flow_table_stats(table, &stats);
	fuzz_require(stats.flows <= FLOWS_MAX && stats.names <= NAMES_MAX);
	/* A message's own struct is not asked for beforehand: four a side and flow. */
	fuzz_require(stats.pending_bytes <= PENDING_BYTES_MAX + 24 * 256);
	fuzz_require(stats.marks_bytes <= MARKS_BYTES_MAX_OF_TABLE);
	fuzz_require(stats.pending_bytes == 0 || stats.flows > 0);
}

static void learn(struct flow_table *table, const struct flow_key *key, uint64_t now_ns)
{
	static const struct name_key name = {
		.addr = { [10] = 0xff, [11] = 0xff, [12] = 192, [14] = 2 }
	};

	flow_table_learn_names(table, key, name.client, now_ns);
	fuzz_require(flow_table_name(table, &name, now_ns).at != NULL);
}

static void step(struct flow_table *table, struct cursor *c, uint64_t now_ns)
{
	uint8_t what = cursor_u8(c);
	uint8_t who = cursor_u8(c);
	struct flow_piece piece = {
		.key = { .cookie = who >> 1 & 7, .index = 1 },
		.side = who & 1,
		.protocol = cursor_u8(c) % (FINGERPRINT_PROTOCOL_COUNT + 1),
		.start = cursor_u8(c),
		.offset = cursor_u16(c),
		.total_bytes = cursor_u16(c),
	};
	size_t size = cursor_u8(c);
	struct fingerprint_syn syn = { .ip_version = 4 };

	piece.bytes = cursor_take(c, size < c->left ? size : c->left);
	syn.options = piece.bytes;
	syn.options.left = syn.options.left < 40 ? syn.options.left : 40;
	if (what < 200)
		flow_table_piece(table, &piece);
	else if (what < 210)
		flow_table_cut(table, &piece.key, piece.side, "packets");
	else if (what < 220)
		flow_table_syn(table, &piece.key, &syn);
	else if (what < 230)
		flow_table_unknown(table, &piece.key, (uint8_t)size);
	else if (what < 240)
		learn(table, &piece.key, now_ns);
	else if (what < 248)
		flow_table_finish(table, &piece.key);
	else
		flow_table_end(table, &piece.key);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	const struct flow_table_options options = { .flows_max = FLOWS_MAX,
						    .pending_bytes_max = PENDING_BYTES_MAX,
						    .names_max = NAMES_MAX,
						    .marks_bytes_max = MARKS_BYTES_MAX_OF_TABLE };
	struct flow_table *table = flow_table_new(&options);
	struct cursor c = cursor_of(bytes, size);
	struct flow_table_stats stats;

	fuzz_require(table != NULL);
	for (uint64_t now_ns = 0; c.left > 0; now_ns += 1000000000) {
		step(table, &c, now_ns);
		check(table);
	}
	for (uint64_t cookie = 0; cookie < 8; cookie++)
		flow_table_end(table, &(struct flow_key){ cookie, 1 });
	flow_table_stats(table, &stats);
	fuzz_require(stats.flows == 0 && stats.pending_bytes == 0 && stats.marks_bytes == 0);
	flow_table_free(table);
	return 0;
}
