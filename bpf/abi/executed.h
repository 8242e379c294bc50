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
#define EXECUTED_SCRIPTS_MAX 4096
#define EXECUTED_DIGESTS_MAX 1024
#define EXECUTED_DIGEST_BYTES_MAX 64 /* SHA-512 */

/* Key of the map executed_files, numbers as in struct event_exec. */
struct executed_file {
	__u64 inode;
	__u32 device;
	__u32 reserved; /* zero */
};

/* Its value: the latest execve() of that inode, by whomever, as a program or as a script. Where a
 * later one found other times, nobody can tell any more what the earlier one found. */
struct executed_latest {
	__u64 ctime_ns;
	__u64 time_ns; /* as in the header of its event */
	__u32 magic; /* the file system's kind: super_block.s_magic */
	__u32 user_ns_level; /* of who mounted that: 0 is the host's own root */
};

/*
 * Value of the map executed_scripts, by the struct process_key of the process whose executable is
 * the interpreter: which file the script is. Missing where that could not be seen.
 */
struct executed_script {
	__u64 inode;
	__u64 bytes;
	__u64 ctime_ns;
	__u64 mtime_ns;
	__u32 device;
	__u32 reserved; /* zero */
};

/* Key of the map executed_digests: what one file once held. */
struct executed_content {
	__u64 inode;
	__u64 ctime_ns;
	__u32 device;
	__u32 reserved; /* zero */
};

/*
 * Its value: what the kernel's own integrity
 * measurement (IMA) found the file to be when it was last executed. Only files that its policy
 * measures are there.
 */
struct executed_digest {
	__u32 algorithm; /* enum hash_algo of linux/hash_info.h; how long the digest is follows */
	__u8 digest[EXECUTED_DIGEST_BYTES_MAX];
};

#endif
