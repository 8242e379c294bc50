/* SPDX-License-Identifier: Apache-2.0 */
/* Of which files a later look tells what was executed. */
#include "sensor/keeper/executed_kind.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <unistd.h>

static void times_tell_on_disks_only(void **state)
{
	static const struct {
		struct executed_latest latest;
		bool tell;
	} cases[] = {
		{ { .magic = EXT4_SUPER_MAGIC }, true },
		{ { .magic = BTRFS_SUPER_MAGIC }, true },
		{ { .magic = 0x58465342 }, true }, /* XFS */
		{ { .magic = SQUASHFS_MAGIC }, true },
		{ { .magic = OVERLAYFS_SUPER_MAGIC }, true },
		{ { .magic = OVERLAYFS_SUPER_MAGIC, .user_ns_level = 1 }, false },
		{ { .magic = TMPFS_MAGIC }, false },
		{ { .magic = RAMFS_MAGIC }, false },
		{ { .magic = 0x958458f6 }, false }, /* hugetlbfs */
		{ { .magic = 0x65735546 }, false }, /* FUSE */
		{ { .magic = NFS_SUPER_MAGIC }, false },
		{ { .magic = MSDOS_SUPER_MAGIC }, false },
		{ { .magic = 0 }, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_int_equal(executed_times_tell(&cases[i].latest), cases[i].tell);
}

static void a_memfd_is_written_to_until_it_is_sealed(void **state)
{
	int fd = memfd_create("sealed", MFD_ALLOW_SEALING);

	(void)state;
	assert_true(fd >= 0);
	assert_true(executed_is_writable(fd));
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK), 0);
	assert_true(executed_is_writable(fd));
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), 0);
	assert_false(executed_is_writable(fd));
	close(fd);
	fd = memfd_create("never", 0);
	assert_true(executed_is_writable(fd));
	close(fd);
}

static void a_file_is_not_written_to_while_it_runs(void **state)
{
	int fd = open("/proc/self/exe", O_RDONLY);

	(void)state;
	assert_true(fd >= 0);
	assert_false(executed_is_writable(fd));
	close(fd);
	assert_true(executed_is_writable(-1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_tell_on_disks_only),
		cmocka_unit_test(a_memfd_is_written_to_until_it_is_sealed),
		cmocka_unit_test(a_file_is_not_written_to_while_it_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
