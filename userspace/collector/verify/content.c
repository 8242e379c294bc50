/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/verify/content.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int ignore(void *context, const struct batch_header *header, const struct record *record)
{
	(void)context;
	(void)header;
	(void)record;
	return 0;
}

void content_done(struct content_epoch *epoch)
{
	free(epoch->bytes);
	*epoch = (struct content_epoch){ 0 };
}

static int reserve(struct content_epoch *epoch, size_t more)
{
	size_t needed = epoch->size + more;
	uint8_t *grown;

	if (needed <= epoch->capacity)
		return 0;
	grown = realloc(epoch->bytes, needed);
	if (!grown)
		return -ENOMEM;
	epoch->bytes = grown;
	epoch->capacity = needed;
	return 0;
}

static int find_place(struct content_epoch *epoch, const struct verify_batch *batch,
		      const char **ret_why)
{
	if (batch->epoch_index == 0) {
		epoch->first_seq = batch->seq;
		epoch->next_index = 0;
		epoch->size = 0;
		return 0;
	}
	if (batch->epoch_index != epoch->next_index ||
	    batch->seq != epoch->first_seq + epoch->next_index) {
		*ret_why = "the beginning of its epoch was not sent";
		return -ESTALE;
	}
	if (epoch->size > BATCH_HISTORY_BYTES_MAX) {
		*ret_why = "an epoch of too large tables";
		return -EBADMSG;
	}
	return 0;
}

static int decode(const struct content_epoch *epoch, struct batch_epoch *scratch,
		  const struct verify_batch *batch, bool is_known, const char **ret_why)
{
	const struct batch_input input = { .bytes = batch->payload,
					   .size = batch->payload_bytes,
					   .raw_size = batch->raw_bytes,
					   .seq = batch->seq,
					   .epoch_index = batch->epoch_index,
					   .history = epoch->size > 0 ? epoch->bytes : NULL,
					   .history_bytes = epoch->size };
	int r = is_known ? batch_take_tables(scratch, &input, ret_why)
			 : batch_decode(scratch, &input, ignore, NULL, ret_why);

	if (r == -E2BIG) {
		*ret_why = "longer than it declares";
		r = -EBADMSG;
	}
	return r;
}

/* The batch behind its history; then only its tables stay. */
static void keep(struct content_epoch *epoch, const struct batch_epoch *scratch,
		 const struct verify_batch *batch, struct verify_batch *ret_whole)
{
	memcpy(epoch->bytes + epoch->size, batch->payload, batch->payload_bytes);
	*ret_whole = *batch;
	ret_whole->payload = epoch->bytes;
	ret_whole->payload_bytes = epoch->size + batch->payload_bytes;
	ret_whole->history_bytes = epoch->size;
	epoch->size += batch_epoch_section_bytes(scratch);
	epoch->next_index++;
}

int content_check(struct content_epoch *epoch, struct batch_epoch *scratch,
		  const struct verify_batch *batch, bool is_known,
		  struct content_outcome *ret_outcome)
{
	int r;

	*ret_outcome = (struct content_outcome){ 0 };
	r = find_place(epoch, batch, &ret_outcome->why);
	if (r == 0)
		r = decode(epoch, scratch, batch, is_known, &ret_outcome->why);
	if (r == 0)
		r = reserve(epoch, batch->payload_bytes);
	if (r == 0)
		keep(epoch, scratch, batch, &ret_outcome->whole);
	return r;
}
