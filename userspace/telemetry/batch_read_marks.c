/* SPDX-License-Identifier: Apache-2.0 */
#include "telemetry/batch_read.h"

static bool is_known(uint64_t kind)
{
	return kind > MARK_NONE && kind < MARK_KIND_COUNT;
}

static struct mark read_mark(struct reading *reading, uint64_t reference)
{
	const uint64_t *row =
		reading_row(reading, TABLE_MARKS, reference, "mark reference out of range");

	if (reference == 0)
		reading_refuse(reading, "fingerprint without a mark");
	reading_count(reading, MARK_WRITTEN_BYTES);
	return (struct mark){
		.kind = is_known(row[MARK_ROW_KIND]) ? (enum mark_kind)row[MARK_ROW_KIND] : 0,
		.value = reading_written(reading, row[MARK_ROW_VALUE]),
	};
}

/* A list being read, its last mark first. */
struct list {
	size_t count; /* those of a later version's kinds, which are left out, too */
	size_t bytes;
	size_t first; /* in reading->list, which fills from its end */
};

static void read_one(struct reading *reading, const uint64_t *row, struct list *list)
{
	struct mark mark = read_mark(reading, row[FINGERPRINT_ROW_MARK]);

	list->bytes += mark.value.length;
	if (++list->count > MARKS_MAX)
		reading_refuse(reading, "too many marks");
	else if (list->bytes > MARKS_BYTES_MAX)
		reading_refuse(reading, "marks too long");
	else if (mark.kind != MARK_NONE)
		reading->list[--list->first] = mark;
}

/* Each row speaks of one above it, or the list would never end. */
static void read_list(struct reading *reading, uint64_t reference, struct list *list)
{
	while (reference > 0 && !reading->why) {
		const uint64_t *row = reading_row(reading, TABLE_FINGERPRINTS, reference,
						  "fingerprint reference out of range");

		if (row[FINGERPRINT_ROW_BEFORE] >= reference)
			reading_refuse(reading, "fingerprint before itself");
		else
			read_one(reading, row, list);
		reference = row[FINGERPRINT_ROW_BEFORE];
	}
}

void reading_marks(struct reading *reading, uint64_t client, uint64_t peer,
		   struct record_flow *flow)
{
	struct list list = { .first = MARKS_MAX };

	read_list(reading, peer, &list);
	read_list(reading, client, &list);
	flow->mark_count = MARKS_MAX - list.first;
	flow->marks = flow->mark_count > 0 ? reading->list + list.first : NULL;
}

void reading_splt(struct reading *reading, uint64_t reference, struct record_splt *ret_splt)
{
	struct text text = reading_blob(reading, reference);
	const uint8_t *at = (const uint8_t *)text.at;

	if (text.length % SPLT_ENTRY_BYTES != 0 || text.length > SPLT_MAX * SPLT_ENTRY_BYTES) {
		reading_refuse(reading, "packet sequence of a wrong length");
		return;
	}
	ret_splt->count = (uint8_t)(text.length / SPLT_ENTRY_BYTES);
	for (size_t i = 0; i < ret_splt->count; i++, at += SPLT_ENTRY_BYTES) {
		ret_splt->length[i] = (int16_t)(at[0] << 8 | at[1]);
		ret_splt->gap[i] = at[2];
	}
}
