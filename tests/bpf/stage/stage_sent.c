/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf/stage/stage_sent.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

void stage_sent_forget(struct sent *sent, struct ahead *ahead)
{
	DL_DELETE(sent->ahead, ahead);
	sent->ahead_bytes -= ahead->size;
	sent->ahead_count--;
	free(ahead);
}

static int by_offset(const struct ahead *a, const struct ahead *b)
{
	return (a->offset > b->offset) - (a->offset < b->offset);
}

int stage_sent_keep(struct sent *sent, uint32_t offset, const struct cursor *bytes)
{
	struct ahead *ahead = malloc(sizeof(*ahead) + bytes->left);

	if (!ahead)
		return -ENOMEM;
	ahead->offset = offset;
	ahead->size = (uint32_t)bytes->left;
	memcpy(ahead->bytes, bytes->at, bytes->left);
	DL_INSERT_INORDER(sent->ahead, ahead, by_offset);
	sent->ahead_bytes += ahead->size;
	sent->ahead_count++;
	return 0;
}

void stage_sent_reach(struct sent *sent, uint64_t to)
{
	if (to > sent->edge)
		sent->edge = to;
	while (sent->ahead && sent->ahead->offset <= sent->edge) {
		struct ahead *ahead = sent->ahead;

		if (ahead->offset + ahead->size > sent->edge)
			sent->edge = ahead->offset + ahead->size;
		stage_sent_forget(sent, ahead);
	}
}
