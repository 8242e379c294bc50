/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The truth about each socket, written down by the processes themselves while they use it: a table
 * in memory that all of them share, over fork and exec. It is told at the end, one JSON line a
 * label.
 */
#ifndef YAGURA_TESTS_OWNERS_LABEL_H
#define YAGURA_TESTS_OWNERS_LABEL_H

#include <netinet/in.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#define LABELS_MAX 32768
#define LABEL_SCENARIO_BYTES 24

/* A process for as long as the host is up. */
struct actor {
	pid_t pid;
	uint64_t start_ticks; /* field 22 of /proc/PID/stat */
};

union address {
	struct sockaddr any;
	struct sockaddr_in ipv4;
	struct sockaddr_in6 ipv6;
};

/* One socket's flow. `first_pid` decides who is the owner when two come at once. */
struct label {
	char scenario[LABEL_SCENARIO_BYTES];
	union address local;
	union address remote;
	struct actor owner;
	struct actor listener;
	uint64_t sent_bytes;
	uint64_t received_bytes;
	int transport; /* SOCK_STREAM or SOCK_DGRAM */
	atomic_int first_pid;
	atomic_bool is_shared;
	bool is_ingress;
	bool is_socket; /* stands for a socket of several flows: not told itself */
	int socket; /* number of that label plus one; 0: the flow has its socket for itself */
};

/* What the processes of a running scenario tell each other. */
struct ledger {
	char scenario[LABEL_SCENARIO_BYTES]; /* of the labels opened from now on */
	union address server;
	struct actor listener; /* who called listen() */
	atomic_uint ready; /* servers that can be talked to */
	atomic_uint tickets; /* conversations taken by workers */
	atomic_uint label_count;
	struct label labels[LABELS_MAX];
};

extern struct ledger *ledger;

void ledger_make(void);
/* In a program that was executed by one that has the ledger. */
void ledger_join(void);
void ledger_begin(const char *scenario);

/* The calling process. */
struct actor actor_self(void);

/* A new label for a connected socket (or for one of several peers of a datagram socket). */
struct label *label_open(int fd, bool is_ingress, struct actor listener);
struct label *label_open_between(const union address *local, const union address *remote,
				 int transport);
/* For a datagram socket that talks with many: its flows' labels point to it. */
struct label *label_open_socket(void);
int label_number(const struct label *label);
struct label *label_at(int number);

/* The calling process is about to use the socket: connect, send or receive, not merely close. */
void label_use(struct label *label);
void label_sent(struct label *label, size_t size_bytes);
void label_received(struct label *label, size_t size_bytes);

void label_print(const struct label *label, FILE *stream);

#endif
