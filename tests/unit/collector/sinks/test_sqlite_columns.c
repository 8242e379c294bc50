/* SPDX-License-Identifier: Apache-2.0 */
/* Full records: every column gets its value, and what was not looked at stays NULL. */
#include "support/full_records.h"
#include "support/sink_store.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#undef TEXT
#define TEXT(s) ((struct text){ s, sizeof(s) - 1 })

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define POD "8c1b2e4f-0a1b-4c2d-9e3f-001122334455"
#define POD_GROUP "/kubepods/pod" POD "/crio-" ID

static void keep(struct sink_store *f, const struct record *record)
{
	sink_store_write(f, record);
	assert_int_equal(sink_store_flush(f), 0);
}

/* The names of the columns of the only row that hold NULL. */
static void expect_nulls(const struct sink_store *f, const char *table, const char *want)
{
	char sql[64];
	char nulls[4096] = "";
	sqlite3_stmt *statement;
	sqlite3 *reader;

	snprintf(sql, sizeof(sql), "SELECT * FROM %s", table);
	assert_int_equal(sqlite3_open_v2(f->path, &reader, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(reader, sql, -1, &statement, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	for (int i = 0; i < sqlite3_column_count(statement); i++) {
		if (sqlite3_column_type(statement, i) != SQLITE_NULL)
			continue;
		strncat(nulls, sqlite3_column_name(statement, i), 64);
		strncat(nulls, " ", 2);
	}
	sqlite3_finalize(statement);
	sqlite3_close(reader);
	assert_string_equal(nulls, want);
}

static struct record full_exec(void)
{
	struct record record = full_record(RECORD_EXEC, FULL_DISTINCT);

	record.exec.cgroup = TEXT(POD_GROUP);
	record.exec.file.ctime_ns = NOW;
	record.exec.file.mtime_ns = NOW + 2000000000;
	record.exec.file.mode = 0104755;
	record.exec.file.device_major = 8;
	record.exec.file.device_minor = 1;
	return record;
}

static void every_column_of_an_exec(void **state)
{
	struct record record = full_exec();
	const struct record_exec *exec = &record.exec;
	struct sink_store *f = *state;
	char want[512];

	keep(f, &record);
	expect_nulls(f, "execs", "yagura_unit yagura_user_unit yagura_slice yagura_login_session ");
	sink_store_expect(f,
			  "SELECT file_device, file_mode, file_ctime, file_mtime, container_id,"
			  " container_runtime, kubernetes_pod_uid, yagura_cgroup FROM execs",
			  "8:1|4755|" NOW_TEXT "|" LATER_TEXT "|" ID "|cri-o|" POD "|" POD_GROUP);
	snprintf(want, sizeof(want), "%.*s|%.*s|%u|%u|%u|%u|%u|%u|%u|%u|%u", (int)exec->cwd.length,
		 exec->cwd.at, (int)exec->script.length, exec->script.at, exec->suid,
		 exec->namespace_pid, exec->session_pid, exec->tty_major, exec->tty_minor,
		 exec->loginuid, exec->audit_session, exec->args_total_bytes, exec->file.nlink);
	sink_store_expect(f,
			  "SELECT process_working_directory, yagura_script, process_saved_user_id,"
			  " process_vpid, process_session_leader_pid,"
			  " process_tty_char_device_major, process_tty_char_device_minor,"
			  " yagura_loginuid, yagura_audit_session, yagura_args_total_bytes,"
			  " yagura_file_nlink FROM execs",
			  want);
	snprintf(want, sizeof(want), "%u|%u|%u|%u|%u|%u|%u|%lu|%lu", exec->namespaces.cgroup,
		 exec->namespaces.ipc, exec->namespaces.mnt, exec->namespaces.net,
		 exec->namespaces.pid, exec->namespaces.user, exec->namespaces.uts,
		 exec->file.inode, exec->file.bytes);
	sink_store_expect(f,
			  "SELECT yagura_cgroupns, yagura_ipcns, yagura_mntns, yagura_netns,"
			  " yagura_pidns, yagura_userns, yagura_utsns, file_inode, file_size"
			  " FROM execs",
			  want);
}

static void ancestors_are_json_and_facts_are_columns(void **state)
{
	struct record record = full_exec();
	struct sink_store *f = *state;

	record.exec.cgroup = TEXT("/user.slice/user-7.slice/session-3.scope");
	record.exec.parent.executable = TEXT("/bin/sh");
	record.exec.facts = FACT_LD_PRELOAD | FACT_ENTERED_MNTNS;
	keep(f, &record);
	sink_store_expect(
		f,
		"SELECT yagura_ancestors, json_array_length(yagura_ancestor_ids),"
		" json_extract(yagura_ancestor_ids, '$[0]') = process_parent_entity_id,"
		" yagura_unit, yagura_slice, yagura_login_session,"
		" yagura_ld_preload, yagura_entered_mntns, yagura_ld_audit IS NULL FROM execs",
		"[\"/bin/sh\",\"ancestor 0\",\"ancestor 1\"]|3|1|"
		"session-3.scope|user-7.slice|3|1|1|1");
}

static void capabilities_are_hex(void **state)
{
	struct record record = full_exec();
	struct sink_store *f = *state;

	record.exec.cap_effective = 0x1ffffffffff;
	record.exec.cap_permitted = UINT64_MAX;
	record.exec.cap_ambient = 0;
	keep(f, &record);
	sink_store_expect(f,
			  "SELECT yagura_cap_effective, yagura_cap_permitted, yagura_cap_ambient"
			  " FROM execs",
			  "000001ffffffffff|ffffffffffffffff|0000000000000000");
}

static struct flag_case {
	const char *name; /* the column's */
	size_t offset; /* in struct record_exec */
} flags[] = {
	{ "yagura_deleted", offsetof(struct record_exec, file.deleted) },
	{ "yagura_memfd", offsetof(struct record_exec, file.memfd) },
	{ "yagura_upper_layer", offsetof(struct record_exec, file.upper_layer) },
	{ "yagura_privileged", offsetof(struct record_exec, privileged) },
	{ "yagura_no_new_privs", offsetof(struct record_exec, no_new_privs) },
	{ "yagura_from_thread", offsetof(struct record_exec, from_thread) },
	{ "process_args_truncated", offsetof(struct record_exec, process.args_truncated) },
};
#define FLAGS (sizeof(flags) / sizeof(flags[0]))

static void each_flag_has_its_column(void **state)
{
	struct sink_store *f = *state;
	const struct flag_case *c = f->row;
	struct record record = { .class = RECORD_EXEC };
	char sql[128];

	*((bool *)&record.exec + c->offset) = true;
	keep(f, &record);
	snprintf(sql, sizeof(sql), "SELECT %s FROM execs", c->name);
	sink_store_expect(f, sql, "1");
	sink_store_expect(f,
			  "SELECT yagura_deleted + yagura_memfd + yagura_upper_layer"
			  " + yagura_privileged + yagura_no_new_privs + yagura_from_thread"
			  " + process_args_truncated FROM execs",
			  "1");
}

/* As a sensor of the first version tells it. */
#define FACT_NAME(NAME, name) "yagura_" #name " "

static void what_nobody_looked_at_is_null(void **state)
{
	struct record record = { .class = RECORD_EXEC,
				 .exec = { .time_ns = NOW,
					   .process = sink_store_curl,
					   .parent = sink_store_curl,
					   .cgroup_id = 1,
					   .former_euid = UINT32_MAX,
					   .loginuid = UINT32_MAX,
					   .audit_session = UINT32_MAX } };
	struct sink_store *f = *state;

	keep(f, &record);
	expect_nulls(f, "execs",
		     "process_working_directory process_saved_user_id process_vpid "
		     "process_session_leader_pid process_tty_char_device_major "
		     "process_tty_char_device_minor file_inode file_device file_size file_mode "
		     "file_ctime file_mtime container_id container_runtime kubernetes_pod_uid "
		     "yagura_script yagura_cgroup yagura_file_nlink yagura_loginuid "
		     "yagura_audit_session yagura_cap_effective yagura_cap_permitted "
		     "yagura_cap_ambient yagura_cgroupns yagura_ipcns yagura_mntns yagura_netns "
		     "yagura_pidns yagura_userns yagura_utsns process_hash_sha256 "
		     "yagura_hash_status yagura_package yagura_verity yagura_script_sha256 "
		     "yagura_script_hash_status yagura_px1 yagura_first_seen "
		     "yagura_ancestors yagura_ancestor_ids "
		     "yagura_creator_pid yagura_creator_entity_id yagura_creator_executable "
		     "yagura_unit yagura_user_unit yagura_slice yagura_login_session "
		     "yagura_former_user_id " EXEC_FACTS(FACT_NAME) "yagura_ima ");
}

/* As an update of an exec that waits for its hash does it. */
static void an_update_fills_its_exec(void **state)
{
	struct record exec = { .class = RECORD_EXEC,
			       .exec = { .time_ns = NOW, .process = sink_store_curl } };
	struct record update = { .class = RECORD_EXEC_UPDATE,
				 .exec_update = { .time_ns = NOW,
						  .process = sink_store_curl,
						  .hash = { .status = HASH_OK,
							    .package = PACKAGE_UNMODIFIED,
							    .sha256 = { 0xba, 0x78, 0x16, 0xbf } },
						  .px1 = { "px1 with b", 10 },
						  .first_seen = true } };
	struct record other = exec;
	struct sink_store *f = *state;

	exec.exec.file.hash.status = HASH_PENDING;
	exec.exec.px1 = (struct text){ "px1", 3 };
	other.exec.process.key.exec_count++;
	keep(f, &exec);
	keep(f, &other);
	keep(f, &update);
	sink_store_expect(
		f,
		"SELECT substr(process_hash_sha256, 1, 10), yagura_hash_status, yagura_package,"
		" yagura_first_seen, yagura_px1, process_executable FROM execs WHERE "
		"process_entity_id ="
		" (SELECT min(process_entity_id) FROM execs)",
		"ba7816bf00|ok|owned_unmodified|1|px1 with b|/usr/bin/curl");
	sink_store_expect(f, "SELECT count(*) FROM execs WHERE yagura_hash_status IS NULL", "1");
	sink_store_expect(f, "SELECT count(*), length(max(process_hash_sha256)) FROM execs",
			  "2|64");
}

static void what_is_not_known_was_not_seen_before_nor_first(void **state)
{
	static const struct {
		enum hash_status hash, script;
	} cases[] = { { HASH_UNSETTLED, HASH_NONE },
		      { HASH_PENDING, HASH_UNREADABLE },
		      { HASH_OK, HASH_UNSETTLED },
		      { HASH_VANISHED, HASH_OK } };
	struct record exec = { .class = RECORD_EXEC,
			       .exec = { .time_ns = NOW, .process = sink_store_curl } };
	struct sink_store *f = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		exec.exec.process.key.exec_count = (uint32_t)i;
		exec.exec.file.hash.status = cases[i].hash;
		exec.exec.script_hash.status = cases[i].script;
		keep(f, &exec);
	}
	sink_store_expect(f,
			  "SELECT group_concat(coalesce(yagura_first_seen, 'null')) FROM"
			  " (SELECT * FROM execs ORDER BY rowid)",
			  "null,null,0,0");
}

static void every_column_of_an_exit(void **state)
{
	struct record record = full_record(RECORD_EXIT, FULL_DISTINCT);
	struct sink_store *f = *state;

	record.exit.status = 3 << 8;
	record.exit.run_ns = 12345678;
	keep(f, &record);
	expect_nulls(f, "exits", "yagura_exit_signal ");
	sink_store_expect(f, "SELECT yagura_run_us FROM exits", "12345");
}

static struct record full_flow(void)
{
	struct record record = full_record(RECORD_FLOW, FULL_DISTINCT);

	record.flow.counters_reset = false;
	record.flow.cgroup = TEXT(POD_GROUP);
	return record;
}

static void every_column_of_a_flow(void **state)
{
	struct record record = full_flow();
	const struct record_flow *flow = &record.flow;
	struct sink_store *f = *state;
	char want[512];

	record.flow.protocol = IPPROTO_ICMPV6;
	keep(f, &record);
	expect_nulls(f, "flows", "");
	snprintf(want, sizeof(want), "ipv6-icmp|58|%u|%u|%u|%u|%u|%u|%u|%u|%u|%lu", flow->icmp_type,
		 flow->icmp_code, flow->source.data_packets, flow->destination.data_packets,
		 flow->min_rtt_us, flow->count, flow->ports, flow->uid, flow->netns,
		 flow->cgroup_id);
	sink_store_expect(f,
			  "SELECT network_transport, network_iana_number, yagura_icmp_type,"
			  " yagura_icmp_code, source_data_packets, destination_data_packets,"
			  " yagura_min_rtt_us, yagura_count, yagura_ports, yagura_socket_user_id,"
			  " yagura_netns, yagura_cgroup_id FROM flows",
			  want);
	sink_store_expect(f,
			  "SELECT network_type, yagura_ending, yagura_shared, yagura_preexisting,"
			  " yagura_folded, yagura_cgroup, container_id, container_runtime,"
			  " kubernetes_pod_uid FROM flows",
			  "ipv6|fin_remote|1|1|1|" POD_GROUP "|" ID "|cri-o|" POD);
}

static struct transport_case {
	const char *name;
	uint8_t protocol;
	const char *want;
} transports[] = {
	{ "tcp", IPPROTO_TCP, "tcp|6|-" },
	{ "udp", IPPROTO_UDP, "udp|17|-" },
	{ "icmp", IPPROTO_ICMP, "icmp|1|0" },
	{ "one without a name", 200, "200|200|-" },
};
#define TRANSPORTS (sizeof(transports) / sizeof(transports[0]))

static void check_transport(void **state)
{
	struct sink_store *f = *state;
	const struct transport_case *c = f->row;
	struct record record = { .class = RECORD_FLOW, .flow = { .protocol = c->protocol } };

	keep(f, &record);
	sink_store_expect(f,
			  "SELECT network_transport, network_iana_number, yagura_icmp_type"
			  " FROM flows",
			  c->want);
}

static void refused_attempts(void **state)
{
	struct sink_store *f = *state;
	struct record record = {
		.class = RECORD_FLOW,
		.flow = { .start_ns = NOW,
			  .end_ns = NOW,
			  .cookie = 1ull << 63,
			  .final = true,
			  .direction = DIRECTION_INGRESS,
			  .state = FLOW_REFUSED,
			  .protocol = IPPROTO_TCP,
			  .source = { .addr = { [10] = 0xff, 0xff, 10, 9, 9, 9 } },
			  .destination = { .addr = { [10] = 0xff, 0xff, 10, 0, 0, 1 }, .port = 22 },
			  .count = 120,
			  .ports = 37,
			  .uid = UINT32_MAX },
	};

	keep(f, &record);
	sink_store_expect(f,
			  "SELECT yagura_state, source_ip, destination_ip, destination_port,"
			  " yagura_count, yagura_ports, yagura_ending, process_pid,"
			  " yagura_socket_user_id, container_id, yagura_flow_id FROM flows",
			  "refused|10.9.9.9|10.0.0.1|22|120|37|-|-|-|-|"
			  "deadbeef-8000000000000000-0");
}

static void a_gap_names_its_group(void **state)
{
	struct record record = full_record(RECORD_GAP, FULL_DISTINCT);
	struct sink_store *f = *state;

	record.gap.reason = GAP_THROTTLED;
	record.gap.cgroup = TEXT("/user.slice");
	keep(f, &record);
	expect_nulls(f, "gaps", "yagura_lane yagura_first_seq yagura_last_seq ");
	sink_store_expect(f, "SELECT yagura_reason, yagura_cgroup FROM gaps",
			  "throttled|/user.slice");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, sink_store_set_up, sink_store_tear_down)

int main(void)
{
	const struct CMUnitTest others[] = {
		TEST(every_column_of_an_exec),
		TEST(ancestors_are_json_and_facts_are_columns),
		TEST(capabilities_are_hex),
		TEST(what_nobody_looked_at_is_null),
		TEST(every_column_of_an_exit),
		TEST(every_column_of_a_flow),
		TEST(refused_attempts),
		TEST(a_gap_names_its_group),
		TEST(an_update_fills_its_exec),
		TEST(what_is_not_known_was_not_seen_before_nor_first),
	};
	struct CMUnitTest tests[FLAGS + TRANSPORTS];
	int failed;

	for (size_t i = 0; i < FLAGS; i++)
		tests[i] =
			(struct CMUnitTest){ flags[i].name, each_flag_has_its_column,
					     sink_store_set_up, sink_store_tear_down, &flags[i] };
	for (size_t i = 0; i < TRANSPORTS; i++)
		tests[FLAGS + i] =
			(struct CMUnitTest){ transports[i].name, check_transport, sink_store_set_up,
					     sink_store_tear_down, &transports[i] };
	failed = cmocka_run_group_tests_name("columns", tests, NULL, NULL);
	return failed + cmocka_run_group_tests_name("full records", others, NULL, NULL);
}
