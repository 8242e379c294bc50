/* SPDX-License-Identifier: Apache-2.0 */
#include "telemetry/batch_unpack.h"

#include "telemetry/batch_scan.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

/* The fullest batch the encoder makes needs about a third: one-byte values in 8-byte columns, and
 * the unpacker's own list of 262,144 texts. */
#define BUDGET_BYTES (64u << 20)
/* What malloc keeps beside each piece. */
#define PIECE_BYTES 16u

struct budget {
	size_t left;
	bool is_exceeded;
	bool is_out_of_memory;
};

static void *budget_alloc(void *data, size_t size)
{
	struct budget *budget = data;
	void *piece;

	if (budget->left < PIECE_BYTES || size > budget->left - PIECE_BYTES) {
		budget->is_exceeded = true;
		return NULL;
	}
	budget->left -= size + PIECE_BYTES;
	piece = malloc(size);
	budget->is_out_of_memory |= !piece;
	return piece;
}

/* Gives nothing back: the budget bounds the work, too. */
static void budget_free(void *data, void *piece)
{
	(void)data;
	free(piece);
}

int batch_unpack(const uint8_t *raw, size_t size, Yagura__Telemetry__Batch **ret_batch,
		 const char **ret_why)
{
	struct budget budget = { .left = BUDGET_BYTES };
	ProtobufCAllocator allocator = { budget_alloc, budget_free, &budget };
	const char *why = batch_scan(raw, size);
	Yagura__Telemetry__Batch *batch = NULL;

	if (!why)
		batch = yagura__telemetry__batch__unpack(&allocator, size, raw);
	if (batch) {
		*ret_batch = batch;
		return 0;
	}
	if (budget.is_out_of_memory)
		return -ENOMEM;
	if (!why)
		why = budget.is_exceeded ? "unpacks to too much" : "not a protobuf message";
	*ret_why = why;
	return -EBADMSG;
}

void batch_unpacked_free(Yagura__Telemetry__Batch *batch)
{
	/* The default allocator frees what budget_alloc took: both are malloc's. */
	yagura__telemetry__batch__free_unpacked(batch, NULL);
}
