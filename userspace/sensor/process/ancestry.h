/* SPDX-License-Identifier: Apache-2.0 */
/* Whose descendant a process is, by the table's links. Pure. */
#ifndef YAGURA_PROCESS_ANCESTRY_H
#define YAGURA_PROCESS_ANCESTRY_H

#include "sensor/process/table.h"

struct process_ancestor {
	struct process_key key;
	struct text executable; /* lives as long as the table is left alone; empty: kernel thread */
	bool is_known; /* false: it is one, but which program it runs was never learned */
};

/*
 * The ancestors of `key`, nearest first, up to and including pid 1, the first process of a pid
 * namespace (a container's init) or a kernel thread, at most `max` of them; how many that are. One
 * that is not known is the last, as nobody knows whose child it is; without any the process itself
 * is not known, or has none. Right after an exec of `key` was told, they are those of that moment.
 */
size_t process_chain(const struct process_table *table, const struct process_key *key,
		     struct process_ancestor *ret_ancestors, size_t max);

#endif
