// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Enhanced tier: what the kernel's own integrity measurement (IMA) has found of a file that is
 * executed. Its policy decides what is measured, and it has done so before this hook; nothing is
 * read or hashed here. The hook has no verdict to give.
 */
#include "executable.bpf.h"
#include "executed.bpf.h"
#include <bpf/bpf_tracing.h>

SEC("lsm.s/bprm_committed_creds")
int BPF_PROG(yagura_measured, struct linux_binprm *bprm)
{
	struct inode *inode = bprm->file->f_inode;
	struct executed_content file = {
		.inode = inode->i_ino,
		.ctime_ns = ctime_of(typed_read, inode),
		.device = inode->i_sb->s_dev,
	};
	struct executed_digest digest = {};
	long algorithm = bpf_ima_inode_hash(inode, digest.digest, sizeof(digest.digest));

	if (algorithm < 0)
		return 0;
	digest.algorithm = (__u32)algorithm;
	bpf_map_update_elem(&executed_digests, &file, &digest, BPF_ANY);
	return 0;
}
