/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel's own integrity measurement (IMA) has found of a program that is executed: its
 * digest, which OpenSSL makes of the file as well. A guest has no policy until the first test has
 * run, and then one that measures every execution.
 */
#include "bpf/kernel_case.h"
#include "bpf/process_case.h"
#include "sensor/keeper/measured.h"
#include "telemetry/file_hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define POLICY "/sys/kernel/security/ima/policy"
#define FILE_BYTES_MAX (4 << 20)

/* Other hosts may have a policy of their own, or none. */
static bool is_measured(void)
{
	return is_guest() && is_bpf_security_module() && !is_old_kernel();
}

static struct keeper_digest digest_of(struct probe_fixture *fixture, const char *path)
{
	const struct event_exec *exec = run_program(fixture, path);
	const struct hash_identity identity = { .inode = exec->inode,
						.bytes = exec->file_bytes,
						.ctime_ns = exec->ctime_ns,
						.mtime_ns = exec->mtime_ns,
						.device = exec->device };

	return measured_find(measured_map_of(loader_object(fixture->loader)), &identity);
}

static const char *algorithm_name(uint32_t algorithm)
{
	static const char *const names[] = {
#define NAME_OF(number, name, bytes) [number] = #name,
		IMA_ALGORITHMS(NAME_OF)
#undef NAME_OF
	};

	return algorithm < sizeof(names) / sizeof(*names) ? names[algorithm] : NULL;
}

static void assert_is_of(const struct keeper_digest *digest, const char *path)
{
	static char bytes[FILE_BYTES_MAX];
	const EVP_MD *kind = EVP_get_digestbyname(algorithm_name(digest->algorithm));
	uint8_t want[EVP_MAX_MD_SIZE];
	unsigned int want_bytes = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t size = read(fd, bytes, sizeof(bytes));

	close(fd);
	assert_in_range(size, 1, sizeof(bytes) - 1);
	assert_non_null(kind);
	assert_int_equal(EVP_Digest(bytes, (size_t)size, want, &want_bytes, kind, NULL), 1);
	assert_memory_equal(digest->digest, want, want_bytes);
}

static const struct keeper_probe *row_of(struct probe_fixture *fixture)
{
	static struct keeper_probes probes;
	uint32_t i = 0;

	loader_probes(fixture->loader, &probes);
	while (i < probes.count && strcmp(probes.probe[i].name, "process-digest") != 0)
		i++;
	assert_true(i < probes.count);
	return &probes.probe[i];
}

/* A program that no kernel calls is not served: status says why. */
static void the_row_says_whether_it_is_served(void **state)
{
	const struct keeper_probe *row = row_of(*state);
	bool is_served = is_bpf_security_module() && !is_old_kernel();

	assert_int_equal(row->enhanced, 1);
	assert_int_equal(row->required, 0);
	if (!is_guest()) /* one may refuse the whole tier */
		is_served = row->state == KEEPER_PROBE_ATTACHED;
	assert_int_equal(row->state, is_served ? KEEPER_PROBE_ATTACHED : KEEPER_PROBE_UNAVAILABLE);
	assert_string_equal(row->program, is_served ? "yagura_measured" : "");
	assert_int_equal(strncmp(row->reason, "no ", 3) == 0, !is_served);
}

static void what_no_policy_measures_is_not_told(void **state)
{
	struct keeper_digest digest = digest_of(*state, "/bin/true");

	if (is_guest())
		assert_int_equal(digest.algorithm, 0);
	else if (digest.algorithm != 0)
		assert_is_of(&digest, "/bin/true");
}

static void measure_everything(void)
{
	static const char rule[] = "measure func=BPRM_CHECK\n";
	int policy;

	if (!is_measured()) /* 5.10's was built without IMA */
		return;
	policy = open(POLICY, O_WRONLY | O_CLOEXEC);
	assert_true(policy >= 0);
	assert_int_equal(write(policy, rule, sizeof(rule) - 1), sizeof(rule) - 1);
	assert_int_equal(close(policy), 0); /* it counts from here on */
}

static void what_is_measured_is_told(void **state)
{
	struct keeper_digest digest;

	measure_everything();
	digest = digest_of(*state, "/bin/true");
	if (is_guest())
		assert_int_equal(digest.algorithm != 0, is_measured());
	if (digest.algorithm != 0)
		assert_is_of(&digest, "/bin/true");
}

static void append_byte(const char *path)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);

	assert_int_equal(write(fd, "", 1), 1);
	close(fd);
}

/* Another content at the same place has another digest: never the one of before. */
static void the_digest_follows_the_content(void **state)
{
	const char *path = place_copy("/bin/true", "changing", 0700);
	struct keeper_digest first = digest_of(*state, path), second;

	usleep(20000); /* the kernel tells times apart by ticks */
	append_byte(path);
	second = digest_of(*state, path);
	if (is_guest())
		assert_int_equal(second.algorithm != 0, is_measured());
	if (second.algorithm == 0)
		return;
	assert_is_of(&second, path);
	assert_memory_not_equal(first.digest, second.digest, sizeof(second.digest));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_row_says_whether_it_is_served),
		cmocka_unit_test(what_no_policy_measures_is_not_told),
		cmocka_unit_test(what_is_measured_is_told), /* from here on there is a policy */
		cmocka_unit_test(the_digest_follows_the_content),
	};

	return cmocka_run_group_tests(tests, process_case_setup, process_case_teardown);
}
