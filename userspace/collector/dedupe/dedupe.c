/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/dedupe/dedupe.h"

int dedupe_judge(const struct dedupe_marks *marks, const struct dedupe_key *key, uint64_t seq,
		 struct dedupe_verdict *ret_verdict)
{
	struct dedupe_verdict verdict = { 0 };
	int r = marks->get(marks->context, key, &verdict.mark);

	if (r < 0)
		return r;
	verdict.is_duplicate = seq <= verdict.mark;
	if (!verdict.is_duplicate && seq - verdict.mark > 1) {
		verdict.missing_first = verdict.mark + 1;
		verdict.missing_last = seq - 1;
	}
	*ret_verdict = verdict;
	return 0;
}
