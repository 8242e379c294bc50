/* SPDX-License-Identifier: Apache-2.0 */
/* A control group of the test's own, and policies for the loaded programs. */
#ifndef YAGURA_TESTS_BPF_GROUP_CASE_H
#define YAGURA_TESTS_BPF_GROUP_CASE_H

#include "bpf/probe_fixture.h"
#include "sensor/keeper/policy.h"

struct group {
	char directory[512];
	uint64_t id;
};

/* Made anew, next to where this process is. */
void group_make(struct group *ret_group, const char *name);
void group_remove(const struct group *group);
/* Forks a child that lives there, and so do its children. As fork(2). */
pid_t group_fork(const struct group *group);
/* The path of the caller's own group, as a filter rule names it. */
void group_own_path(char *ret_path, size_t size);

/* Makes it count; the test fails with its error. Rules may be NULL: none. */
void policy_set(struct probe_fixture *fixture, struct policy policy);

#endif
