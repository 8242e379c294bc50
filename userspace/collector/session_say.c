/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/session_say.h"

#include "common/log.h"

#include <inttypes.h>

void session_say_rewinds(const char *name, const struct verify_hello *hello,
			 const struct intake_rewind rewinds[VERIFY_LANES])
{
	for (uint32_t lane = 0; lane < VERIFY_LANES; lane++)
		if (rewinds[lane].stored > 0)
			log_warn("session",
				 "sensor %s: lane %" PRIu32 ": its spool was set back to an older "
				 "state: it makes batch %" PRIu64 " next, but %" PRIu64
				 " is stored; taken anew from %" PRIu64
				 " on, so that some records may be stored twice",
				 name, lane, hello->lanes[lane].next_seq, rewinds[lane].stored,
				 rewinds[lane].next_seq);
}

void session_say_hole(const char *name, uint32_t lane, const struct intake_outcome *outcome)
{
	if (outcome->missing_first > 0)
		log_warn("session",
			 "sensor %s: lane %" PRIu32 " batches %" PRIu64 " to %" PRIu64
			 " are missing, unexplained",
			 name, lane, outcome->missing_first, outcome->missing_last);
}
