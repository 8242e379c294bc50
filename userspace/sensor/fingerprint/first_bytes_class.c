/* SPDX-License-Identifier: Apache-2.0 */
/* What kind of bytes a stream begins with. Whole numbers only, so that every host says the same;
 * the definition is in proto/FINGERPRINTS.md. */
#include "sensor/fingerprint/fingerprint.h"

#define BYTES_MIN 16
#define BYTES_MAX 256 /* that are looked at */

struct shape {
	uint32_t counts[256];
	uint32_t size;
	uint32_t printable;
	uint32_t ones; /* bits */
};

static bool is_printable(uint8_t byte)
{
	return (byte >= ' ' && byte <= '~') || byte == '\t' || byte == '\r' || byte == '\n';
}

static struct shape shape_of(struct cursor bytes)
{
	struct shape shape = { .size = (uint32_t)bytes.left };

	while (bytes.left > 0) {
		uint8_t byte = cursor_u8(&bytes);

		shape.counts[byte]++;
		shape.printable += is_printable(byte);
		shape.ones += (uint32_t)__builtin_popcount(byte);
	}
	return shape;
}

/* Ordered pairs of equal bytes: collision entropy (Rényi's of order 2) without a logarithm. Random
 * bytes have size (size - 1) / 256 of them on the average. */
static uint32_t equal_pairs(const struct shape *shape)
{
	uint32_t pairs = 0;

	for (size_t i = 0; i < 256; i++)
		if (shape->counts[i] > 0)
			pairs += shape->counts[i] * (shape->counts[i] - 1);
	return pairs;
}

/* At most twice the pairs of random bytes and three more, and ones within three standard deviations
 * (each bit: 1/2) of four a byte. */
static bool is_random(const struct shape *shape)
{
	uint32_t size = shape->size;
	uint32_t half = 4 * size;
	uint32_t off = shape->ones > half ? shape->ones - half : half - shape->ones;

	return equal_pairs(shape) * 256 <= 2 * size * (size - 1) + 6 * 256 &&
	       off * off <= 18 * size;
}

void fingerprint_first_bytes(struct cursor bytes, struct marks *marks)
{
	struct cursor begin = cursor_take(&bytes, bytes.left < BYTES_MAX ? bytes.left : BYTES_MAX);
	struct shape shape = shape_of(begin);
	const char *kind = is_random(&shape) ? "random" : "binary";

	if (shape.size < BYTES_MIN)
		return;
	if (shape.printable * 10 >= shape.size * 9)
		kind = "text";
	marks_add_string(marks, MARK_FIRST_BYTES, kind);
	explicit_bzero(&shape, sizeof(shape));
}
