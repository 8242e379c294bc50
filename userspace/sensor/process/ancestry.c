/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/process/ancestry.h"

static struct process_ancestor ancestor_of(const struct process *child,
					   const struct process *ancestor)
{
	return (struct process_ancestor){
		.key = child->parent,
		.executable = ancestor ? ancestor->executable : (struct text){ 0 },
		.is_known =
			child->has_kernel_parent || (ancestor && ancestor->executable.length > 0),
	};
}

size_t process_chain(const struct process_table *table, const struct process_key *key,
		     struct process_ancestor *ret_ancestors, size_t max)
{
	const struct process *process = process_table_find(table, key);
	size_t count = 0;

	while (process && process->parent.pid != 0 && count < max) {
		const struct process *ancestor = process_table_find(table, &process->parent);

		ret_ancestors[count++] = ancestor_of(process, ancestor);
		if (ancestor && ancestor->is_namespace_init)
			break;
		process = ancestor;
	}
	return count;
}
