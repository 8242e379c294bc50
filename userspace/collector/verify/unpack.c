/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/verify/unpack.h"

#include <stdlib.h>

/* Room for the fixed structs; on top, what is copied out of the frame (never more than the frame)
 * and the unpacker's own tables. */
#define BUDGET_BYTES (32u << 10)
#define BUDGET_PER_BYTE 2u

static void *take(void *budget, size_t size)
{
	size_t *left = budget;

	if (size > *left)
		return NULL;
	*left -= size;
	return malloc(size);
}

/* What is given back is not added again: the budget bounds the work, too. */
static void give(void *budget, void *pointer)
{
	(void)budget;
	free(pointer);
}

Yagura__Transport__Frame *unpack_frame(const uint8_t *body, size_t size)
{
	size_t left = BUDGET_BYTES + BUDGET_PER_BYTE * size;
	ProtobufCAllocator allocator = { .alloc = take, .free = give, .allocator_data = &left };

	return yagura__transport__frame__unpack(&allocator, size, body);
}

void unpack_free(Yagura__Transport__Frame *frame)
{
	ProtobufCAllocator allocator = { .alloc = take, .free = give };

	if (frame)
		yagura__transport__frame__free_unpacked(frame, &allocator);
}
