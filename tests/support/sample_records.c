/* SPDX-License-Identifier: Apache-2.0 */
#include "support/sample_records.h"

#include "support/record_fields.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

const struct batch_header sample_header = {
	.boot_id = { 0xde, 0xad, 0xbe, 0xef, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 },
};

static const struct mark hello[] = {
	{ MARK_TLS_VERSION, TEXT("1.3") },
	{ MARK_SERVER_NAME, TEXT("example.org") },
	{ MARK_JA4, TEXT("t13d1516h2_8daaf6152771_02713d6af862") },
};

static struct record_process bash(void)
{
	return (struct record_process){
		.key = { .start_ns = 5000000000, .pid = 4700, .exec_count = 1 },
		.uid = 1000,
		.gid = 1000,
		.executable = TEXT("/usr/bin/bash"),
		.args = TEXT("-bash\0"),
	};
}

static struct record_process curl(void)
{
	return (struct record_process){
		.key = { .start_ns = 6000000123, .pid = 4711, .exec_count = 2 },
		.uid = 0,
		.gid = 0,
		.executable = TEXT("/usr/bin/curl"),
		.args = TEXT("curl\0-s\0http://10.0.0.2/\0"),
	};
}

struct record sample_exec(void)
{
	return (struct record){
		.class = RECORD_EXEC,
		.exec = { .time_ns = SAMPLE_TIME_NS,
			  .process = curl(),
			  .parent = bash(),
			  .creator = { .uid = UINT32_MAX, .gid = UINT32_MAX },
			  .former_euid = UINT32_MAX,
			  .euid = 0,
			  .egid = 4,
			  .file = { .inode = 1311, .bytes = 252000, .nlink = 1, .mode = 0100755 },
			  .cwd = TEXT("/root"),
			  .cgroup = TEXT("/system.slice/ssh.service"),
			  .cgroup_id = 7321,
			  .loginuid = 1000,
			  .audit_session = UINT32_MAX,
			  .session_pid = 4700,
			  .namespace_pid = 4711,
			  .args_total_bytes = 25 },
	};
}

struct record sample_exec_update(void)
{
	return (struct record){
		.class = RECORD_EXEC_UPDATE,
		.exec_update = { .time_ns = SAMPLE_TIME_NS + 700000000,
				 .process = curl(),
				 .hash = { .status = HASH_OK,
					   .package = PACKAGE_UNMODIFIED,
					   .sha256 = { 0xba, 0x78, 0x16, 0xbf } },
				 .first_seen = true },
	};
}

struct record sample_exit(void)
{
	return (struct record){
		.class = RECORD_EXIT,
		.exit = { .time_ns = SAMPLE_TIME_NS, .process = curl(), .run_ns = 12345000 },
	};
}

struct record sample_flow(void)
{
	return (struct record){
		.class = RECORD_FLOW,
		.flow = { .start_ns = SAMPLE_TIME_NS - 42000000,
			  .end_ns = SAMPLE_TIME_NS,
			  .cookie = 0x1001,
			  .final = true,
			  .direction = DIRECTION_EGRESS,
			  .state = FLOW_CLOSED,
			  .ending = FLOW_ENDING_FIN_LOCAL,
			  .protocol = 6,
			  .source = { .addr = { [10] = 0xff, 0xff, 10, 0, 0, 1 },
				      .port = 40000,
				      .bytes = 78,
				      .packets = 5 },
			  .destination = { .addr = { [10] = 0xff, 0xff, 10, 0, 0, 2 },
					   .port = 80,
					   .bytes = 850,
					   .packets = 4 },
			  .srtt_us = 120,
			  .handshake_us = 95,
			  .count = 1,
			  .netns = 4026531840,
			  .cgroup_id = 7321,
			  .cgroup = TEXT("/system.slice/ssh.service"),
			  .owner_quality = QUALITY_CALLER,
			  .process = curl(),
			  .listener = { .uid = UINT32_MAX, .gid = UINT32_MAX } },
	};
}

struct record sample_marked_flow(void)
{
	struct record record = sample_flow();

	record.flow.destination.port = 443;
	record.flow.marks = hello;
	record.flow.mark_count = sizeof(hello) / sizeof(hello[0]);
	record.flow.splt = (struct record_splt){ 3, { 517, -1448, 80 }, { 0, 15, 9 } };
	record.flow.destination_name = TEXT("www.example.org");
	return record;
}

struct record sample_gap(void)
{
	return (struct record){
		.class = RECORD_GAP,
		.gap = { .time_ns = SAMPLE_TIME_NS,
			 .class = RECORD_EXEC,
			 .reason = GAP_RING_FULL,
			 .count = 12 },
	};
}

/* cmocka names the line of a failing assertion, which is the list's here: the field is printed. */
static void assert_same(bool is_same, const char *type, const char *name)
{
	if (!is_same)
		fail_msg("%s.%s differs", type, name);
}

static bool is_same_text(struct text got, struct text want)
{
	return got.length == want.length &&
	       (want.length == 0 || memcmp(got.at, want.at, want.length) == 0);
}

static bool is_same_splt(const struct record_splt *got, const struct record_splt *want)
{
	return got->count == want->count &&
	       memcmp(got->length, want->length, want->count * sizeof(want->length[0])) == 0 &&
	       memcmp(got->gap, want->gap, want->count) == 0;
}

/* A batch puts those of the client first; each side keeps its order. */
static bool are_same_marks(const struct mark *got, const struct mark *want, size_t count)
{
	size_t at = 0;

	for (int side = MARK_SIDE_CLIENT; side <= MARK_SIDE_PEER; side++) {
		for (size_t i = 0; i < count; i++) {
			if ((int)mark_kind_side(want[i].kind) != side)
				continue;
			if (got[at].kind != want[i].kind ||
			    !is_same_text(got[at].value, want[i].value))
				return false;
			at++;
		}
	}
	return at == count;
}

static bool are_same_ancestors(const struct record_exec *got, const struct record_exec *want);

#define SAME_PX1(type, name) SAME_TEXT(type, name)
#define SAME_RELATIVE(type, name) same_record_process(&got->name, &want->name)
#define SAME_ANCESTORS(type, name)                                                                 \
	do {                                                                                       \
		SAME_PLAIN(type, ancestor_count);                                                  \
		assert_same(are_same_ancestors(got, want), type, #name);                           \
	} while (0)
#define SAME_ANCESTOR_COUNT(type, name) SAME_PLAIN(type, name)
#define SAME_FACTS(type, name) SAME_PLAIN(type, name)
#define SAME_ID(type, name) SAME_PLAIN(type, name)
#define SAME_SPLT(type, name) assert_same(is_same_splt(&got->name, &want->name), type, #name)
#define SAME_MARKS(type, name)                                                                     \
	do {                                                                                       \
		SAME_PLAIN(type, mark_count);                                                      \
		assert_same(are_same_marks(got->name, want->name, want->mark_count), type, #name); \
	} while (0)
#define SAME_MARK_COUNT(type, name) SAME_PLAIN(type, name)
#define SAME_PLAIN(type, name) assert_same(got->name == want->name, type, #name)
#define SAME_NUMBER(type, name) SAME_PLAIN(type, name)
#define SAME_BOOL(type, name) SAME_PLAIN(type, name)
#define SAME_ENUM(type, name) SAME_PLAIN(type, name)
#define SAME_TIME(type, name) SAME_PLAIN(type, name)
#define SAME_RUN(type, name) SAME_PLAIN(type, name)
#define SAME_TEXT(type, name) assert_same(is_same_text(got->name, want->name), type, #name)
#define SAME_ADDR(type, name) assert_same(memcmp(got->name, want->name, 16) == 0, type, #name)
#define SAME_SHA256(type, name) assert_same(memcmp(got->name, want->name, 32) == 0, type, #name)
#define SAME_DIGEST(type, name)                                                                    \
	assert_same(memcmp(&got->name, &want->name, sizeof(got->name)) == 0, type, #name)
#define SAME_HASH(type, name) same_record_hash(&got->name, &want->name)
#define SAME_KEY(type, name) same_record_process_key(&got->name, &want->name)
#define SAME_PROCESS(type, name) same_record_process(&got->name, &want->name)
#define SAME_NAMESPACES(type, name) same_record_namespaces(&got->name, &want->name)
#define SAME_FILE(type, name) same_record_file(&got->name, &want->name)
#define SAME_ENDPOINT(type, name) same_record_endpoint(&got->name, &want->name)

#define SAME_FIELD(KIND, name) SAME_##KIND(of, name);
#define SAME_STRUCT(KIND, type, FIELDS)                                                            \
	static void same_##type(const struct type *got, const struct type *want)                   \
	{                                                                                          \
		const char *of = #type;                                                            \
                                                                                                   \
		FIELDS(SAME_FIELD)                                                                 \
	}
RECORD_STRUCTS(SAME_STRUCT)

static bool are_same_ancestors(const struct record_exec *got, const struct record_exec *want)
{
	for (size_t i = 0; i < want->ancestor_count; i++)
		same_record_process(&got->ancestors[i], &want->ancestors[i]);
	return true;
}

void assert_same_record(const struct record *got, const struct record *want)
{
	assert_int_equal(got->class, want->class);
	if (want->class == RECORD_EXEC)
		same_record_exec(&got->exec, &want->exec);
	else if (want->class == RECORD_EXIT)
		same_record_exit(&got->exit, &want->exit);
	else if (want->class == RECORD_FLOW)
		same_record_flow(&got->flow, &want->flow);
	else if (want->class == RECORD_EXEC_UPDATE)
		same_record_exec_update(&got->exec_update, &want->exec_update);
	else
		same_record_gap(&got->gap, &want->gap);
}

struct expectation {
	const struct record *want;
	size_t count;
	size_t seen;
};

static int compare(void *context, const struct batch_header *header, const struct record *record)
{
	struct expectation *expected = context;

	assert_memory_equal(header->boot_id, sample_header.boot_id, sizeof(header->boot_id));
	assert_true(expected->seen < expected->count);
	assert_same_record(record, &expected->want[expected->seen]);
	expected->seen++;
	return 0;
}

void assert_goes_on(struct batch_epoch *epoch, const struct batch_input *input,
		    const struct record *want, size_t count)
{
	struct expectation expected = { .want = want, .count = count };
	const char *why = "none";

	if (batch_decode(epoch, input, compare, &expected, &why) != 0)
		fail_msg("does not decode: %s", why);
	assert_int_equal(expected.seen, count);
}

void assert_decodes_to(const uint8_t *bytes, size_t size, size_t raw_size,
		       const struct record *want, size_t count)
{
	const struct batch_input input = { bytes, size, raw_size, 1, 0 };
	struct batch_epoch *epoch = batch_epoch_new();

	assert_non_null(epoch);
	assert_goes_on(epoch, &input, want, count);
	batch_epoch_free(epoch);
}
