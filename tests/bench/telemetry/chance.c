/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/telemetry/chance.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* splitmix64. */
uint64_t chance_next(struct chance *chance)
{
	uint64_t z = chance->state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

uint32_t chance_below(struct chance *chance, uint32_t bound)
{
	return (uint32_t)((chance_next(chance) >> 32) * bound >> 32);
}

bool chance_percent(struct chance *chance, uint32_t percent)
{
	return chance_below(chance, 100) < percent;
}

double chance_unit(struct chance *chance)
{
	return ((double)(chance_next(chance) >> 11) + 0.5) / 9007199254740992.0; /* 2^53 */
}

double chance_exponential(struct chance *chance, double mean)
{
	return -mean * log(chance_unit(chance));
}

double chance_log_normal(struct chance *chance, double median, double sigma)
{
	/* Box and Muller. */
	double radius = sqrt(-2 * log(chance_unit(chance)));

	return median * exp(sigma * radius * cos(6.283185307179586 * chance_unit(chance)));
}

void chance_bytes(struct chance *chance, void *ret_bytes, size_t size)
{
	uint8_t *at = ret_bytes;

	for (size_t i = 0; i < size; i++)
		at[i] = (uint8_t)(chance_next(chance) >> 56);
}

void chance_word(struct chance *chance, char *ret_word, size_t length)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";

	for (size_t i = 0; i < length; i++)
		ret_word[i] = letters[chance_below(chance, sizeof(letters) - 1)];
}

void zipf_init(struct zipf *zipf, uint32_t count)
{
	double sum = 0;

	*zipf = (struct zipf){ .sums = malloc(count * sizeof(double)), .count = count };
	if (!zipf->sums)
		abort();
	for (uint32_t i = 0; i < count; i++)
		zipf->sums[i] = sum += 1.0 / (i + 1);
}

void zipf_done(struct zipf *zipf)
{
	free(zipf->sums);
}

uint32_t zipf_draw(const struct zipf *zipf, struct chance *chance)
{
	double at = chance_unit(chance) * zipf->sums[zipf->count - 1];
	uint32_t low = 0, high = zipf->count - 1;

	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (zipf->sums[middle] < at)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int by_value(const void *a, const void *b)
{
	uint64_t x, y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return (x > y) - (x < y);
}

double entropy_bits(uint64_t *values, size_t count)
{
	double bits = 0;

	qsort(values, count, sizeof(*values), by_value);
	for (size_t i = 0, first = 0; i < count; i++) {
		if (i + 1 < count && values[i + 1] == values[i])
			continue;
		double share = (double)(i + 1 - first) / (double)count;

		bits -= share * log2(share);
		first = i + 1;
	}
	return bits;
}
