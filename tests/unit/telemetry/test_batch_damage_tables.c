/* SPDX-License-Identifier: Apache-2.0 */
/* The same of the tables that records share. */
#include "support/sample_batch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#undef UNIT_TESTING /* cmocka's own malloc hides overreads from ASan */
#include <cmocka.h>

static void mark_over_the_end(Yagura__Telemetry__Batch *batch)
{
	batch->fingerprints->mark[3] = (uint32_t)batch->marks->n_kind + 1;
}

static void no_mark(Yagura__Telemetry__Batch *batch)
{
	batch->fingerprints->mark[0] = 0;
}

static void mark_value_over_the_end(Yagura__Telemetry__Batch *batch)
{
	batch->marks->value[0] = UINT32_MAX;
}

static void fingerprint_over_the_end(Yagura__Telemetry__Batch *batch)
{
	batch->flow_classes->fingerprint[0] = (uint32_t)batch->fingerprints->n_mark + 1;
}

/* References to earlier rows, as deltas: 0, 1, 2 … */
static void fingerprint_before_itself(Yagura__Telemetry__Batch *batch)
{
	batch->fingerprints->before[0] = 1;
}

static void fingerprint_before_a_later_one(Yagura__Telemetry__Batch *batch)
{
	batch->fingerprints->before[2] += 2;
}

static void fingerprint_far_before(Yagura__Telemetry__Batch *batch)
{
	batch->fingerprints->before[2] = INT64_MIN;
}

static void fingerprint_column_short(Yagura__Telemetry__Batch *batch)
{
	batch->fingerprints->n_before--;
}

static void mark_column_short(Yagura__Telemetry__Batch *batch)
{
	batch->marks->n_value--;
}

static void marks_missing(Yagura__Telemetry__Batch *batch)
{
	yagura__telemetry__marks__free_unpacked(batch->marks, NULL);
	batch->marks = NULL;
}

static void splt_over_the_end(Yagura__Telemetry__Batch *batch)
{
	batch->flows->splt[0] = (uint32_t)batch->n_blobs + 1;
}

static void splt_cut(Yagura__Telemetry__Batch *batch)
{
	batch->blobs[batch->flows->splt[0] - 1].len--;
}

static void name_over_the_end(Yagura__Telemetry__Batch *batch)
{
	batch->peers->name[0] = UINT32_MAX;
}

static void kinds_of_a_later_version(Yagura__Telemetry__Batch *batch)
{
	batch->marks->kind[0] = MARK_KIND_COUNT;
	batch->marks->kind[1] = UINT32_MAX;
	batch->marks->kind[2] = MARK_NONE;
}

static void no_peer(Yagura__Telemetry__Batch *batch)
{
	batch->flows->peer[0] = 0;
}

static void peer_over_the_end(Yagura__Telemetry__Batch *batch)
{
	batch->flows->peer[0] = 2;
}

static void class_over_the_end(Yagura__Telemetry__Batch *batch)
{
	batch->flows->class_[0] = UINT32_MAX;
}

static void command_over_the_end(Yagura__Telemetry__Batch *batch)
{
	free(batch->processes->command);
	batch->processes->command =
		calloc(batch->processes->n_pid, sizeof(*batch->processes->command));
	batch->processes->command[0] = (uint32_t)batch->commands->n_image + 1;
	batch->processes->n_command = batch->processes->n_pid;
}

static void image_over_the_end(Yagura__Telemetry__Batch *batch)
{
	batch->commands->image[0] = UINT32_MAX;
}

static void situation_over_the_end(Yagura__Telemetry__Batch *batch)
{
	batch->execs->situation[0] = 2;
}

static void px1_over_the_end(Yagura__Telemetry__Batch *batch)
{
	batch->images->px1[0] = (uint32_t)batch->n_texts + 1;
}

static void px1_end_over_the_end(Yagura__Telemetry__Batch *batch)
{
	free(batch->situations->px1_end);
	batch->situations->px1_end = malloc(sizeof(*batch->situations->px1_end));
	batch->situations->px1_end[0] = UINT32_MAX;
	batch->situations->n_px1_end = 1;
}

static struct sample_damage cases[] = {
	{ "mark over the end", mark_over_the_end, "mark reference out of range" },
	{ "no mark", no_mark, "fingerprint without a mark" },
	{ "mark value over the end", mark_value_over_the_end, "text reference out of range" },
	{ "mark table missing", marks_missing, "mark reference out of range" },
	{ "fingerprint over the end", fingerprint_over_the_end,
	  "fingerprint reference out of range" },
	{ "fingerprint before itself", fingerprint_before_itself, "fingerprint before itself" },
	{ "fingerprint before a later one", fingerprint_before_a_later_one,
	  "fingerprint before itself" },
	{ "fingerprint far before", fingerprint_far_before, "fingerprint before itself" },
	{ "fingerprint column short", fingerprint_column_short, "columns of different lengths" },
	{ "mark column short", mark_column_short, "columns of different lengths" },
	{ "packet sequence over the end", splt_over_the_end, "text reference out of range" },
	{ "packet sequence cut", splt_cut, "packet sequence of a wrong length" },
	{ "name over the end", name_over_the_end, "text reference out of range" },
	{ "no peer", no_peer, "address of neither 4 nor 16 bytes" },
	{ "peer over the end", peer_over_the_end, "peer reference out of range" },
	{ "flow class over the end", class_over_the_end, "flow class reference out of range" },
	{ "command over the end", command_over_the_end, "command reference out of range" },
	{ "image over the end", image_over_the_end, "image reference out of range" },
	{ "situation over the end", situation_over_the_end, "situation reference out of range" },
	{ "px1 over the end", px1_over_the_end, "text reference out of range" },
	{ "end of px1 over the end", px1_end_over_the_end, "text reference out of range" },
	{ "kinds of a later version are left out", kinds_of_a_later_version, NULL },
};

int main(void)
{
	struct CMUnitTest tests[sizeof(cases) / sizeof(cases[0])];

	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		tests[i] = (struct CMUnitTest){ cases[i].name, sample_check_damage, NULL, NULL,
						&cases[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
