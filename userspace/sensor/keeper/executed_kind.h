/* SPDX-License-Identifier: Apache-2.0 */
/* What kind of file system an executed file lies in, and what that says of its content. */
#ifndef YAGURA_KEEPER_EXECUTED_KIND_H
#define YAGURA_KEEPER_EXECUTED_KIND_H

#include "bpf/abi/executed.h"

#include <stdbool.h>

/* Whether a file's times tell of every change of what it holds. */
bool executed_times_tell(const struct executed_latest *latest);
/* Whether an open file may be written to although it runs: a memfd that is not sealed. */
bool executed_is_writable(int fd);

#endif
