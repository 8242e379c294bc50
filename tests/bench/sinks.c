/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How fast sinks keep records: flows of busy hosts (bench/telemetry/model.h), each a new one, of
 * 100 sensors in batches of 500, into an empty store, in the groups that feeds make and flushed as
 * they are. One thread. BENCH_FLOWS says how many.
 */
#include "bench/telemetry/model.h"
#include "collector/sinks/ndjson.h"
#include "collector/sinks/sqlite.h"
#include "common/clock.h"
#include "support/temp_dir.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FLOWS 400000
#define GROUP 50000 /* as collector/feed.c */
#define BATCH 500
#define SENSORS 100

static const struct batch_header header = { .boot_id = { 2 } };

static int must(int r, const char *what)
{
	if (r < 0) {
		fprintf(stderr, "%s: %s\n", what, strerror(-r));
		exit(1);
	}
	return r;
}

static void write_all(const struct sink *sink, void *state, const struct model *model)
{
	struct sink_place place = { .generation = 1 };
	uint8_t sensor[16] = { 0x5a, 0x11 };

	for (size_t i = 0; i < model->flow_count; i++) {
		sensor[8] = (uint8_t)(i / BATCH % SENSORS);

		const struct sink_item item = { .sensor = sensor,
						.header = &header,
						.record = &model->flows[i] };

		must(sink->write(state, &item), "write");
		if (i % GROUP != GROUP - 1 && i + 1 != model->flow_count)
			continue;
		place.position = i + 1;
		must(sink->flush(state, &place), "flush");
	}
}

static void measure(const struct sink *sink, const struct sink_options *options,
		    const struct model *model, const char *name)
{
	char error[SINK_ERROR_BYTES] = "";
	void *state = NULL;
	uint64_t start_ns;
	double seconds;

	if (sink->open(options, &state, error) < 0) {
		fprintf(stderr, "%s\n", error);
		exit(1);
	}
	start_ns = clock_read_ns(CLOCK_THREAD_CPUTIME_ID);
	uint64_t wall_ns = clock_read_ns(CLOCK_MONOTONIC);

	write_all(sink, state, model);
	seconds = (double)(clock_read_ns(CLOCK_THREAD_CPUTIME_ID) - start_ns) / NS_PER_S;
	printf("%s_rows_per_cpu_second: %.0f rows/s\n", name, (double)model->flow_count / seconds);
	seconds = (double)(clock_read_ns(CLOCK_MONOTONIC) - wall_ns) / NS_PER_S;
	printf("%s_rows_per_second: %.0f rows/s\n", name, (double)model->flow_count / seconds);
	sink->close(state);
}

static void print_size(const char *directory, size_t rows)
{
	char *path = temp_dir_path(directory, "yagura.db");
	struct stat found;

	if (stat(path, &found) == 0)
		printf("sqlite_bytes_per_flow: %.0f B\n", (double)found.st_size / (double)rows);
	free(path);
}

int main(void)
{
	const char *wanted = getenv("BENCH_FLOWS");
	struct model_options options = { .seed = 1,
					 .flows = wanted ? strtoul(wanted, NULL, 10) : FLOWS };
	char *directory = temp_dir_new();
	struct sink_options sinks = {
		.directory = directory,
		.ndjson = { .is_enabled = true, .rotate_bytes = UINT64_MAX, .rotate_s = UINT32_MAX }
	};
	struct model model;

	model_make(&options, &model);
	for (size_t i = 0; i < model.flow_count; i++) { /* as a kernel gives them out */
		model.flows[i].flow.cookie = i;
		model.flows[i].flow.final = true;
	}
	measure(&sqlite_sink, &sinks, &model, "sqlite");
	print_size(directory, model.flow_count);
	measure(&ndjson_sink, &sinks, &model, "ndjson");
	sinks.ndjson.is_ocsf = true;
	measure(&ndjson_sink, &sinks, &model, "ndjson_ocsf");
	model_done(&model);
	temp_dir_remove(directory);
	return 0;
}
