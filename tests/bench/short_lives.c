/* SPDX-License-Identifier: Apache-2.0 */
/*
 * short_lives [LIVES]: feeds the process table with so many processes (1,000,000) that are forked,
 * execute and end, as fast as it can, with the limits the sensor has. Prints what it takes of
 * memory early and late: the table is full after the first 32,768, from then on nothing may grow.
 */
#include "sensor/process/table.h"
#include "support/event_build.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define EARLY 100000u

static long resident_kib(void)
{
	long pages = 0;
	FILE *file = fopen("/proc/self/statm", "re");

	if (!file || fscanf(file, "%*d %ld", &pages) != 1)
		err(EXIT_FAILURE, "/proc/self/statm");
	fclose(file);
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static void live(struct process_table *table, uint32_t i)
{
	const struct process_key shell = { 1, 2, 2 }, init = { 1, 1, 1 };
	const uint64_t now_ns = 1000000ull * i;
	struct process_key process = { now_ns, 100 + i % 30000, 2 };
	struct event_fork fork = build_fork(process, shell, now_ns);
	struct event_exec exec;
	struct event_exit ended;
	struct text path = { "/usr/bin/true", 13 }, args = { "true\0argument\0", 14 };

	process.exec_count++;
	exec = build_exec(process, shell, now_ns);
	exec.ancestor_count = 1;
	ended = build_exit(process, now_ns);
	if (process_table_fork(table, &fork) < 0 ||
	    process_table_exec(table, &exec, &init, path, args) < 0 ||
	    process_table_exit(table, &ended) < 0)
		errx(EXIT_FAILURE, "no memory");
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	const struct process_table_options options = { .exited_max = 65536,
						       .live_max = 65536,
						       .texts_bytes_max = 16u << 20 };
	uint32_t lives = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 1000000;
	struct process_table *table = process_table_new(&options);
	struct process_table_stats stats;
	double start = seconds();

	printf("resident_empty: %ld KiB\n", resident_kib());
	for (uint32_t i = 1; table && i <= lives; i++) {
		live(table, i);
		if (i == EARLY)
			printf("resident_after_%u: %ld KiB\n", i, resident_kib());
	}
	if (!table)
		errx(EXIT_FAILURE, "no memory");
	printf("resident_after_%u: %ld KiB\n", lives, resident_kib());
	printf("time_per_life: %.0f ns\n", (seconds() - start) * 1e9 / lives);
	process_table_stats(table, &stats);
	printf("processes_kept: %u entries\n", stats.live + stats.exited);
	process_table_free(table);
	return 0;
}
