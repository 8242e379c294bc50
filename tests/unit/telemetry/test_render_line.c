/* SPDX-License-Identifier: Apache-2.0 */
#include "support/sample_records.h"
#include "telemetry/render.h"
#include "telemetry/utf8.h"

#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#undef UNIT_TESTING /* cmocka's own malloc hides overruns from ASan */
#include <cmocka.h>

static void plain(struct record *record)
{
	(void)record;
}

static void exec_of_unknown(struct record *record)
{
	record->exec.process =
		(struct record_process){ .key.pid = 9, .key.start_ns = 1, .uid = UINT32_MAX };
	record->exec.parent = (struct record_process){ 0 };
}

static void exec_deleted_and_cut(struct record *record)
{
	record->exec.file.deleted = true;
	record->exec.process.args_truncated = true;
	record->exec.parent.executable.length = 0;
}

static void exec_hostile(struct record *record)
{
	record->exec.process.executable = TEXT("/tmp/\x1b]0;owned\x07\n");
	record->exec.process.args = TEXT("x\0\x1b[31m\xc2\x9b"
					 "2J\0\xff\xc0\xaf\0\xe2\x80\xae"
					 "fdp\0caf\xc3\xa9\0\0end");
}

#define HEX_ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void exec_of_a_script_in_a_container(struct record *record)
{
	record->exec.script = TEXT("./run\n.sh");
	record->exec.cgroup = TEXT("/system.slice/docker-" HEX_ID ".scope");
	record->exec.parent = (struct record_process){ 0 };
}

static void exec_privileged_of_a_memfd(struct record *record)
{
	record->exec.file.memfd = record->exec.file.deleted = true;
	record->exec.process.uid = 1000;
	record->exec.privileged = true;
	record->exec.cgroup = TEXT("/kubepods/pod"
				   "0123456789abcdef0123456789abcdef/" HEX_ID);
	record->exec.parent = (struct record_process){ 0 };
}

static void exit_of_unknown_length(struct record *record)
{
	record->exit.run_ns = 0;
}

static void exit_with_code(struct record *record)
{
	record->exit.status = 127 << 8;
}

static void exit_killed(struct record *record)
{
	record->exit.status = SIGKILL;
}

static void exit_with_core(struct record *record)
{
	record->exit.status = SIGSEGV | 0x80;
}

static void exit_by_realtime_signal(struct record *record)
{
	record->exit.status = 40;
	record->exit.run_ns = 3600001000000;
	record->exit.process = (struct record_process){ 0 };
}

static void flow_accepted(struct record *record)
{
	record->flow.direction = DIRECTION_INGRESS;
	record->flow.listener =
		(struct record_process){ .key.pid = 123, .executable = TEXT("/usr/sbin/nginx") };
}

static void flow_failed(struct record *record)
{
	record->flow.state = FLOW_FAILED;
	record->flow.error = ECONNREFUSED;
}

static void flow_failed_strangely(struct record *record)
{
	record->flow.state = FLOW_FAILED;
	record->flow.error = UINT32_MAX;
}

static void flow_over_ipv6(struct record *record)
{
	memset(record->flow.source.addr, 0, 16);
	record->flow.source.addr[15] = 1;
	record->flow.protocol = IPPROTO_UDP;
	record->flow.process = (struct record_process){ 0 };
	record->flow.owner_quality = QUALITY_KERNEL;
}

static void flow_with_odd_names(struct record *record)
{
	record->flow.direction = DIRECTION_UNKNOWN;
	record->flow.state = (enum record_flow_state)0;
	record->flow.protocol = 200;
	record->flow.process.executable = TEXT("/usr/bin/");
	record->flow.listener =
		(struct record_process){ .key.pid = 7, .executable = TEXT("no/e\tx") };
}

static void flow_of_datagrams(struct record *record)
{
	record->flow.protocol = IPPROTO_UDP;
	record->flow.ending = FLOW_ENDING_IDLE;
	record->flow.shared = record->flow.preexisting = true;
	record->flow.cgroup = TEXT("/machine.slice/machine-web.scope");
}

static void flow_of_pings(struct record *record)
{
	record->flow.protocol = IPPROTO_ICMP;
	record->flow.icmp_type = 8;
}

static void flow_folded(struct record *record)
{
	record->flow.protocol = IPPROTO_UDP;
	record->flow.folded = true;
	record->flow.count = 42;
}

static void flow_refused(struct record *record)
{
	record->flow.direction = DIRECTION_INGRESS;
	record->flow.state = FLOW_REFUSED;
	record->flow.ending = FLOW_ENDING_UNKNOWN;
	record->flow.source.port = 0;
	record->flow.process = (struct record_process){ 0 };
	record->flow.count = 120;
	record->flow.ports = 37;
}

static void flow_of_a_query(struct record *record)
{
	static const struct mark query[] = { { MARK_DNS_TYPE, TEXT("A") },
					     { MARK_DNS_NAME, TEXT("a\n.example") },
					     { MARK_DNS_NAME, TEXT("second.example") } };

	record->flow.marks = query;
	record->flow.mark_count = 3;
	record->flow.destination_name = TEXT("resolver.example");
}

static void flow_of_a_long_name(struct record *record)
{
	static const struct mark ssh[] = { { MARK_HASSH_SERVER, TEXT(HEX_ID "xyz") },
					   { MARK_HASSH, TEXT(HEX_ID) } };

	record->flow.marks = ssh;
	record->flow.mark_count = 2;
	record->flow.destination_name = TEXT(HEX_ID "x");
}

static void gap_of_a_group(struct record *record)
{
	record->gap.reason = GAP_THROTTLED;
	record->gap.cgroup = TEXT("/system.slice/x\x1b.service");
}

static void single_gap(struct record *record)
{
	record->gap.count = 1;
	record->gap.class = RECORD_FLOW;
	record->gap.reason = GAP_SPOOL_FULL;
}

static void no_class(struct record *record)
{
	record->class = RECORD_CLASS_COUNT;
}

static struct line_case {
	const char *name;
	struct record (*sample)(void);
	void (*change)(struct record *record);
	const char *want;
} cases[] = {
	{ "exec", sample_exec, plain,
	  "01:02:03.456 exec   /usr/bin/curl [4711] uid 0 by /usr/bin/bash [4700]: "
	  "curl -s http://10.0.0.2/" },
	{ "exec of something unknown", sample_exec, exec_of_unknown,
	  "01:02:03.456 exec   ? [9] uid ?" },
	{ "exec deleted, args cut", sample_exec, exec_deleted_and_cut,
	  "01:02:03.456 exec   /usr/bin/curl [4711] (deleted) uid 0 by ? [4700]: "
	  "curl -s http://10.0.0.2/ ..." },
	{ "exec with hostile texts", sample_exec, exec_hostile,
	  "01:02:03.456 exec   /tmp/?]0;owned?? [4711] uid 0 by /usr/bin/bash [4700]: "
	  "x ?[31m?2J ??? ?fdp caf\xc3\xa9  end" },
	{ "exec of a script in a container", sample_exec, exec_of_a_script_in_a_container,
	  "01:02:03.456 exec   /usr/bin/curl [4711] script ./run?.sh uid 0 "
	  "in docker 0123456789ab: curl -s http://10.0.0.2/" },
	{ "exec privileged of a memfd in a pod", sample_exec, exec_privileged_of_a_memfd,
	  "01:02:03.456 exec   /usr/bin/curl [4711] (memfd) uid 1000 euid 0 (privileged) "
	  "in container 0123456789ab: curl -s http://10.0.0.2/" },
	{ "exit of unknown length", sample_exit, exit_of_unknown_length,
	  "01:02:03.456 exit   /usr/bin/curl [4711] code 0" },
	{ "exit", sample_exit, plain,
	  "01:02:03.456 exit   /usr/bin/curl [4711] code 0 after 0.012 s" },
	{ "exit with a code", sample_exit, exit_with_code,
	  "01:02:03.456 exit   /usr/bin/curl [4711] code 127 after 0.012 s" },
	{ "exit by a signal", sample_exit, exit_killed,
	  "01:02:03.456 exit   /usr/bin/curl [4711] signal KILL after 0.012 s" },
	{ "exit with a core", sample_exit, exit_with_core,
	  "01:02:03.456 exit   /usr/bin/curl [4711] signal SEGV (core dumped) after 0.012 s" },
	{ "exit of nobody by a signal without name", sample_exit, exit_by_realtime_signal,
	  "01:02:03.456 exit   ? signal 40 after 3600.001 s" },
	{ "flow", sample_flow, plain,
	  "01:02:03.456 flow   egress 10.0.0.1:40000 > 10.0.0.2:80 tcp closed "
	  "sent 78 received 850 curl [4711] caller" },
	{ "flow accepted", sample_flow, flow_accepted,
	  "01:02:03.456 flow   ingress 10.0.0.1:40000 > 10.0.0.2:80 tcp closed "
	  "sent 850 received 78 curl [4711] caller (listener nginx[123])" },
	{ "flow failed", sample_flow, flow_failed,
	  "01:02:03.456 flow   egress 10.0.0.1:40000 > 10.0.0.2:80 tcp failed ECONNREFUSED "
	  "sent 78 received 850 curl [4711] caller" },
	{ "flow failed with an unknown error", sample_flow, flow_failed_strangely,
	  "01:02:03.456 flow   egress 10.0.0.1:40000 > 10.0.0.2:80 tcp failed error 4294967295 "
	  "sent 78 received 850 curl [4711] caller" },
	{ "flow over IPv6 without owner", sample_flow, flow_over_ipv6,
	  "01:02:03.456 flow   egress [::1]:40000 > 10.0.0.2:80 udp closed "
	  "sent 78 received 850 ? kernel" },
	{ "flow with odd names", sample_flow, flow_with_odd_names,
	  "01:02:03.456 flow   unknown 10.0.0.1 > 10.0.0.2 protocol 200 unknown "
	  "sent 78 received 850 ? [4711] caller (listener e?x[7])" },
	{ "flow of datagrams", sample_flow, flow_of_datagrams,
	  "01:02:03.456 flow   egress 10.0.0.1:40000 > 10.0.0.2:80 udp closed idle preexisting "
	  "sent 78 received 850 curl [4711] caller shared in systemd-nspawn web" },
	{ "flow of pings", sample_flow, flow_of_pings,
	  "01:02:03.456 flow   egress 10.0.0.1 > 10.0.0.2 icmp 8/0 closed "
	  "sent 78 received 850 curl [4711] caller" },
	{ "flow folded", sample_flow, flow_folded,
	  "01:02:03.456 flow   egress 10.0.0.1:40000 > 10.0.0.2:80 udp closed "
	  "sent 78 received 850 of 42 flows curl [4711] caller" },
	{ "flow refused", sample_flow, flow_refused,
	  "01:02:03.456 flow   ingress 10.0.0.1:0 > 10.0.0.2:80 tcp refused attempts 120 ports "
	  "37" },
	{ "flow with a hello", sample_marked_flow, plain,
	  "01:02:03.456 flow   egress 10.0.0.1:40000 > 10.0.0.2:443 tcp closed "
	  "sent 78 received 850 curl [4711] caller sni example.org "
	  "ja4 t13d1516h2_8daaf6152771_02713d6af862" },
	{ "flow of a query", sample_flow, flow_of_a_query,
	  "01:02:03.456 flow   egress 10.0.0.1:40000 > 10.0.0.2:80 tcp closed "
	  "sent 78 received 850 curl [4711] caller dns a?.example" },
	{ "flow with a long name", sample_flow, flow_of_a_long_name,
	  "01:02:03.456 flow   egress 10.0.0.1:40000 > 10.0.0.2:80 tcp closed "
	  "sent 78 received 850 curl [4711] caller name " HEX_ID "... hassh " HEX_ID },
	{ "gap of a control group", sample_gap, gap_of_a_group,
	  "01:02:03.456 gap    12 exec records missing: throttled of /system.slice/x?.service" },
	{ "gap", sample_gap, plain, "01:02:03.456 gap    12 exec records missing: ring_full" },
	{ "gap of one", sample_gap, single_gap,
	  "01:02:03.456 gap    1 flow record missing: spool_full" },
	{ "no class", sample_gap, no_class, "" },
};

static void check_case(void **state)
{
	const struct line_case *c = *state;
	struct record record = c->sample();
	char line[512];

	c->change(&record);
	assert_int_equal(render_line(line, sizeof(line), &record), strlen(c->want));
	assert_string_equal(line, c->want);
}

/* An exact-size heap copy, so ASan sees one over: always terminated, a prefix of the whole line,
 * and never half a character. */
static void check_size(const struct record *record, const char *whole, size_t size)
{
	char *line = malloc(size);
	struct text rest;
	size_t length;

	assert_non_null(line);
	memset(line, 'x', size);
	length = render_line(line, size, record);
	assert_in_range(length, 0, size - 1);
	assert_int_equal(strnlen(line, size), length);
	assert_memory_equal(line, whole, length);
	assert_true(length == strlen(whole) || length + 4 >= size);
	rest = (struct text){ line, length };
	for (struct utf8_character u = utf8_take(&rest); u.length > 0; u = utf8_take(&rest))
		assert_true(utf8_is_printable(&u));
	free(line);
}

static void check_sizes(void **state)
{
	const struct line_case *c = *state;
	struct record record = c->sample();
	char untouched = 'x';

	c->change(&record);
	assert_int_equal(render_line(&untouched, 0, &record), 0);
	assert_int_equal(untouched, 'x');
	for (size_t size = 1; size <= 200; size++)
		check_size(&record, c->want, size);
}

static void test_long_texts_are_cut(void **state)
{
	static char euros[3 * 20000];
	struct record record = sample_exec();
	char line[4096];

	(void)state;
	for (size_t i = 0; i < sizeof(euros); i += 3)
		memcpy(euros + i, "\xe2\x82\xac", 3);
	record.exec.process.executable = (struct text){ euros, sizeof(euros) };
	assert_in_range(render_line(line, sizeof(line), &record), sizeof(line) - 3,
			sizeof(line) - 1);
	assert_memory_equal(line + strlen(line) - 3, "\xe2\x82\xac", 3);
}

#define COUNT (sizeof(cases) / sizeof(cases[0]))

int main(void)
{
	struct CMUnitTest rows[2 * COUNT];
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_long_texts_are_cut) };
	int failed;

	for (size_t i = 0; i < COUNT; i++) {
		rows[2 * i] =
			(struct CMUnitTest){ cases[i].name, check_case, NULL, NULL, &cases[i] };
		rows[2 * i + 1] = (struct CMUnitTest){ "… in every size", check_sizes, NULL, NULL,
						       &cases[i] };
	}
	failed = cmocka_run_group_tests(rows, NULL, NULL);
	return failed + cmocka_run_group_tests(tests, NULL, NULL);
}
