// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Attempts at closed ports, TCP and UDP alike. The tracepoint tells of every packet that is
 * dropped; all but those without a socket leave after one comparison. tcp_send_reset would tell of
 * TCP's alone, and before 6.10 only of those that have a socket.
 */
#include "refused.bpf.h"
#include <bpf/bpf_tracing.h>

SEC("tp_btf/kfree_skb")
int BPF_PROG(yagura_refused, struct sk_buff *skb, void *location, enum skb_drop_reason reason)
{
	if (reason == bpf_core_enum_value(enum skb_drop_reason, SKB_DROP_REASON_NO_SOCKET))
		refused_packet(skb);
	return 0;
}

SEC("iter/bpf_map_elem")
int yagura_refused_sweep(struct bpf_iter__bpf_map_elem *ctx)
{
	const struct refused_key *at = ctx->key;
	struct refused *refused;
	struct refused_key key;

	if (!at)
		return 0;
	key = *at;
	refused = bpf_map_lookup_elem(&refused_sources, &key);
	if (refused)
		refused_sweep(&key, refused);
	return 0;
}
