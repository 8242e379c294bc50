/* SPDX-License-Identifier: Apache-2.0 */
/* Runs an attached iterator program over every object of its kind. */
#ifndef YAGURA_KEEPER_ITERATOR_H
#define YAGURA_KEEPER_ITERATOR_H

#include <bpf/libbpf.h>

/* Our programs print nothing: reading is what runs them. 0 or -errno. */
int iterator_run(const struct bpf_link *link);

#endif
