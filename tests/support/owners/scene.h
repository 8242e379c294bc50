/* SPDX-License-Identifier: Apache-2.0 */
/* What scenarios are made of: sockets whose every use is labelled, children, descriptors handed
 * over. */
#ifndef YAGURA_TESTS_OWNERS_SCENE_H
#define YAGURA_TESTS_OWNERS_SCENE_H

#include "support/owners/label.h"
#include "support/owners/must.h"

#define REQUEST_BYTES 100
#define REPLY_BYTES 230
#define BULK_BYTES 70000 /* more than a segment and a pipe hold */

/* As one process sees it. */
struct scene {
	int family; /* AF_INET or AF_INET6 */
	int transport;
	unsigned int conversations;
	int server; /* the listening (or bound) socket; -1 in the client */
	struct actor listener; /* of that socket */
};

/* --- processes --- */

/* fork(); the child ends with its parent. Zero in the child, which must end by _exit(). */
pid_t child_start(void);
/* Waits for it; only exit status 0 is well. */
void child_end(pid_t child);
/* Executes this very program anew. */
_Noreturn void execute_self(const char *argument, const char *value);

/* --- the server's side --- */

/* A bound socket; its address becomes the ledger's. `options` as for bind_server(). */
enum bind_option { BIND_PLAIN, BIND_REUSEPORT };
int bind_server(const struct scene *scene, enum bind_option option);
/* Binds and listens: the caller is the listener. */
void scene_listen(struct scene *scene);
void scene_ready(void);
void wait_until_ready(unsigned int servers);

struct label *accept_labelled(const struct scene *scene, int *ret_fd);
/* One turn of a server that answers: request, reply, close. */
void answer(int fd, struct label *label);
/* The whole of a server that has one turn at a time: listens, accepts, lets `serve` do the rest. */
void serve_each(struct scene *scene, void (*serve)(int fd, struct label *label));

/* --- the client's side --- */

int connect_labelled(const struct scene *scene, struct label **ret_label);
/* The client of answer(), on a connected socket. */
void ask(int fd, struct label *label);
/* A whole conversation: connect, ask, close. */
void talk_dialogue(struct scene *scene);

/* --- either side --- */

void send_labelled(int fd, struct label *label, size_t size_bytes);
void receive_labelled(int fd, struct label *label, size_t size_bytes);
/* Reads to the peer's end; nothing may be left before it. */
void receive_end(int fd, struct label *label);

void descriptor_pass(int channel, int fd, const struct label *label);
int descriptor_take(int channel, struct label **ret_label);

#endif
