/* SPDX-License-Identifier: Apache-2.0 */
/* What the table is made of, for table.c (where entries stand) and table_tell.c (what events do to
 * them). Private to process/. */
#ifndef YAGURA_PROCESS_TABLE_ENTRY_H
#define YAGURA_PROCESS_TABLE_ENTRY_H

#define HASH_NONFATAL_OOM 1 /* uthash would exit() otherwise; a failed add leaves hh.tbl NULL */
#define HASH_FUNCTION(key, length, value) (value) = hash_bytes(key, length)

#include "sensor/process/table.h"

#include "common/hash.h"
#include "sensor/process/image.h"

#include <stddef.h>
#include <uthash.h>

/* A process's whole life is (start_ns, pid), the front of its key. */
#define LIFE_BYTES offsetof(struct process_key, exec_count)
_Static_assert(LIFE_BYTES == sizeof(uint64_t) + sizeof(uint32_t), "no hole before exec_count");

/* One image of one process, named by its whole key. */
struct process_entry {
	struct process process;
	struct process_image *image; /* NULL: unknown */
	uint64_t exited_ns; /* or when it was passed over last */
	uint64_t held_until_ns; /* a flow of it was going on */
	bool is_held; /* was passed over */
	bool is_newest; /* of its life, and so in the table's `newest` */
	struct process_entry *prev, *next; /* in `live` or `exited` */
	UT_hash_handle hh;
	UT_hash_handle hh_newest;
};

/* `newest` finds what an exec or exit ends even when the events between were lost. */
struct process_table {
	struct process_table_options options;
	struct process_table_stats stats;
	struct process_entry *by_key;
	struct process_entry *newest; /* one for each life: the entry with the highest exec_count */
	struct process_entry *live; /* oldest first */
	struct process_entry *exited; /* in the order their ends were told */
};

struct process_entry *process_entry_find(const struct process_table *table,
					 const struct process_key *key);
/* The latest image of the same life. */
struct process_entry *process_entry_newest(const struct process_table *table,
					   const struct process_key *key);
/* The entry of that key, a new one if need be; NULL without memory. */
struct process_entry *process_entry_add(struct process_table *table, const struct process_key *key,
					uint64_t now_ns);
/* Has ended, if it had not yet. */
void process_entry_retire(struct process_table *table, struct process_entry *entry,
			  uint64_t now_ns);
/* Takes over the reference to `image`. */
void process_entry_set_image(struct process_table *table, struct process_entry *entry,
			     struct process_image *image);
/* Keeps to the limits. Comes last in whatever adds or retires: until then no entry goes away. */
void process_table_trim(struct process_table *table, uint64_t now_ns);

#endif
