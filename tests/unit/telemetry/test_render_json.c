/* SPDX-License-Identifier: Apache-2.0 */
/* Records as NDJSON: the names that others rely on. */
#include "telemetry/render_json.h"

#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#undef UNIT_TESTING /* cmocka's own malloc hides overreads from ASan */
#include <cmocka.h>

#include "support/full_records.h"
#include "support/json_case.h"

static void a_flow(void **state)
{
	static const struct value_case values[] = {
		{ "@timestamp", "\"2025-11-23T01:02:03.456Z\"" },
		{ "event.action", "\"flow\"" },
		{ "event.start", "\"2025-11-23T01:02:03.414Z\"" },
		{ "event.end", "\"2025-11-23T01:02:03.456Z\"" },
		{ "event.duration", "42000000" },
		{ "network.transport", "\"tcp\"" },
		{ "network.iana_number", "6" },
		{ "network.type", "\"ipv4\"" },
		{ "network.direction", "\"egress\"" },
		{ "source.ip", "\"10.0.0.1\"" },
		{ "source.port", "40000" },
		{ "source.bytes", "78" },
		{ "source.packets", "5" },
		{ "source.data_packets", "0" },
		{ "destination.ip", "\"10.0.0.2\"" },
		{ "destination.port", "443" },
		{ "destination.bytes", "850" },
		{ "destination.packets", "4" },
		{ "destination.domain", "\"www.example.org\"" },
		{ "process.pid", "4711" },
		{ "process.entity_id", "\"deadbeef-4711-165a0bc7b-2\"" },
		{ "process.executable", "\"/usr/bin/curl\"" },
		{ "process.args", "[\"curl\",\"-s\",\"http://10.0.0.2/\"]" },
		{ "process.args_truncated", NULL },
		{ "process.user.id", "0" },
		{ "tls.version", "\"1.3\"" },
		{ "tls.client.server_name", "\"example.org\"" },
		{ "tls.client.ja4", "\"t13d1516h2_8daaf6152771_02713d6af862\"" },
		{ "tls.client.ja3", NULL },
		{ "yagura.flow_id", "\"deadbeef-1001-0\"" },
		{ "yagura.part", "0" },
		{ "yagura.final", "true" },
		{ "yagura.state", "\"closed\"" },
		{ "yagura.ending", "\"fin_local\"" },
		{ "yagura.error", NULL },
		{ "yagura.shared", NULL },
		{ "yagura.count", NULL },
		{ "yagura.splt", "\"517:0,-1448:15,80:9\"" },
		{ "yagura.srtt_us", "120" },
		{ "yagura.owner_quality", "\"caller\"" },
		{ "yagura.listener", NULL },
		{ "yagura.truncated", NULL },
		{ "yagura.cgroup", "\"/system.slice/ssh.service\"" },
		{ "yagura.socket_user_id", "0" },
		{ "yagura.sensor", "\"01234567-89ab-cdef-0123-456789abcdef\"" },
		{ NULL, NULL },
	};
	struct record record = sample_marked_flow();

	(void)state;
	expect_values(&record, values);
}

static void an_interim_part_with_a_listener(void **state)
{
	static const struct value_case values[] = {
		{ "network.type", "\"ipv6\"" },
		{ "yagura.final", "false" },
		{ "yagura.part", "2" },
		{ "yagura.ending", NULL },
		{ "yagura.listener.pid", "4711" },
		{ "yagura.listener.entity_id", "\"deadbeef-4711-165a0bc7b-2\"" },
		{ "yagura.listener.executable", "\"/usr/bin/curl\"" },
		{ "yagura.error", "\"ECONNRESET\"" },
		{ "source.ip", NULL },
		{ "source.bytes", NULL },
		{ "yagura.srtt_us", NULL },
		{ "yagura.counters_reset", "true" },
		{ "yagura.sensor", "\"01234567-89ab-cdef-0123-456789abcdef\"" },
		{ NULL, NULL },
	};
	struct record record = sample_flow();

	(void)state;
	record.flow.is_ipv6 = true;
	record.flow.final = false;
	record.flow.part = 2;
	record.flow.ending = FLOW_ENDING_UNKNOWN;
	record.flow.error = ECONNRESET;
	record.flow.counters_reset = true;
	record.flow.listener = record.flow.process;
	memset(record.flow.source.addr, 0, 16);
	expect_values(&record, values);
}

static void rare_flows(void **state)
{
	static const struct value_case protocol[] = {
		{ "network.transport", "\"253\"" },
		{ "network.iana_number", "253" },
		{ "yagura.error", "4095" },
		{ "yagura.count", "12" },
		{ "event.duration", NULL },
		{ "event.start", NULL },
		{ "network.direction", "\"unknown\"" },
		{ NULL, NULL },
	};
	static const struct value_case icmp[] = { { "network.transport", "\"ipv6-icmp\"" },
						  { "yagura.icmp_type", "128" },
						  { "yagura.icmp_code", "0" },
						  { NULL, NULL } };
	struct record record = sample_flow();

	(void)state;
	record.flow.protocol = 253;
	record.flow.error = 4095;
	record.flow.count = 12;
	record.flow.start_ns = 0;
	record.flow.direction = 7;
	expect_values(&record, protocol);
	record.flow.protocol = IPPROTO_ICMPV6;
	record.flow.icmp_type = 128;
	expect_values(&record, icmp);
}

static void a_replay_has_no_sensor(void **state)
{
	struct record record = sample_flow();
	json_t *root = render(&from_replay, &record);

	(void)state;
	expect_key(root, "yagura.sensor", NULL);
	expect_key(root, "yagura.flow_id", "\"deadbeef-1001-0\"");
	json_decref(root);
}

static void an_exec(void **state)
{
	static const struct value_case values[] = {
		{ "@timestamp", "\"2025-11-23T01:02:03.456Z\"" },
		{ "event.action", "\"exec\"" },
		{ "process.pid", "4711" },
		{ "process.user.id", "0" },
		{ "process.effective_group.id", "4" },
		{ "process.saved_user.id", NULL }, /* nobody looked at credentials */
		{ "process.working_directory", "\"/root\"" },
		{ "process.vpid", "4711" },
		{ "process.tty", NULL },
		{ "process.parent.pid", "4700" },
		{ "process.parent.entity_id", "\"deadbeef-4700-12a05f200-1\"" },
		{ "process.parent.executable", "\"/usr/bin/bash\"" },
		{ "process.parent.args", "[\"-bash\"]" },
		{ "process.parent.user.id", "1000" },
		{ "process.session_leader.pid", "4700" },
		{ "file.mode", "\"0755\"" },
		{ "file.size", "252000" },
		{ "yagura.args_total_bytes", "25" },
		{ "yagura.cgroup_id", "7321" },
		{ "yagura.loginuid", "1000" },
		{ "yagura.audit_session", NULL },
		{ "yagura.deleted", NULL },
		{ "yagura.cap_effective", NULL },
		{ "yagura.unit", "\"ssh.service\"" },
		{ "yagura.slice", "\"system.slice\"" },
		{ "yagura.login_session", NULL },
		{ "yagura.ancestors", NULL },
		{ "yagura.creator_pid", NULL },
		{ "yagura.former_user_id", NULL },
		{ "yagura.ld_preload", NULL },
		{ NULL, NULL },
	};
	struct record record = sample_exec();

	(void)state;
	expect_values(&record, values);
}

static void an_exec_has_relatives(void **state)
{
	static const struct value_case values[] = {
		{ "yagura.ancestors", "[\"/usr/bin/bash\",\"\",\"/sbin/init\"]" },
		{ "yagura.ancestor_ids",
		  "[\"deadbeef-4700-12a05f200-1\",\"deadbeef-70-46-2\",\"deadbeef-1-1-3\"]" },
		{ "yagura.creator_pid", "70" },
		{ "yagura.creator_entity_id", "\"deadbeef-70-46-2\"" },
		{ "yagura.creator_executable", NULL }, /* not known */
		{ "yagura.former_user_id", "1000" },
		{ "yagura.ld_preload", "true" },
		{ "yagura.ancestors_cut", "true" },
		{ "yagura.ld_audit", NULL },
		{ NULL, NULL },
	};
	const struct record_process line[] = {
		{ .key = { 70, 70, 2 } },
		{ .key = { 1, 1, 3 }, .executable = { "/sbin/init", 10 } },
	};
	struct record record = sample_exec();

	(void)state;
	record.exec.creator = line[0];
	record.exec.ancestors = line;
	record.exec.ancestor_count = 2;
	record.exec.former_euid = 1000;
	record.exec.facts = FACT_LD_PRELOAD | FACT_ANCESTORS_CUT;
	expect_values(&record, values);
}

static void an_exit_and_a_gap(void **state)
{
	static const struct value_case exited[] = {
		{ "event.action", "\"exit\"" }, { "process.pid", "4711" },
		{ "process.exit_code", "3" },	{ "yagura.exit_signal", NULL },
		{ "yagura.run_us", "12345" },	{ NULL, NULL },
	};
	static const struct value_case killed[] = {
		{ "process.exit_code", NULL },
		{ "yagura.exit_signal", "9" },
		{ NULL, NULL },
	};
	static const struct value_case gap[] = {
		{ "event.action", "\"gap\"" }, { "yagura.record_class", "\"exec\"" },
		{ "yagura.count", "12" },      { "yagura.reason", "\"ring_full\"" },
		{ "yagura.cgroup", NULL },     { NULL, NULL },
	};
	struct record ended = sample_exit();
	struct record missing = sample_gap();

	(void)state;
	ended.exit.status = 3 << 8;
	expect_values(&ended, exited);
	ended.exit.status = SIGKILL;
	expect_values(&ended, killed);
	expect_values(&missing, gap);
}

static void an_exec_update(void **state)
{
	static const struct value_case values[] = {
		{ "event.action", "\"exec_update\"" },
		{ "process.pid", "4711" },
		{ "process.executable", "\"/usr/bin/curl\"" },
		{ "process.hash.sha256",
		  "\"ba7816bf" /* and nothing behind these four bytes */
		  "00000000000000000000000000000000000000000000000000000000\"" },
		{ "yagura.hash_status", "\"ok\"" },
		{ "yagura.package", "\"owned_unmodified\"" },
		{ "yagura.verity", "\"sha256:0102\"" },
		{ "yagura.ima", "\"sha512:0304\"" },
		{ "yagura.script_hash_status", "\"vanished\"" },
		{ "yagura.script_sha256", NULL },
		{ "yagura.first_seen", "true" },
		{ "yagura.px1", "\"euth01\"" },
		{ NULL, NULL },
	};
	struct record record = sample_exec_update();

	(void)state;
	record.exec_update.hash.verity = (struct record_digest){ 1, 2, { 1, 2 } };
	record.exec_update.hash.ima = (struct record_digest){ 6, 2, { 3, 4 } };
	record.exec_update.script_hash.status = HASH_VANISHED;
	record.exec_update.px1 = TEXT("euth01");
	expect_values(&record, values);
}

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define POD "8c1b2e4f-0a1b-4c2d-9e3f-001122334455"

static void a_container(void **state)
{
	static const struct value_case values[] = {
		{ "container.id", "\"" ID "\"" },
		{ "container.runtime", "\"cri-o\"" },
		{ "kubernetes.pod.uid", "\"" POD "\"" },
		{ NULL, NULL },
	};
	struct record flow = sample_flow();
	struct record exec = sample_exec();

	(void)state;
	flow.flow.cgroup = TEXT("/kubepods/pod" POD "/crio-" ID);
	exec.exec.cgroup = flow.flow.cgroup;
	expect_values(&flow, values);
	expect_values(&exec, values);
}

static void the_fullest_records_are_json(void **state)
{
	(void)state;
	for (int class = 0; class < RECORD_CLASS_COUNT; class ++) {
		struct record most = full_record((enum record_class) class, FULL_MOST);
		struct record none = { .class = (enum record_class) class };

		json_decref(render(&from_sensor, &most));
		json_decref(render(&from_sensor, &none));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_flow),
		cmocka_unit_test(an_interim_part_with_a_listener),
		cmocka_unit_test(rare_flows),
		cmocka_unit_test(a_replay_has_no_sensor),
		cmocka_unit_test(an_exec),
		cmocka_unit_test(an_exec_has_relatives),
		cmocka_unit_test(an_exit_and_a_gap),
		cmocka_unit_test(a_container),
		cmocka_unit_test(an_exec_update),
		cmocka_unit_test(the_fullest_records_are_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
