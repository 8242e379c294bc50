/* SPDX-License-Identifier: Apache-2.0 */
/* Random numbers out of a seed, the same on every machine. */
#ifndef YAGURA_TESTS_BENCH_TELEMETRY_CHANCE_H
#define YAGURA_TESTS_BENCH_TELEMETRY_CHANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct chance {
	uint64_t state;
};

uint64_t chance_next(struct chance *chance);
/* 0 … bound - 1. */
uint32_t chance_below(struct chance *chance, uint32_t bound);
bool chance_percent(struct chance *chance, uint32_t percent);
double chance_unit(struct chance *chance); /* above 0, below 1 */
double chance_exponential(struct chance *chance, double mean);
double chance_log_normal(struct chance *chance, double median, double sigma);
void chance_bytes(struct chance *chance, void *ret_bytes, size_t size);
/* Small letters and digits, no NUL. */
void chance_word(struct chance *chance, char *ret_word, size_t length);

/* Zipf's law with exponent 1. */
struct zipf {
	double *sums;
	uint32_t count;
};
void zipf_init(struct zipf *zipf, uint32_t count);
void zipf_done(struct zipf *zipf);
uint32_t zipf_draw(const struct zipf *zipf, struct chance *chance);

/* Bits that a value takes on average if each is coded by how often it comes, alone. Sorts. */
double entropy_bits(uint64_t *values, size_t count);

#endif
