/* SPDX-License-Identifier: Apache-2.0 */
/* What flows have in common at this end, and at the other. */
#include "common/hash.h"
#include "telemetry/batch_refer.h"

#include <string.h>

size_t batch_kept_marks(const struct record_flow *flow, size_t *ret_bytes)
{
	size_t count = 0, bytes = 0;

	for (; count < flow->mark_count && count < MARKS_MAX; count++) {
		size_t length = flow->marks[count].value.length;

		if (length > MARK_VALUE_BYTES_MAX || bytes + length > MARKS_BYTES_MAX)
			break;
		bytes += length;
	}
	*ret_bytes = bytes;
	return count;
}

/* A few bytes of each value: enough to find a list again, not to take it for another. */
static uint64_t hash_mark(uint64_t hash, const struct mark *mark)
{
	struct text value = mark->value;
	uint64_t first = 0, last = 0;

	if (value.length >= sizeof(first)) {
		memcpy(&first, value.at, sizeof(first));
		memcpy(&last, value.at + value.length - sizeof(last), sizeof(last));
	} else if (value.length > 0) {
		memcpy(&first, value.at, value.length);
	}
	hash = hash_step(hash, (uint64_t)mark->kind << 32 ^ value.length ^ first);
	return hash_step(hash, last);
}

static bool is_mark(const struct batch_tables *tables, uint64_t reference, const struct mark *mark)
{
	const uint64_t *row = columns_row(&tables->shared[TABLE_MARKS].columns, reference - 1);
	struct text known = { .length = 0 };

	if (row[MARK_ROW_VALUE] > 0)
		known = intern_text(&tables->texts, (uint32_t)row[MARK_ROW_VALUE]);
	return row[MARK_ROW_KIND] == mark->kind && known.length == mark->value.length &&
	       (known.length == 0 || memcmp(known.at, mark->value.at, known.length) == 0);
}

/* Of one flow, those of one side. */
struct side_marks {
	const struct mark *at[MARKS_MAX];
	size_t count;
	uint64_t hash;
};

static void choose(const struct record_flow *flow, enum mark_side side, struct side_marks *ret)
{
	size_t bytes;
	size_t count = batch_kept_marks(flow, &bytes);

	ret->count = 0;
	ret->hash = side;
	for (size_t i = 0; i < count; i++) {
		const struct mark *mark = &flow->marks[i];

		if (mark_kind_side(mark->kind) != side)
			continue;
		ret->at[ret->count++] = mark;
		ret->hash = hash_mark(ret->hash, mark);
	}
}

static bool is_list(const struct batch_tables *tables, uint64_t reference,
		    const struct side_marks *marks)
{
	const struct columns *rows = &tables->shared[TABLE_FINGERPRINTS].columns;

	for (size_t i = marks->count; i > 0; i--) {
		const uint64_t *row;

		if (reference == 0 || reference > rows->count)
			return false;
		row = columns_row(rows, reference - 1);
		if (!is_mark(tables, row[FINGERPRINT_ROW_MARK], marks->at[i - 1]))
			return false;
		reference = row[FINGERPRINT_ROW_BEFORE];
	}
	return reference == 0;
}

static uint64_t refer_mark(struct batch_tables *tables, const struct mark *mark)
{
	const uint64_t row[MARK_ROW_COUNT] = {
		[MARK_ROW_KIND] = mark->kind,
		[MARK_ROW_VALUE] = batch_refer_text(tables, mark->value),
	};

	return batch_refer_row(tables, TABLE_MARKS, row);
}

uint64_t batch_refer_marks(struct batch_tables *tables, const struct record_flow *flow,
			   enum mark_side side)
{
	struct side_marks marks;
	uint64_t list = 0;
	uint32_t *guess;

	choose(flow, side, &marks);
	guess = &tables->fingerprints.at[marks.hash % BATCH_GUESSES];
	if (marks.count == 0 || is_list(tables, *guess, &marks))
		return marks.count == 0 ? 0 : *guess;
	for (size_t i = 0; i < marks.count && tables->error == 0; i++) {
		const uint64_t row[FINGERPRINT_ROW_COUNT] = {
			[FINGERPRINT_ROW_MARK] = refer_mark(tables, marks.at[i]),
			[FINGERPRINT_ROW_BEFORE] = list,
		};

		list = batch_refer_row(tables, TABLE_FINGERPRINTS, row);
	}
	*guess = tables->error == 0 ? (uint32_t)list : 0;
	return list;
}

static uint64_t refer_socket(struct batch_tables *tables, const struct record_flow *flow)
{
	const uint64_t row[SOCKET_ROW_COUNT] = {
		[SOCKET_ROW_UID] = flow->uid + 1u,
		[SOCKET_ROW_NETNS] = flow->netns,
		[SOCKET_ROW_CGROUP_ID] = flow->cgroup_id,
		[SOCKET_ROW_CGROUP] = batch_refer_path(tables, flow->cgroup),
	};

	return batch_refer_row(tables, TABLE_SOCKETS, row);
}

static unsigned int flag(bool is_set, unsigned int bit)
{
	return is_set ? bit : 0;
}

static unsigned int flow_flags(const struct record_flow *flow)
{
	return flag(flow->final, FLOW_FLAG_FINAL) |
	       flag(flow->counters_reset, FLOW_FLAG_COUNTERS_RESET) |
	       flag(flow->shared, FLOW_FLAG_SHARED) |
	       flag(flow->preexisting, FLOW_FLAG_PREEXISTING) |
	       flag(flow->folded, FLOW_FLAG_FOLDED) | flag(flow->is_ipv6, FLOW_FLAG_IPV6);
}

uint64_t batch_refer_flow_class(struct batch_tables *tables, const struct record_flow *flow)
{
	bool is_ingress = flow->direction == DIRECTION_INGRESS;
	const uint8_t *local = is_ingress ? flow->destination.addr : flow->source.addr;
	const uint64_t row[FLOW_CLASS_ROW_COUNT] = {
		[FLOW_CLASS_ROW_FLAGS] = flow_flags(flow),
		[FLOW_CLASS_ROW_DIRECTION] = flow->direction,
		[FLOW_CLASS_ROW_STATE] = flow->state,
		[FLOW_CLASS_ROW_PROTOCOL] = flow->protocol,
		[FLOW_CLASS_ROW_ERROR] = flow->error,
		[FLOW_CLASS_ROW_ENDING] = flow->ending,
		[FLOW_CLASS_ROW_OWNER_QUALITY] = flow->owner_quality,
		[FLOW_CLASS_ROW_PROCESS] = batch_refer_process(tables, &flow->process),
		[FLOW_CLASS_ROW_LISTENER] = batch_refer_process(tables, &flow->listener),
		[FLOW_CLASS_ROW_SOCKET] = refer_socket(tables, flow),
		[FLOW_CLASS_ROW_LOCAL_ADDR] = batch_refer_addr(tables, local),
		[FLOW_CLASS_ROW_DESTINATION_PORT] = flow->destination.port,
		[FLOW_CLASS_ROW_ICMP] = (unsigned int)flow->icmp_type << 8 | flow->icmp_code,
		[FLOW_CLASS_ROW_FINGERPRINT] = batch_refer_marks(tables, flow, MARK_SIDE_CLIENT),
	};

	return batch_refer_row(tables, TABLE_FLOW_CLASSES, row);
}

uint64_t batch_refer_peer(struct batch_tables *tables, const struct record_flow *flow)
{
	bool is_ingress = flow->direction == DIRECTION_INGRESS;
	const uint8_t *far = is_ingress ? flow->source.addr : flow->destination.addr;
	const uint64_t row[PEER_ROW_COUNT] = {
		[PEER_ROW_ADDR] = batch_refer_addr(tables, far),
		[PEER_ROW_FINGERPRINT] = batch_refer_marks(tables, flow, MARK_SIDE_PEER),
		[PEER_ROW_NAME] = batch_refer_path(tables, flow->destination_name),
	};

	return batch_refer_row(tables, TABLE_PEERS, row);
}
