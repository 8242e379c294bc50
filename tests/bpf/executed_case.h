/* SPDX-License-Identifier: Apache-2.0 */
/* Asking the keeper for what was executed, as a worker does: shared by the tests of executed.c. */
#ifndef YAGURA_TESTS_BPF_EXECUTED_CASE_H
#define YAGURA_TESTS_BPF_EXECUTED_CASE_H

#include "bpf/process_case.h"
#include "sensor/keeper/executed.h"

#define LARGEST (64u << 20)

struct executed_maps maps_of(const struct probe_fixture *fixture);
/* What a worker would ask for, having read the fixture's event; valid until the next call. */
struct keeper_hash_request *request_of(const struct probe_fixture *fixture, uint32_t what);
/* The descriptor is the caller's; without ret_fd it is closed. */
enum hash_status open_as(const struct probe_fixture *fixture,
			 const struct keeper_hash_request *request, int *ret_fd);
/* The descriptor, which is closed, holds what the file of that name does. */
void assert_holds(int fd, const char *path);
/* The kernel tells times apart by ticks. */
void settle(void);
struct hash_identity identity_of_file(const char *path);

#endif
