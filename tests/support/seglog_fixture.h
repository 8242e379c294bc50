/* SPDX-License-Identifier: Apache-2.0 */
/* A segment log of small, known records in a directory of its own, and ways to hurt its files. */
#ifndef YAGURA_SUPPORT_SEGLOG_FIXTURE_H
#define YAGURA_SUPPORT_SEGLOG_FIXTURE_H

#include "common/seglog.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Every record of these tests: the aux is its number as text, the payload 16 bytes. */
#define AUX_BYTES 4
#define PAYLOAD_BYTES 16
#define RECORD_BYTES (SEGMENT_RECORD_BYTES + AUX_BYTES + PAYLOAD_BYTES)
#define THREE_RECORDS (SEGMENT_HEADER_BYTES + 3 * RECORD_BYTES)
#define FIRST_SEGMENT "a-0000000000000001.seg"
#define SECOND_SEGMENT "a-0000000000000004.seg" /* with three records a segment */

struct seglog_fixture {
	char *directory;
	struct seglog_options options;
	struct seglog_recovery recovery;
	struct seglog *log;
	uint64_t seen[64]; /* what seglog_open and seglog_drop_oldest reported */
	size_t seen_count;
};

/* cmocka's setup and teardown; the state is the fixture. set_up opens no log yet. */
int seglog_fixture_set_up(void **state);
int seglog_fixture_tear_down(void **state);

/* The records it is told go to f->seen. Fails the test when one is not what was written. */
void seglog_fixture_see(void *context, const struct segment_record *record);
/* Closes what is open, then seglog_open's answer. */
int seglog_fixture_reopen(struct seglog_fixture *f);
/* One record; seglog_append's answer. */
int seglog_fixture_append(struct seglog_fixture *f, uint64_t *ret_seq);
/* Records until `last` is the newest. */
void seglog_fixture_append_up_to(struct seglog_fixture *f, uint64_t last);
/* seglog_read's answer; what was read is checked. */
int seglog_fixture_read_seq(struct seglog_fixture *f, uint64_t seq);
void seglog_fixture_assert_readable(struct seglog_fixture *f, uint64_t first, uint64_t last);

bool seglog_fixture_exists(struct seglog_fixture *f, const char *name);
off_t seglog_fixture_file_size(struct seglog_fixture *f, const char *name);
/* The whole file; free it. */
uint8_t *seglog_fixture_file_bytes(struct seglog_fixture *f, const char *name, size_t *ret_size);
/* Turns over all bits of one byte; a second time turns them back. */
void seglog_fixture_damage(struct seglog_fixture *f, const char *name, size_t offset);

#endif
