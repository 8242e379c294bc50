/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sensor with a fault: its worker loses the first record of each class and says nothing. It is
 * the product linked anew, with --wrap=batch_add; the product itself has no such place.
 */
#include "sensor/batch/batch.h"

int __real_batch_add(struct batch *batch, const struct record *record, uint64_t now_ns);
int __wrap_batch_add(struct batch *batch, const struct record *record, uint64_t now_ns);

int __wrap_batch_add(struct batch *batch, const struct record *record, uint64_t now_ns)
{
	static bool has_lost[RECORD_CLASS_COUNT];

	if (record->class != RECORD_GAP && !has_lost[record->class]) {
		has_lost[record->class] = true;
		return 0;
	}
	return __real_batch_add(batch, record, now_ns);
}
