/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The kernel/user contract: what was executed, as the exec program notes it down. Userspace may
 * have opened, to be hashed, what stands here and nothing else: it cannot be talked into another
 * file.
 */
#ifndef YAGURA_ABI_EXECUTED_H
#define YAGURA_ABI_EXECUTED_H

#include <linux/types.h>

#define EXECUTED_FILES_MAX 16384 /* the oldest give way */
#define EXECUTED_SCRIPTS_MAX 1024
#define EXECUTED_DIGESTS_MAX 1024
#define EXECUTED_NAME_BYTES_MAX 256
#define EXECUTED_DIGEST_BYTES_MAX 64 /* SHA-512 */

/* Key of the map executed_files, numbers as in struct event_exec. The value, an __u32, is the file
 * system's kind (super_block.s_magic). */
struct executed_file {
	__u64 inode;
	__u64 ctime_ns;
	__u32 device;
	__u32 reserved; /* zero */
};

/*
 * Value of the map executed_scripts, by the struct process_key of the process whose executable is
 * the interpreter. By then the kernel has closed the script and keeps only its name (exec_binprm(),
 * fs/exec.c; bprm->executable is set for binfmt_misc alone), so that is what stands here, with the
 * directory it was relative to.
 */
struct executed_script {
	__u64 time_ns; /* CLOCK_BOOTTIME of the execve() */
	__u64 cwd_inode; /* 0: not readable */
	__u32 cwd_device;
	__u32 name_bytes; /* without its NUL; 0: too long to be kept */
	char name[EXECUTED_NAME_BYTES_MAX];
};

/*
 * Value of the map executed_digests, by struct executed_file: what the kernel's own integrity
 * measurement (IMA) found the file to be when it was last executed. Only files that its policy
 * measures are there.
 */
struct executed_digest {
	__u32 algorithm; /* enum hash_algo of linux/hash_info.h; how long the digest is follows */
	__u8 digest[EXECUTED_DIGEST_BYTES_MAX];
};

#endif
