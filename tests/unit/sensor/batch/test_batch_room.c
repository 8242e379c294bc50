/* SPDX-License-Identifier: Apache-2.0 */
/* A batch is full before a record could be refused: the pipeline has taken that record out of the
 * ring by then. */
#include "sensor/batch/batch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "support/sample_records.h"

#define RECORDS_MAX 100000

static char executable[BATCH_TEXT_BYTES_MAX];
static char args[BATCH_TEXT_BYTES_MAX];
static char parent_args[BATCH_TEXT_BYTES_MAX];

/* Processes and texts that differ from record to record, so that none is interned away. */
static void number(struct record *record, uint32_t n)
{
	memcpy(executable, &n, sizeof(n));
	memcpy(args, &n, sizeof(n));
	n = ~n;
	memcpy(parent_args, &n, sizeof(n));
	record->exec.process.key.pid = n;
}

static void no_record_is_refused_before_it_is_full(void **state)
{
	/* How long the records are that come first; then come the largest. */
	const size_t lengths[] = { 4, 6000, sizeof(args) };
	const struct batch_options options = { .records_max = RECORDS_MAX, .interval_ns = 1 };

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		struct batch *batch = batch_new(&options, NULL);
		struct record record = sample_exec();
		uint32_t added = 0;

		assert_non_null(batch);
		for (; !batch_is_full(batch); added++) {
			size_t length = added < 600 ? lengths[i] : sizeof(args);

			record.exec.process.executable = (struct text){ executable, length };
			record.exec.process.args = (struct text){ args, length };
			record.exec.parent.args = (struct text){ parent_args, length };
			number(&record, added);
			assert_int_equal(batch_add(batch, &record, 1), 0);
		}
		assert_in_range(added, 2, RECORDS_MAX - 1);
		assert_int_equal(batch_count(batch, RECORD_EXEC), added);
		batch_free(batch);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_record_is_refused_before_it_is_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
