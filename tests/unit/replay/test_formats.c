/* SPDX-License-Identifier: Apache-2.0 */
/* Two flows in each format, read back. */
#include "replay/format.h"

#include "common/crc32c.h"
#include "proto/transport.pb-c.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct mark marks[] = {
	{ MARK_JA4, { "t13d1516h2_8daaf6152771_e5627efa2ab1", 36 } },
	{ MARK_SERVER_NAME, { "a\033b", 3 } },
};

static const struct record records[] = {
	{ .class = RECORD_FLOW,
	  .flow = { .start_ns = 1000000000,
		    .end_ns = 2000000000,
		    .cookie = 1,
		    .final = true,
		    .state = FLOW_CLOSED,
		    .protocol = 6,
		    .count = 1,
		    .source = { .addr = { [10] = 0xff, 0xff, 10, 0, 0, 1 }, .port = 40000 },
		    .destination = { .addr = { [10] = 0xff, 0xff, 10, 0, 0, 2 }, .port = 443 },
		    .marks = marks,
		    .mark_count = 2 } },
	{ .class = RECORD_FLOW,
	  .flow = { .start_ns = 1000000000,
		    .end_ns = 3000000000,
		    .cookie = 1,
		    .index = 1,
		    .final = true,
		    .state = FLOW_CLOSED,
		    .protocol = 17,
		    .count = 1,
		    .source = { .addr = { [10] = 0xff, 0xff, 10, 0, 0, 1 }, .port = 5000 },
		    .destination = { .addr = { [10] = 0xff, 0xff, 10, 0, 0, 2 }, .port = 53 } } },
};
static const struct batch_header header;
static const struct replay_totals totals = { .files = 1, .track.flows = 2 };

/* What a format writes of `count` flows; the caller's to free. */
static char *write_flows(const struct format *format, size_t count, size_t *ret_size)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, ret_size);
	void *state = format->open(out);

	assert_non_null(state);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(format->flow(state, &header, &records[i % 2]), 0);
	assert_int_equal(format->finish(state, &totals), 0);
	format->close(state);
	fclose(out);
	return text;
}

static void test_names(void **state)
{
	(void)state;
	assert_ptr_equal(format_find("ndjson"), &format_ndjson);
	assert_ptr_equal(format_find("summary"), &format_summary);
	assert_ptr_equal(format_find("batch"), &format_batch);
	assert_null(format_find("xml"));
	for (size_t i = 0; format_table[i]; i++)
		assert_ptr_equal(format_find(format_table[i]->name), format_table[i]);
}

static void test_ndjson(void **state)
{
	size_t size;
	char *text = write_flows(&format_ndjson, 2, &size);
	char *second = strchr(text, '\n') + 1;
	json_t *flow = json_loadb(text, (size_t)(second - text), 0, NULL);
	const char *ja4 = NULL;

	(void)state;
	assert_int_equal(json_unpack(flow, "{s:{s:{s:s}}}", "tls", "client", "ja4", &ja4), 0);
	assert_string_equal(ja4, "t13d1516h2_8daaf6152771_e5627efa2ab1");
	assert_int_equal(text[size - 1], '\n');
	assert_ptr_equal(strchr(second, '\n'), text + size - 1);
	json_decref(flow);
	free(text);
}

static void test_summary(void **state)
{
	size_t size;
	char *text = write_flows(&format_summary, 3, &size);

	(void)state;
	assert_non_null(strstr(text, "flows tcp                           2\n"));
	assert_non_null(strstr(text, "flows udp                           1\n"));
	assert_non_null(strstr(text, "tls.client.ja4 (1)\n"
				     "           2  t13d1516h2_8daaf6152771_e5627efa2ab1\n"));
	assert_non_null(strstr(text, "           2  a?b\n")); /* nothing steers a terminal */
	free(text);
}

static int count_record(void *context, const struct batch_header *of, const struct record *record)
{
	(void)of;
	assert_int_equal(record->class, RECORD_FLOW);
	(*(size_t *)context)++;
	return 0;
}

/* The number of flows in the frame at *input, which is taken. */
static size_t read_frame(struct batch_epoch *epoch, struct cursor *input, uint64_t want_seq)
{
	struct cursor bytes = cursor_take(input, cursor_u32(input));
	Yagura__Transport__Frame *frame =
		yagura__transport__frame__unpack(NULL, bytes.left, bytes.at);
	const Yagura__Transport__Batch *batch;
	struct batch_input sent;
	size_t flows = 0;

	assert_true(cursor_ok(&bytes));
	assert_non_null(frame);
	assert_int_equal(frame->body_case, YAGURA__TRANSPORT__FRAME__BODY_BATCH);
	batch = frame->batch;
	assert_int_equal(batch->lane, 1);
	assert_int_equal(batch->seq, want_seq);
	assert_int_equal(batch->crc32c, crc32c(0, batch->payload.data, batch->payload.len));
	sent = (struct batch_input){ batch->payload.data, batch->payload.len, batch->raw_bytes,
				     batch->seq, batch->epoch_index };
	assert_int_equal(batch_decode(epoch, &sent, count_record, &flows, NULL), 0);
	yagura__transport__frame__free_unpacked(frame, NULL);
	return flows;
}

static void test_batch(void **state)
{
	size_t size;
	char *bytes = write_flows(&format_batch, 10000, &size);
	struct batch_epoch *epoch = batch_epoch_new();
	struct cursor input = cursor_of(bytes, size);
	size_t flows = 0;
	uint64_t frames = 0;

	(void)state;
	while (input.left > 0)
		flows += read_frame(epoch, &input, frames++);
	assert_int_equal(flows, 10000);
	assert_true(frames > 1);
	batch_epoch_free(epoch);
	free(bytes);
}

static void test_nothing(void **state)
{
	size_t size;

	(void)state;
	free(write_flows(&format_ndjson, 0, &size));
	assert_int_equal(size, 0);
	free(write_flows(&format_batch, 0, &size));
	assert_int_equal(size, 0);
	format_ndjson.close(NULL);
	format_summary.close(NULL);
	format_batch.close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),	cmocka_unit_test(test_ndjson),
		cmocka_unit_test(test_summary), cmocka_unit_test(test_batch),
		cmocka_unit_test(test_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
