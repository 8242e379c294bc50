/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/flow/first_bytes.h"

/* Each byte may be read so often on the average, and the first ones as often as they come. */
#define READS_A_BYTE 8
#define READS_FREE_BYTES 1024
/* Reads beyond that, when all that was announced has come. */
#define SPARE_READS 4

void first_bytes_init(struct first_bytes *message, size_t bytes_max)
{
	*message = (struct first_bytes){ .bytes_max = bytes_max, .spare_reads = SPARE_READS };
}

void first_bytes_done(struct first_bytes *message)
{
	pieces_done(&message->pieces);
	first_bytes_init(message, message->bytes_max);
}

static size_t capped_end(const struct first_bytes *message, size_t offset, size_t size)
{
	if (offset >= message->bytes_max || size > message->bytes_max - offset)
		return message->bytes_max;
	return offset + size;
}

size_t first_bytes_growth(const struct first_bytes *message, size_t offset, size_t size)
{
	return pieces_growth(&message->pieces, capped_end(message, offset, size));
}

size_t first_bytes_heap(const struct first_bytes *message)
{
	return pieces_heap(&message->pieces);
}

int first_bytes_add(struct first_bytes *message, size_t offset, struct cursor piece)
{
	size_t end = capped_end(message, offset, piece.left);
	size_t size = end > offset ? end - offset : 0;

	return pieces_add(&message->pieces, offset, cursor_take(&piece, size));
}

void first_bytes_expect(struct first_bytes *message, size_t total)
{
	if (total > 0)
		message->total = total;
}

bool first_bytes_is_whole(const struct first_bytes *message)
{
	return message->total > 0 && message->pieces.prefix >= message->total;
}

bool first_bytes_is_full(const struct first_bytes *message)
{
	return message->pieces.prefix >= message->bytes_max;
}

bool first_bytes_has_news(const struct first_bytes *message)
{
	return message->pieces.prefix > message->read;
}

static bool is_affordable(const struct first_bytes *message)
{
	return message->read_sum + message->pieces.prefix <=
	       READS_A_BYTE * message->pieces.prefix + READS_FREE_BYTES;
}

bool first_bytes_is_due(const struct first_bytes *message)
{
	if (!first_bytes_has_news(message))
		return false;
	if (first_bytes_is_full(message))
		return true;
	if (message->pieces.prefix < message->total)
		return false;
	return is_affordable(message) ||
	       (first_bytes_is_whole(message) && message->spare_reads > 0);
}

struct cursor first_bytes_read(struct first_bytes *message)
{
	if (!is_affordable(message) && message->spare_reads > 0)
		message->spare_reads--;
	first_bytes_was_read(message, message->pieces.prefix);
	return pieces_bytes(&message->pieces);
}

void first_bytes_was_read(struct first_bytes *message, size_t size)
{
	message->read = size;
	message->read_sum += size;
}
