/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/spool/ledger.h"

#include <errno.h>
#include <stdlib.h>

#define CAPACITY_MIN 64

void ledger_done(struct ledger *ledger)
{
	free(ledger->entries);
	*ledger = (struct ledger){ 0 };
}

static struct ledger_entry *entry_at(const struct ledger *ledger, size_t i)
{
	return &ledger->entries[(ledger->first + i) % ledger->capacity];
}

int ledger_reserve(struct ledger *ledger)
{
	size_t capacity = ledger->capacity > 0 ? ledger->capacity * 2 : CAPACITY_MIN;
	struct ledger_entry *entries;

	if (ledger->count < ledger->capacity)
		return 0;
	entries = calloc(capacity, sizeof(*entries));
	if (!entries)
		return -ENOMEM;
	for (size_t i = 0; i < ledger->count; i++)
		entries[i] = *entry_at(ledger, i);
	free(ledger->entries);
	ledger->entries = entries;
	ledger->capacity = capacity;
	ledger->first = 0;
	return 0;
}

void ledger_sums_add(struct ledger_sums *sums, const struct ledger_sums *more)
{
	for (int class = 0; class < RECORD_CLASS_COUNT; class ++)
		sums->records[class] += more->records[class];
	sums->earlier_records += more->earlier_records;
}

/* Moves what an entry holds from the ledger's sums to `sums`. */
static void settle(struct ledger *ledger, struct ledger_entry *entry, struct ledger_sums *sums)
{
	ledger_sums_add(sums, &entry->sums);
	for (int class = 0; class < RECORD_CLASS_COUNT; class ++)
		ledger->sums.records[class] -= entry->sums.records[class];
	ledger->sums.earlier_records -= entry->sums.earlier_records;
	entry->sums = (struct ledger_sums){ 0 };
}

void ledger_push(struct ledger *ledger, const struct ledger_entry *entry)
{
	*entry_at(ledger, ledger->count) = *entry;
	ledger->count++;
	ledger_sums_add(&ledger->sums, &entry->sums);
}

void ledger_pop_through(struct ledger *ledger, uint64_t seq, struct ledger_sums *sums)
{
	while (ledger->count > 0 && entry_at(ledger, 0)->seq <= seq) {
		settle(ledger, entry_at(ledger, 0), sums);
		ledger->first = (ledger->first + 1) % ledger->capacity;
		ledger->count--;
	}
}

void ledger_write_off(struct ledger *ledger, uint64_t seq, struct ledger_sums *sums)
{
	size_t low = 0;
	size_t high = ledger->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (entry_at(ledger, middle)->seq < seq)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < ledger->count && entry_at(ledger, low)->seq == seq)
		settle(ledger, entry_at(ledger, low), sums);
}

uint64_t ledger_first_seq(const struct ledger *ledger, uint64_t otherwise)
{
	return ledger->count > 0 ? entry_at(ledger, 0)->seq : otherwise;
}
