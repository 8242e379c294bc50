/* SPDX-License-Identifier: Apache-2.0 */
/* A batch that is not what it should be: each row changes one thing of a good one. */
#include "support/sample_batch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#undef UNIT_TESTING /* cmocka's own malloc hides overreads from ASan */
#include <cmocka.h>

static void no_schema(Yagura__Telemetry__Batch *batch)
{
	batch->schema = 0;
}

static void later_schema(Yagura__Telemetry__Batch *batch)
{
	batch->schema = BATCH_SCHEMA + 1;
}

static void no_boot_id(Yagura__Telemetry__Batch *batch)
{
	batch->boot_id.len = 0;
}

static void short_boot_id(Yagura__Telemetry__Batch *batch)
{
	batch->boot_id.len = 15;
}

/* Of the four processes of the batch. */
static void process_column_short(Yagura__Telemetry__Batch *batch)
{
	batch->processes->n_exec_count--;
}

/* One row: one value less would be a column that is left out. */
static void exec_column_long(Yagura__Telemetry__Batch *batch)
{
	free(batch->execs->facts);
	batch->execs->facts = calloc(2, sizeof(*batch->execs->facts));
	batch->execs->n_facts = 2;
}

static void exit_column_short(Yagura__Telemetry__Batch *batch)
{
	batch->exits->n_time_ms--;
}

static void flow_column_long(Yagura__Telemetry__Batch *batch)
{
	free(batch->flows->ports);
	batch->flows->ports = calloc(2, sizeof(*batch->flows->ports));
	batch->flows->n_ports = 2;
}

static void process_over_the_end(Yagura__Telemetry__Batch *batch)
{
	batch->exits->process[0] = (uint32_t)batch->processes->n_pid + 1;
}

static void parent_far_over_the_end(Yagura__Telemetry__Batch *batch)
{
	batch->situations->parent[0] = UINT32_MAX;
}

static void listener_over_the_end(Yagura__Telemetry__Batch *batch)
{
	batch->flow_classes->listener[0] = 100;
}

static void executable_over_the_end(Yagura__Telemetry__Batch *batch)
{
	batch->images->executable[0] = (uint32_t)batch->n_texts + 1;
}

static void args_over_the_end(Yagura__Telemetry__Batch *batch)
{
	batch->commands->args[1] = UINT32_MAX;
}

static void addr_over_the_end(Yagura__Telemetry__Batch *batch)
{
	batch->flow_classes->local_addr[0] = 1000;
}

static void no_addr(Yagura__Telemetry__Batch *batch)
{
	batch->peers->addr[0] = 0;
}

static void addr_of_five_bytes(Yagura__Telemetry__Batch *batch)
{
	ProtobufCBinaryData *text = &batch->blobs[batch->flow_classes->local_addr[0] - 1];

	text->data = realloc(text->data, 5);
	assert_non_null(text->data);
	text->data[4] = 0;
	text->len = 5;
}

static void addr_is_empty(Yagura__Telemetry__Batch *batch)
{
	batch->blobs[batch->flow_classes->local_addr[0] - 1].len = 0;
}

static void source_port_high(Yagura__Telemetry__Batch *batch)
{
	batch->flows->source_port[0] = 65536;
}

static void destination_port_high(Yagura__Telemetry__Batch *batch)
{
	batch->flow_classes->destination_port[0] = UINT32_MAX;
}

static void protocol_high(Yagura__Telemetry__Batch *batch)
{
	batch->flow_classes->protocol[0] = 256;
}

static void time_over_the_end(Yagura__Telemetry__Batch *batch)
{
	batch->base_ms = UINT64_MAX / 1000000;
	batch->exits->time_ms[0] = 1;
}

static void time_before_1970(Yagura__Telemetry__Batch *batch)
{
	batch->exits->time_ms[0] = -(int64_t)batch->base_ms - 1;
}

static void time_of_smallest_delta(Yagura__Telemetry__Batch *batch)
{
	batch->exits->time_ms[0] = INT64_MIN;
}

static void gap_time_over_the_end(Yagura__Telemetry__Batch *batch)
{
	batch->gaps->time_ms[0] = INT64_MAX;
}

static void endless_duration(Yagura__Telemetry__Batch *batch)
{
	batch->flows->duration_ms[0] = UINT64_MAX / 1000000;
}

static void gap_class_unknown(Yagura__Telemetry__Batch *batch)
{
	batch->gaps->record_class[0] = RECORD_CLASS_COUNT;
}

static void first_column_missing(Yagura__Telemetry__Batch *batch)
{
	batch->flows->n_end_ms = 0;
}

static void context_column_short(Yagura__Telemetry__Batch *batch)
{
	free(batch->contexts->cap_ambient);
	batch->contexts->cap_ambient = calloc(2, sizeof(*batch->contexts->cap_ambient));
	batch->contexts->n_cap_ambient = 2;
}

static void context_over_the_end(Yagura__Telemetry__Batch *batch)
{
	batch->situations->context[0] = 2;
}

static void file_over_the_end(Yagura__Telemetry__Batch *batch)
{
	batch->images->file[0] = UINT32_MAX;
}

static void socket_over_the_end(Yagura__Telemetry__Batch *batch)
{
	batch->flow_classes->socket[0] = 2;
}

static void cgroup_over_the_end(Yagura__Telemetry__Batch *batch)
{
	batch->contexts->cgroup[0] = (uint32_t)batch->n_texts + 1;
}

static void cgroup_of_gap_over_the_end(Yagura__Telemetry__Batch *batch)
{
	batch->gaps->cgroup[0] = UINT32_MAX;
}

static void script_over_the_end(Yagura__Telemetry__Batch *batch)
{
	batch->images->script[0] = UINT32_MAX;
}

static void icmp_high(Yagura__Telemetry__Batch *batch)
{
	batch->flow_classes->icmp[0] = 65536;
}

static void endless_run(Yagura__Telemetry__Batch *batch)
{
	batch->exits->run_us[0] = UINT64_MAX / 1000 + 1;
}

static void table_missing(Yagura__Telemetry__Batch *batch)
{
	yagura__telemetry__processes__free_unpacked(batch->processes, NULL);
	batch->processes = NULL;
}

static void names_of_a_later_version(Yagura__Telemetry__Batch *batch)
{
	batch->names = BATCH_NAMES_ABSENT + 1;
}

static void another_place(Yagura__Telemetry__Batch *batch)
{
	batch->epoch_index = 1;
}

static void unused_flag_bits(Yagura__Telemetry__Batch *batch)
{
	batch->flow_classes->flags[0] = UINT32_MAX;
	batch->execs->flags[0] = UINT32_MAX;
	batch->commands->flags[0] = UINT32_MAX;
}

static struct sample_damage cases[] = {
	{ "no schema", no_schema, "unknown schema; this reader knows 4" },
	{ "later schema", later_schema, "unknown schema; this reader knows 4" },
	{ "no boot id", no_boot_id, "boot id of other than 16 bytes" },
	{ "short boot id", short_boot_id, "boot id of other than 16 bytes" },
	{ "process column short", process_column_short, "columns of different lengths" },
	{ "exec column long", exec_column_long, "columns of different lengths" },
	{ "exit column short", exit_column_short, "columns of different lengths" },
	{ "flow column long", flow_column_long, "columns of different lengths" },
	{ "first column missing", first_column_missing, "columns of different lengths" },
	{ "context column of another length", context_column_short,
	  "columns of different lengths" },
	{ "context over the end", context_over_the_end, "context reference out of range" },
	{ "file over the end", file_over_the_end, "file reference out of range" },
	{ "socket over the end", socket_over_the_end, "socket reference out of range" },
	{ "control group over the end", cgroup_over_the_end, "text reference out of range" },
	{ "control group of a gap over the end", cgroup_of_gap_over_the_end,
	  "text reference out of range" },
	{ "script over the end", script_over_the_end, "text reference out of range" },
	{ "ICMP type high", icmp_high, "ICMP type out of range" },
	{ "endless run", endless_run, "run time out of range" },
	{ "process over the end", process_over_the_end, "process reference out of range" },
	{ "parent far over the end", parent_far_over_the_end, "process reference out of range" },
	{ "listener over the end", listener_over_the_end, "process reference out of range" },
	{ "process table missing", table_missing, "process reference out of range" },
	{ "executable over the end", executable_over_the_end, "text reference out of range" },
	{ "args over the end", args_over_the_end, "text reference out of range" },
	{ "address over the end", addr_over_the_end, "text reference out of range" },
	{ "no address", no_addr, "address of neither 4 nor 16 bytes" },
	{ "address of five bytes", addr_of_five_bytes, "address of neither 4 nor 16 bytes" },
	{ "address is empty", addr_is_empty, "address of neither 4 nor 16 bytes" },
	{ "source port high", source_port_high, "port out of range" },
	{ "destination port high", destination_port_high, "port out of range" },
	{ "protocol high", protocol_high, "protocol out of range" },
	{ "time over the end", time_over_the_end, "time out of range" },
	{ "time before 1970", time_before_1970, "time out of range" },
	{ "time of the smallest delta", time_of_smallest_delta, "time out of range" },
	{ "gap time over the end", gap_time_over_the_end, "time out of range" },
	{ "endless duration", endless_duration, "duration out of range" },
	{ "gap class unknown", gap_class_unknown, "gap of an unknown record class" },
	{ "names of a later version", names_of_a_later_version,
	  "names in a form that is not known" },
	{ "another place in its epoch", another_place, "another place in its epoch than declared" },
	{ "unused flag bits are ignored", unused_flag_bits, NULL },
};

int main(void)
{
	struct CMUnitTest tests[sizeof(cases) / sizeof(cases[0])];

	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		tests[i] = (struct CMUnitTest){ cases[i].name, sample_check_damage, NULL, NULL,
						&cases[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
