/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hasher as the keeper holds it: started, started again when it dies, and given its jobs. Its
 * results go to whoever is the worker, by a pair of sockets that outlives both.
 */
#ifndef YAGURA_KEEPER_HASHER_PROCESS_H
#define YAGURA_KEEPER_HASHER_PROCESS_H

#include "sensor/hasher/hash_message.h"

#include <stdint.h>
#include <sys/types.h>

/* Where a hasher finds what it is given (both SOCK_SEQPACKET). */
#define HASHER_JOBS_FD 3
#define HASHER_RESULTS_FD 4

struct hasher_process {
	const char *config_path;
	pid_t pid; /* 0: does not run */
	int jobs; /* our end, -1 while it does not run */
	int results[2]; /* the worker's end, the hasher's; -1: nothing is to be hashed */
	uint64_t started_ns;
	uint32_t failures; /* times in a row that it ended soon after it was started */
};

/* Makes the pair of sockets; the first job starts it. 0 or -errno. */
int hasher_process_open(struct hasher_process *hasher, const char *config_path);
/* Closes its socket, which ends it, and the others. */
void hasher_process_close(struct hasher_process *hasher);
/* If `pid` was the hasher: the next job starts another. */
void hasher_process_ended(struct hasher_process *hasher, pid_t pid, int wait_status);
/* Gives it a job; `fd` stays the caller's. 0; -EAGAIN when it has too many or is to be started
 * again in a moment, -ESRCH when that has failed several times, or -errno. */
int hasher_process_give(struct hasher_process *hasher, const struct hash_job *job, int fd);
/* It has not answered for long: a file system may hold it. Another is started for the next job. */
void hasher_process_kill(struct hasher_process *hasher);

#endif
