/* SPDX-License-Identifier: Apache-2.0 */
#include "telemetry/batch_raw.h"

#include "common/cleanup.h"
#include "support/sample_batch.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#undef UNIT_TESTING /* cmocka's own malloc hides overreads from ASan */
#include <cmocka.h>

/* --- damage to the message: each row changes one thing of a good batch --- */

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

static void process_column_short(Yagura__Telemetry__Batch *batch)
{
	batch->processes->n_flags--;
}

static void exec_column_short(Yagura__Telemetry__Batch *batch)
{
	batch->execs->n_cgroup_id--;
}

static void exit_column_short(Yagura__Telemetry__Batch *batch)
{
	batch->exits->n_time_ms--;
}

static void flow_column_short(Yagura__Telemetry__Batch *batch)
{
	batch->flows->n_listener--;
}

static void process_over_the_end(Yagura__Telemetry__Batch *batch)
{
	batch->exits->process[0] = (uint32_t)batch->processes->n_pid + 1;
}

static void parent_far_over_the_end(Yagura__Telemetry__Batch *batch)
{
	batch->execs->parent[0] = UINT32_MAX;
}

static void listener_over_the_end(Yagura__Telemetry__Batch *batch)
{
	batch->flows->listener[0] = 100;
}

static void executable_over_the_end(Yagura__Telemetry__Batch *batch)
{
	batch->processes->executable[0] = (uint32_t)batch->n_texts + 1;
}

static void args_over_the_end(Yagura__Telemetry__Batch *batch)
{
	batch->processes->args[1] = UINT32_MAX;
}

static void addr_over_the_end(Yagura__Telemetry__Batch *batch)
{
	batch->flows->source_addr[0] = 1000;
}

static void no_addr(Yagura__Telemetry__Batch *batch)
{
	batch->flows->destination_addr[0] = 0;
}

static void addr_of_five_bytes(Yagura__Telemetry__Batch *batch)
{
	ProtobufCBinaryData *text = &batch->texts[batch->flows->source_addr[0] - 1];

	text->data = realloc(text->data, 5);
	assert_non_null(text->data);
	text->data[4] = 0;
	text->len = 5;
}

static void addr_is_empty(Yagura__Telemetry__Batch *batch)
{
	batch->texts[batch->flows->source_addr[0] - 1].len = 0;
}

static void source_port_high(Yagura__Telemetry__Batch *batch)
{
	batch->flows->source_port[0] = 65536;
}

static void destination_port_high(Yagura__Telemetry__Batch *batch)
{
	batch->flows->destination_port[0] = UINT32_MAX;
}

static void protocol_high(Yagura__Telemetry__Batch *batch)
{
	batch->flows->protocol[0] = 256;
}

static void time_over_the_end(Yagura__Telemetry__Batch *batch)
{
	batch->base_ms = UINT64_MAX / 1000000;
	batch->exits->time_ms[0] = 1;
}

static void time_before_1970(Yagura__Telemetry__Batch *batch)
{
	batch->execs->time_ms[0] = -(int64_t)batch->base_ms - 1;
}

static void time_of_smallest_delta(Yagura__Telemetry__Batch *batch)
{
	batch->execs->time_ms[0] = INT64_MIN;
}

static void gap_time_over_the_end(Yagura__Telemetry__Batch *batch)
{
	batch->gaps[0]->time_ms = UINT64_MAX / 1000000 + 1;
}

static void endless_duration(Yagura__Telemetry__Batch *batch)
{
	batch->flows->duration_ms[0] = UINT64_MAX / 1000000;
}

static void gap_class_unknown(Yagura__Telemetry__Batch *batch)
{
	batch->gaps[0]->record_class = RECORD_CLASS_COUNT;
}

static void table_missing(Yagura__Telemetry__Batch *batch)
{
	yagura__telemetry__processes__free_unpacked(batch->processes, NULL);
	batch->processes = NULL;
}

static void unused_flag_bits(Yagura__Telemetry__Batch *batch)
{
	batch->flows->flags[0] = UINT32_MAX;
	batch->execs->flags[0] = UINT32_MAX;
	batch->processes->flags[0] = UINT32_MAX;
}

static struct damage_case {
	const char *name;
	void (*damage)(Yagura__Telemetry__Batch *batch);
	const char *why; /* NULL: still good */
} damage_cases[] = {
	{ "no schema", no_schema, "unknown schema" },
	{ "later schema", later_schema, "unknown schema" },
	{ "no boot id", no_boot_id, "boot id of other than 16 bytes" },
	{ "short boot id", short_boot_id, "boot id of other than 16 bytes" },
	{ "process column short", process_column_short, "columns of different lengths" },
	{ "exec column short", exec_column_short, "columns of different lengths" },
	{ "exit column short", exit_column_short, "columns of different lengths" },
	{ "flow column short", flow_column_short, "columns of different lengths" },
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
	{ "unused flag bits are ignored", unused_flag_bits, NULL },
};

static void check_damage(void **state)
{
	const struct damage_case *c = *state;
	_cleanup_free_ uint8_t *raw = NULL;
	Yagura__Telemetry__Batch *message;
	const char *why = "none";
	void *batch = NULL;
	size_t count = 0;
	size_t size = 0;

	sample_batch_set_up(&batch);
	message = sample_batch_unpack(batch);
	c->damage(message);
	raw = sample_batch_pack(message, &size);
	yagura__telemetry__batch__free_unpacked(message, NULL);
	sample_batch_tear_down(&batch);
	if (c->why) {
		assert_int_equal(batch_decode_raw(raw, size, receive_never, NULL, &why), -EBADMSG);
		assert_string_equal(why, c->why);
	} else {
		assert_int_equal(batch_decode_raw(raw, size, receive_count, &count, &why), 0);
		assert_int_equal(count, 4);
	}
}

static int expect_unknown(void *context, const struct batch_header *header,
			  const struct record *record)
{
	(void)header;
	++*(size_t *)context;
	if (record->class == RECORD_FLOW) {
		assert_int_equal(record->flow.direction, DIRECTION_UNKNOWN);
		assert_string_equal(record_flow_state_name(record->flow.state), "unknown");
		assert_int_equal(record->flow.owner_quality, QUALITY_UNKNOWN);
	} else if (record->class == RECORD_GAP) {
		assert_int_equal(record->gap.reason, GAP_UNKNOWN);
	}
	return 0;
}

static void test_later_enum_values_become_unknown(void **state)
{
	_cleanup_free_ uint8_t *raw = NULL;
	Yagura__Telemetry__Batch *message = sample_batch_unpack(*state);
	const char *why = "none";
	size_t count = 0;
	size_t size = 0;

	message->flows->direction[0] = 3;
	message->flows->state[0] = 5;
	message->flows->owner_quality[0] = UINT32_MAX;
	message->gaps[0]->reason = GAP_REASON_COUNT;
	raw = sample_batch_pack(message, &size);
	yagura__telemetry__batch__free_unpacked(message, NULL);
	assert_int_equal(batch_decode_raw(raw, size, expect_unknown, &count, &why), 0);
	assert_int_equal(count, 4);
}

/* Without the checksum some pass, as other values; none may crash or give other than it says. */
static void test_flipped_bits_of_the_message(void **state)
{
	struct sample_batch *batch = *state;
	size_t passed = 0;

	for (size_t bit = 0; bit < 8 * batch->raw_size; bit++) {
		const char *why = NULL;
		size_t count = 0;
		int r;

		batch->raw[bit / 8] ^= (uint8_t)(1 << bit % 8);
		r = batch_decode_raw(batch->raw, batch->raw_size, receive_count, &count, &why);
		batch->raw[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_true(r == 0 || r == -EBADMSG);
		assert_true((r == 0) == (why == NULL));
		assert_true(r == 0 || count == 0);
		passed += r == 0;
	}
	assert_in_range(passed, 1, 8 * batch->raw_size - 1);
}

static void test_message_cut_anywhere(void **state)
{
	const struct sample_batch *batch = *state;

	for (size_t size = 0; size < batch->raw_size; size++) {
		_cleanup_free_ uint8_t *exact = malloc(size ? size : 1);
		const char *why = NULL;
		size_t count = 0;
		int r;

		assert_non_null(exact);
		memcpy(exact, batch->raw, size);
		r = batch_decode_raw(exact, size, receive_count, &count, &why);
		assert_true(r == 0 || r == -EBADMSG);
		/* Cut between two fields it may still be a batch, with less in it. */
		assert_in_range(count, 0, r == 0 ? 3 : 0);
	}
}

static void fill_column(uint32_t **ret_values, size_t *ret_count, size_t count)
{
	*ret_values = calloc(count, sizeof(**ret_values));
	assert_non_null(*ret_values);
	*ret_count = count;
}

static void test_too_many_rows(void **state)
{
	const size_t count = 262145;
	_cleanup_free_ uint8_t *raw = NULL;
	Yagura__Telemetry__Batch *message = sample_batch_unpack(*state);
	Yagura__Telemetry__Exits *exits = message->exits;
	const char *why = "none";
	size_t size = 0;

	free(exits->time_ms);
	free(exits->process);
	free(exits->status);
	exits->time_ms = calloc(count, sizeof(*exits->time_ms));
	exits->status = calloc(count, sizeof(*exits->status));
	exits->n_time_ms = exits->n_status = count;
	fill_column(&exits->process, &exits->n_process, count);
	raw = sample_batch_pack(message, &size);
	yagura__telemetry__batch__free_unpacked(message, NULL);
	assert_int_equal(batch_decode_raw(raw, size, receive_never, NULL, &why), -EBADMSG);
	assert_string_equal(why, "too many rows");
}

static void test_unknown_fields_are_ignored(void **state)
{
	static const char unknown[] = "\xf8\x06\x01\xfa\x06\x03xyz\xf9\x06qwertyui\xfd\x06____";
	const struct sample_batch *batch = *state;
	_cleanup_free_ uint8_t *raw = malloc(batch->raw_size + sizeof(unknown) - 1);
	const char *why = "none";
	size_t count = 0;

	assert_non_null(raw);
	memcpy(raw, unknown, sizeof(unknown) - 1);
	memcpy(raw + sizeof(unknown) - 1, batch->raw, batch->raw_size);
	assert_int_equal(batch_decode_raw(raw, batch->raw_size + sizeof(unknown) - 1, receive_count,
					  &count, &why),
			 0);
	assert_int_equal(count, 4);
}

static void test_header_alone_is_a_batch(void **state)
{
	Yagura__Telemetry__Batch message = YAGURA__TELEMETRY__BATCH__INIT;
	_cleanup_free_ uint8_t *raw = NULL;
	uint8_t boot_id[16] = { 0 };
	const char *why = "none";
	size_t size = 0;

	(void)state;
	message.schema = BATCH_SCHEMA;
	message.boot_id = (ProtobufCBinaryData){ sizeof(boot_id), boot_id };
	raw = sample_batch_pack(&message, &size);
	assert_int_equal(batch_decode_raw(raw, size, receive_never, NULL, &why), 0);
}

#define WITH_BATCH(test)                                                                           \
	cmocka_unit_test_setup_teardown(test, sample_batch_set_up, sample_batch_tear_down)

int main(void)
{
	struct CMUnitTest damages[sizeof(damage_cases) / sizeof(damage_cases[0])];
	const struct CMUnitTest tests[] = {
		WITH_BATCH(test_later_enum_values_become_unknown),
		WITH_BATCH(test_flipped_bits_of_the_message),
		WITH_BATCH(test_message_cut_anywhere),
		WITH_BATCH(test_too_many_rows),
		WITH_BATCH(test_unknown_fields_are_ignored),
		cmocka_unit_test(test_header_alone_is_a_batch),
	};
	int failed;

	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++)
		damages[i] = (struct CMUnitTest){ damage_cases[i].name, check_damage, NULL, NULL,
						  &damage_cases[i] };
	failed = cmocka_run_group_tests(damages, NULL, NULL);
	return failed + cmocka_run_group_tests(tests, NULL, NULL);
}
