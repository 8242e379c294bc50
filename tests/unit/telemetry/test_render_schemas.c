/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the renderers write, held against the schemas that others publish: names, types and
 * identifiers as facts, of the Elastic Common Schema 8.17 (elastic.co/guide/en/ecs) and of OCSF
 * 1.3.0 (schema.ocsf.io/1.3.0), as far as they are used.
 */
#include "telemetry/render_json.h"
#include "telemetry/render_ocsf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/field_table.h"
#include "support/full_records.h"

static const struct field ecs[] = {
	{ "@timestamp", FIELD_DATE, NULL },
	{ "event.action", FIELD_STRING, " flow exec exec_update exit gap " },
	{ "event.start", FIELD_DATE, NULL },
	{ "event.end", FIELD_DATE, NULL },
	{ "event.duration", FIELD_NUMBER, NULL },
	{ "network.transport", FIELD_STRING, NULL },
	{ "network.iana_number", FIELD_NUMBER, NULL },
	{ "network.type", FIELD_STRING, " ipv4 ipv6 " },
	{ "network.direction", FIELD_STRING, " ingress egress unknown " },
	{ "source.ip", FIELD_IP, NULL },
	{ "source.port", FIELD_PORT, NULL },
	{ "source.bytes", FIELD_NUMBER, NULL },
	{ "source.packets", FIELD_NUMBER, NULL },
	{ "destination.ip", FIELD_IP, NULL },
	{ "destination.port", FIELD_PORT, NULL },
	{ "destination.bytes", FIELD_NUMBER, NULL },
	{ "destination.packets", FIELD_NUMBER, NULL },
	{ "destination.domain", FIELD_STRING, NULL },
	{ "process.pid", FIELD_NUMBER, NULL },
	{ "process.entity_id", FIELD_STRING, NULL },
	{ "process.executable", FIELD_STRING, NULL },
	{ "process.args", FIELD_STRING, NULL },
	{ "process.working_directory", FIELD_STRING, NULL },
	{ "process.exit_code", FIELD_NUMBER, NULL },
	{ "process.vpid", FIELD_NUMBER, NULL },
	{ "process.hash.sha256", FIELD_HEX, NULL },
	{ "process.session_leader.pid", FIELD_NUMBER, NULL },
	{ "process.tty.char_device.major", FIELD_NUMBER, NULL },
	{ "process.tty.char_device.minor", FIELD_NUMBER, NULL },
	{ "process.parent.pid", FIELD_NUMBER, NULL },
	{ "process.parent.entity_id", FIELD_STRING, NULL },
	{ "process.parent.executable", FIELD_STRING, NULL },
	{ "process.parent.args", FIELD_STRING, NULL },
	{ "process.parent.user.id", FIELD_NUMBER, NULL },
	{ "process.parent.group.id", FIELD_NUMBER, NULL },
	{ "process.user.id", FIELD_NUMBER, NULL },
	{ "process.group.id", FIELD_NUMBER, NULL },
	{ "process.saved_user.id", FIELD_NUMBER, NULL },
	{ "file.inode", FIELD_NUMBER, NULL },
	{ "file.device", FIELD_STRING, NULL },
	{ "file.size", FIELD_NUMBER, NULL },
	{ "file.mode", FIELD_STRING, NULL },
	{ "file.ctime", FIELD_DATE, NULL },
	{ "file.mtime", FIELD_DATE, NULL },
	{ "container.id", FIELD_STRING, NULL },
	{ "container.runtime", FIELD_STRING, NULL },
	{ "tls.version", FIELD_STRING, NULL },
	{ "tls.cipher", FIELD_STRING, NULL },
	{ "tls.curve", FIELD_STRING, NULL },
	{ "tls.next_protocol", FIELD_STRING, NULL },
	{ "tls.client.server_name", FIELD_STRING, NULL },
	{ "tls.client.ja3", FIELD_STRING, NULL },
	{ "tls.server.ja3s", FIELD_STRING, NULL },
	{ "dns.question.name", FIELD_STRING, NULL },
	{ "dns.question.type", FIELD_STRING, NULL },
	{ "dns.response_code", FIELD_STRING, NULL },
	{ "dns.answers.name", FIELD_STRING, NULL },
	{ "dns.answers.type", FIELD_STRING, NULL },
	{ "dns.answers.data", FIELD_STRING, NULL },
	{ "dns.answers.ttl", FIELD_NUMBER, NULL },
	{ "dns.resolved_ip", FIELD_STRING, NULL },
	{ NULL, FIELD_STRING, NULL },
};

/* Ours, and those that the contract has beside ECS. */
static const char *const ecs_own[] = {
	"yagura.",
	"tls.client.ja4",
	"kubernetes.pod.uid",
	"source.data_packets",
	"destination.data_packets",
	"process.args_truncated",
	"process.parent.args_truncated",
	"process.effective_user.id",
	"process.effective_group.id",
	NULL,
};

static const struct field ocsf[] = {
	{ "category_uid", FIELD_NUMBER, " 0 1 4 " },
	{ "class_uid", FIELD_NUMBER, " 0 1007 4001 " },
	{ "activity_id", FIELD_NUMBER, " 1 2 3 4 5 6 99 " },
	{ "activity_name", FIELD_STRING, NULL },
	{ "type_uid", FIELD_NUMBER,
	  " 99 100701 100702 100799 400102 400103 400104 400105 400106 " },
	{ "severity_id", FIELD_NUMBER, " 1 3 " },
	{ "status_id", FIELD_NUMBER, " 1 2 " },
	{ "message", FIELD_STRING, NULL },
	{ "count", FIELD_NUMBER, NULL },
	{ "time", FIELD_NUMBER, NULL },
	{ "start_time", FIELD_NUMBER, NULL },
	{ "end_time", FIELD_NUMBER, NULL },
	{ "exit_code", FIELD_NUMBER, NULL },
	{ "metadata.version", FIELD_STRING, " 1.3.0 " },
	{ "metadata.product.name", FIELD_STRING, NULL },
	{ "metadata.product.vendor_name", FIELD_STRING, NULL },
	{ "metadata.product.version", FIELD_STRING, NULL },
	{ "device.type_id", FIELD_NUMBER, " 0 " },
	{ "device.uid", FIELD_STRING, NULL },
#define OCSF_PROCESS(path)                                                                         \
	{ path ".pid", FIELD_NUMBER, NULL }, { path ".uid", FIELD_STRING, NULL },                  \
		{ path ".name", FIELD_STRING, NULL }, { path ".cmd_line", FIELD_STRING, NULL },    \
		{ path ".file.name", FIELD_STRING, NULL },                                         \
		{ path ".file.path", FIELD_STRING, NULL },                                         \
		{ path ".file.type_id", FIELD_NUMBER, " 1 " },                                     \
		{ path ".file.hashes.algorithm_id", FIELD_NUMBER, " 3 " },                         \
		{ path ".file.hashes.value", FIELD_HEX, NULL },                                    \
	{                                                                                          \
		path ".user.uid", FIELD_STRING, NULL                                               \
	}
	OCSF_PROCESS("process"),
	OCSF_PROCESS("process.parent_process"),
	OCSF_PROCESS("actor.process"),
	{ "actor.app_name", FIELD_STRING, NULL },
	{ "src_endpoint.ip", FIELD_IP, NULL },
	{ "src_endpoint.port", FIELD_PORT, NULL },
	{ "dst_endpoint.ip", FIELD_IP, NULL },
	{ "dst_endpoint.port", FIELD_PORT, NULL },
	{ "dst_endpoint.hostname", FIELD_STRING, NULL },
	{ "connection_info.direction_id", FIELD_NUMBER, " 0 1 2 " },
	{ "connection_info.protocol_num", FIELD_NUMBER, NULL },
	{ "connection_info.protocol_name", FIELD_STRING, NULL },
	{ "connection_info.protocol_ver_id", FIELD_NUMBER, " 4 6 " },
	{ "connection_info.uid", FIELD_STRING, NULL },
	{ "traffic.bytes", FIELD_NUMBER, NULL },
	{ "traffic.bytes_in", FIELD_NUMBER, NULL },
	{ "traffic.bytes_out", FIELD_NUMBER, NULL },
	{ "traffic.packets", FIELD_NUMBER, NULL },
	{ "traffic.packets_in", FIELD_NUMBER, NULL },
	{ "traffic.packets_out", FIELD_NUMBER, NULL },
	{ "tls.version", FIELD_STRING, NULL },
	{ "tls.cipher", FIELD_STRING, NULL },
	{ "tls.sni", FIELD_STRING, NULL },
	{ "tls.ja3_hash.algorithm_id", FIELD_NUMBER, " 1 " },
	{ "tls.ja3_hash.value", FIELD_STRING, NULL },
	{ "tls.ja3s_hash.algorithm_id", FIELD_NUMBER, " 1 " },
	{ "tls.ja3s_hash.value", FIELD_STRING, NULL },
	{ "ja4_fingerprint_list.type_id", FIELD_NUMBER, " 1 " },
	{ "ja4_fingerprint_list.value", FIELD_STRING, NULL },
	{ NULL, FIELD_STRING, NULL },
};
static const char *const ocsf_own[] = { "unmapped.", NULL };

/* What OCSF requires of every event, and of those of each class. */
static const char *const required[] = { "category_uid",
					"class_uid",
					"activity_id",
					"type_uid",
					"severity_id",
					"time",
					"metadata.version",
					"metadata.product.vendor_name",
					NULL };
static const char *const required_of_process[] = { "device.type_id", "process.pid", "actor", NULL };
static const char *const required_of_network[] = { "connection_info.direction_id", "dst_endpoint",
						   NULL };

static const struct batch_header header = { .boot_id = { 1, 2, 3 } };
static const uint8_t sensor[16] = { 7 };

typedef int (*render_fn)(struct ndjson *json, const struct render_source *source,
			 const struct record *record);

static char *render(render_fn as, const struct record *record)
{
	const struct render_source source = { .header = &header, .sensor = sensor };
	struct ndjson json = { 0 };
	char *line;

	assert_int_equal(as(&json, &source, record), 0);
	line = strndup(json.at, json.length);
	ndjson_done(&json);
	return line;
}

/* A mark that is not what its form says comes as text, whatever the schema wants (render_json.h):
 * those of the fullest record are made up so. */
static bool is_made_up(const struct record *record, const char *name)
{
	return record->class == RECORD_FLOW && strcmp(name, "dns.answers.ttl") == 0;
}

static void ecs_of_full_records(void **state)
{
	(void)state;
	for (enum record_class class = 0; class < RECORD_CLASS_COUNT; class ++)
		for (enum fullness fullness = FULL_DISTINCT; fullness <= FULL_MOST; fullness++) {
			struct record record = full_record(class, fullness);
			char *line = render(render_json, &record);

			const char *wrong = field_table_wrong(ecs, ecs_own, line);

			if (!is_made_up(&record, wrong))
				assert_string_equal(wrong, "");
			free(line);
		}
}

static void check_ocsf(const struct record *record)
{
	char *line = render(render_ocsf, record);

	assert_string_equal(field_table_wrong(ocsf, ocsf_own, line), "");
	assert_string_equal(field_table_lacks(required, line), "");
	if (record->class == RECORD_FLOW)
		assert_string_equal(field_table_lacks(required_of_network, line), "");
	else if (record->class != RECORD_GAP)
		assert_string_equal(field_table_lacks(required_of_process, line), "");
	free(line);
}

static void ocsf_of_full_records(void **state)
{
	(void)state;
	for (enum record_class class = 0; class < RECORD_CLASS_COUNT; class ++)
		for (enum fullness fullness = FULL_DISTINCT; fullness <= FULL_MOST; fullness++) {
			struct record record = full_record(class, fullness);

			check_ocsf(&record);
		}
}

/* A field that the schema does not know, or one of another type, must not pass. */
static void the_tables_can_fail(void **state)
{
	static const char *const lines[][2] = {
		{ "{\"sourc\":{\"ip\":\"10.0.0.1\"}}", "sourc.ip" },
		{ "{\"source\":{\"ip\":\"no address\"}}", "source.ip" },
		{ "{\"source\":{\"port\":70000}}", "source.port" },
		{ "{\"source\":{\"bytes\":\"5\"}}", "source.bytes" },
		{ "{\"network\":{\"type\":\"ipv5\"}}", "network.type" },
		{ "{\"@timestamp\":\"yesterday\"}", "@timestamp" },
		{ "{\"source\":{\"bytes\":5}}", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		assert_string_equal(field_table_wrong(ecs, ecs_own, lines[i][0]), lines[i][1]);
	assert_string_equal(field_table_lacks(required, "{\"category_uid\":1}"), "class_uid");
}

static struct activity_case {
	const char *name;
	enum record_flow_state state;
	bool final;
	enum record_flow_ending ending;
	const char *want;
} activities[] = {
	{ "an interim is Traffic", FLOW_ESTABLISHED, false, FLOW_ENDING_UNKNOWN, "400106" },
	{ "an end is Close", FLOW_CLOSED, true, FLOW_ENDING_FIN_LOCAL, "400102" },
	{ "a reset is Reset", FLOW_CLOSED, true, FLOW_ENDING_RESET_REMOTE, "400103" },
	{ "a failed attempt is Fail", FLOW_FAILED, true, FLOW_ENDING_TIMEOUT, "400104" },
	{ "a closed port is Refuse", FLOW_REFUSED, true, FLOW_ENDING_UNKNOWN, "400105" },
};

static void check_activity(void **state)
{
	const struct activity_case *c = *state;
	struct record record = { .class = RECORD_FLOW,
				 .flow = { .state = c->state,
					   .final = c->final,
					   .ending = c->ending,
					   .end_ns = 1000000,
					   .destination = { .port = 1 } } };
	char *line = render(render_ocsf, &record);
	char want[64];

	snprintf(want, sizeof(want), "\"type_uid\":%s,", c->want);
	assert_non_null(strstr(line, want));
	free(line);
	check_ocsf(&record);
}

int main(void)
{
	enum { COUNT = sizeof(activities) / sizeof(activities[0]) };
	struct CMUnitTest tests[3 + COUNT] = {
		cmocka_unit_test(ecs_of_full_records),
		cmocka_unit_test(ocsf_of_full_records),
		cmocka_unit_test(the_tables_can_fail),
	};

	for (size_t i = 0; i < COUNT; i++)
		tests[3 + i] = (struct CMUnitTest){ activities[i].name, check_activity, NULL, NULL,
						    &activities[i] };
	return cmocka_run_group_tests_name("schemas", tests, NULL, NULL);
}
