/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/config/sensor_config.h"

#include "common/cleanup.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define ID "[sensor]\nid = 0190d2c0-5b1e-7c3a-8f00-0123456789ab\n"
#define COLLECTOR "[collector]\naddress = [::1]:7443\nserver_name = c\nca = /ca\n"

static struct config_case {
	const char *name;
	const char *text;
	const char *want_error; /* NULL: valid */
} cases[] = {
	{ "only the id", ID, NULL },
	{ "no id", "[log]\nlevel = info\n", "id" },
	{ "id is no UUID", "[sensor]\nid = host-7\n", "'host-7'; it must be a UUID" },
	{ "ring of 64K", ID "[kernel]\nring_bulk_bytes = 64K\n", NULL },
	{ "ring of 256M", ID "[kernel]\nring_valuable_bytes = 256M\n", NULL },
	{ "ring too small", ID "[kernel]\nring_bulk_bytes = 32K\n", "ring_bulk_bytes" },
	{ "ring too large", ID "[kernel]\nring_bulk_bytes = 512M\n", "ring_bulk_bytes" },
	{ "bulk ring no power of two", ID "[kernel]\nring_bulk_bytes = 3M\n",
	  "'ring_bulk_bytes' in [kernel] is 3145728; it must be a power of two" },
	{ "valuable ring no power of two", ID "[kernel]\nring_valuable_bytes = 65537\n",
	  "'ring_valuable_bytes' in [kernel] is 65537" },
	{ "no arguments at all", ID "[kernel]\nargs_bytes = 0\n", NULL },
	{ "arguments too long", ID "[kernel]\nargs_bytes = 32769\n", "args_bytes" },
	{ "spool of four segments", ID "[spool]\nbytes_max = 4M\nsegment_bytes = 1M\n", NULL },
	{ "spool of less", ID "[spool]\nbytes_max = 4M\nsegment_bytes = 1025K\n", "bytes_max" },
	{ "a whole collector", ID COLLECTOR "certificate = /c\nkey = /k\n", NULL },
	{ "collector without key", ID COLLECTOR "certificate = /c\n",
	  "'key' in [collector] must be set" },
	{ "collector without certificate", ID COLLECTOR "key = /k\n",
	  "'certificate' in [collector] must be set" },
	{ "collector without anything", ID "[collector]\naddress = c:1\n",
	  "'server_name' in [collector] must be set" },
	{ "collector without CA", ID "[collector]\naddress = c:1\nserver_name = c\n",
	  "'ca' in [collector] must be set" },
	{ "certificates without address", ID "[collector]\ncertificate = /c\n", NULL },
	{ "backoff upside down", ID "[collector]\nbackoff_min_ms = 100\nbackoff_max_ms = 99\n",
	  "'backoff_max_ms' in [collector] must not be below" },
	{ "rules of every kind",
	  ID "[filter]\ndrop = address 192.0.2.0/24\ndrop = address 2001:db8::/32\n"
	     "drop = port 53\ndrop = port udp/53\ndrop = uid 0\n"
	     "keep = cgroup /system.slice\nkeep = executable /bin/true\ndefault = drop\n",
	  NULL },
	{ "a rule that is none", ID "[filter]\ndrop = uid 1\ndrop = user 1\n",
	  ":5: 'drop' in [filter] is 'user 1'; it must be address NETWORK, port PORT" },
	{ "a network with host bits", ID "[filter]\nkeep = address 192.0.2.1/24\n",
	  ":4: 'keep' in [filter] is 'address 192.0.2.1/24'; it must be an IPv4 or IPv6 network" },
	{ "another default", ID "[filter]\ndefault = maybe\n",
	  ":4: 'default' in [filter] is 'maybe'; it must be keep or drop" },
	{ "argv of every kind",
	  ID "[argv]\nmode = shape\nredact = option --code\nredact = match tk_(\\d+)\n", NULL },
	{ "another mode of argv", ID "[argv]\nmode = half\n",
	  ":4: 'mode' in [argv] is 'half'; it must be full, shape or none" },
	{ "an expression that is none", ID "[argv]\nredact = match a\nredact = match a(b\n",
	  ":5: 'redact' in [argv] is 'match a(b'; it must be a regular expression: missing closing "
	  "parenthesis at byte 4" },
	{ "a redaction rule that is none", ID "[argv]\nredact = --code\n",
	  ":4: 'redact' in [argv] is '--code'; it must be option NAME or match REGEX" },
	{ "a budget too large", ID "[throttle]\nflows_per_s = 1000001\n", "flows_per_s" },
	{ "a burst of nothing", ID "[throttle]\nprocess_burst = 0\n", "process_burst" },
	{ "unknown key", ID "id_file = /x\n", "id_file" },
};

static void write_file(char path[32], const char *text)
{
	int fd;

	strcpy(path, "/tmp/yagura-conf-XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void check_case(void **state)
{
	const struct config_case *c = *state;
	struct sensor_config config = { 0 };
	char error[CONFIG_ERROR_BYTES] = "";
	char path[32];
	int r;

	write_file(path, c->text);
	r = sensor_config_read(path, &config, error);
	unlink(path);
	assert_int_equal(r, c->want_error ? -EINVAL : 0);
	if (c->want_error) {
		assert_non_null(strstr(error, c->want_error));
		assert_memory_equal(error, path, strlen(path));
		assert_null(config.id);
		return;
	}
	assert_int_equal(config.sensor[0], 0x01);
	assert_int_equal(config.sensor[15], 0xab);
	sensor_config_done(&config);
}

static void test_defaults(void **state)
{
	struct sensor_config config;
	char error[CONFIG_ERROR_BYTES];
	char path[32];

	(void)state;
	write_file(path, ID);
	assert_int_equal(sensor_config_read(path, &config, error), 0);
	unlink(path);
	assert_string_equal(config.state_directory, "/var/lib/yagura/sensor");
	assert_string_equal(config.cgroup, "");
	assert_int_equal(config.ring_valuable_bytes, 8 << 20);
	assert_int_equal(config.ring_bulk_bytes, 8 << 20);
	assert_int_equal(config.poll_interval_ms, 50);
	assert_int_equal(config.args_bytes, 32768);
	assert_string_equal(config.filter_drop, "");
	assert_string_equal(config.filter_default, "keep");
	assert_int_equal(config.process_events_per_s, 10000);
	assert_int_equal(config.flows_per_s, 0);
	assert_int_equal(config.batch_records, 1000);
	assert_int_equal(config.batch_interval_ms, 1000);
	assert_int_equal(config.spool_bytes_max, 64 << 20);
	assert_int_equal(config.spool_segment_bytes, 4 << 20);
	assert_string_equal(config.collector_address, "");
	assert_int_equal(config.backoff_min_ms, 500);
	assert_int_equal(config.backoff_max_ms, 60000);
	assert_string_equal(config.control_socket, "/run/yagura/control.sock");
	assert_string_equal(config.viewer_group, "yagura-viewer");
	assert_string_equal(config.operator_group, "yagura-operator");
	assert_string_equal(config.admin_group, "yagura-admin");
	assert_int_equal(config.log_level, LOG_LEVEL_INFO);
	sensor_config_done(&config);
}

/* Run from the top of the tree, as make does. */
static void test_packaged_file(void **state)
{
	_cleanup_free_ char *want = NULL;
	size_t size = 0;
	FILE *example = open_memstream(&want, &size);
	_cleanup_fclose_ FILE *packaged = fopen("packaging/config/yagurad.conf", "r");
	char got[8192] = "";

	(void)state;
	assert_non_null(example);
	assert_non_null(packaged);
	sensor_config_write_example(example);
	fclose(example);
	assert_in_range(size, 1, sizeof(got) - 2);
	assert_int_equal(fread(got, 1, sizeof(got) - 1, packaged), size);
	assert_string_equal(got, want);
}

int main(void)
{
	struct CMUnitTest tests[sizeof(cases) / sizeof(*cases) + 2];
	size_t count = 0;

	for (; count < sizeof(cases) / sizeof(*cases); count++)
		tests[count] = (struct CMUnitTest){ cases[count].name, check_case, NULL, NULL,
						    &cases[count] };
	tests[count++] = (struct CMUnitTest){ "defaults", test_defaults, NULL, NULL, NULL };
	tests[count++] = (struct CMUnitTest){ "the packaged file is the table", test_packaged_file,
					      NULL, NULL, NULL };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
