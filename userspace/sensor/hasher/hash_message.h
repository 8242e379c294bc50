/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the hasher is sent by the keeper, one descriptor beside each job (SCM_RIGHTS), and what it
 * sends the worker. Both over SOCK_SEQPACKET, fixed size, one message at a time.
 */
#ifndef YAGURA_HASHER_HASH_MESSAGE_H
#define YAGURA_HASHER_HASH_MESSAGE_H

#include "telemetry/file_hash.h"

#include <stdint.h>

#define HASH_MD5_BYTES 16

/* What tells one content of one file from all others of this host, as long as nobody can set ctime.
 * Device as the kernel has it (super_block.s_dev). */
struct hash_identity {
	uint64_t inode;
	uint64_t bytes;
	uint64_t ctime_ns;
	uint64_t mtime_ns;
	uint32_t device;
	uint32_t reserved; /* zero */
};

struct hash_job {
	struct hash_identity identity; /* as at the execve(); comes back in the result */
	struct hash_identity opened; /* as when it was opened; device is not looked at */
	uint32_t status; /* HASH_OK or HASH_TOUCHED: what it is if nothing changes from here on */
	uint32_t wants_md5;
};

struct hash_result {
	struct hash_identity identity; /* all zero: the hasher has (re)started, and has no job */
	uint32_t status; /* enum hash_status; digests are zero unless OK or TOUCHED */
	uint32_t has_md5;
	uint8_t sha256[HASH_SHA256_BYTES];
	uint8_t md5[HASH_MD5_BYTES];
};

#endif
