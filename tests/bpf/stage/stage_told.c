/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf/stage/stage_told.h"

#include "bpf/lib/look_types.h"

int stage_told_bytes(struct stage *stage, const struct watch *watch, enum fingerprint_side side,
		     const struct event_bytes *event)
{
	struct flow_piece piece = {
		.key = watch->key,
		.protocol = (enum fingerprint_protocol)event->protocol,
		.side = side,
		.start = event->start,
		.offset = event->offset,
		.total_bytes = event->total_bytes,
	};
	int r;

	if (event->cut) {
		flow_table_cut(watch->table, &piece.key, piece.side, look_cut_name(event->cut));
		return 0;
	}
	r = stage_bytes(stage, event, &piece.bytes);
	return r < 0 ? r : flow_table_piece(watch->table, &piece);
}

void stage_told_syn(const struct watch *watch, const struct flow_syn *seen)
{
	const struct fingerprint_syn syn = {
		.ip_version = seen->ip_version,
		.ttl = seen->ttl,
		.is_id_zero = seen->bits & SYN_ID_ZERO,
		.dont_fragment = seen->bits & SYN_DONT_FRAGMENT,
		.ip_options_bytes = seen->ip_options_bytes,
		.window = seen->window,
		.flags = seen->flags,
		.has_payload = seen->bits & SYN_PAYLOAD,
		.options = cursor_of(seen->options, seen->options_bytes),
	};

	if (seen->ip_version)
		flow_table_syn(watch->table, &watch->key, &syn);
}

void stage_told_lengths(const struct watch *watch, const struct flow_splt *seen, bool is_turned)
{
	struct record_splt *splt = &watch->flow->splt;

	*splt = (struct record_splt){ .count = seen->count };
	for (int i = 0; i < SPLT_MAX; i++)
		splt->length[i] = is_turned ? (int16_t)-seen->length[i] : seen->length[i];
	memcpy(splt->gap, seen->gap, sizeof(splt->gap));
}
