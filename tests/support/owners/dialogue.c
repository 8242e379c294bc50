/* SPDX-License-Identifier: Apache-2.0 */
/* One process at each end; they differ in what it does with the connection. */
#include "support/owners/scenario.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

static void serve_answers(struct scene *scene)
{
	serve_each(scene, answer);
}

/* --- the server only reads --- */

static void read_all(int fd, struct label *label)
{
	receive_labelled(fd, label, REQUEST_BYTES);
	receive_end(fd, label);
	MUST(close(fd));
}

static void serve_reads(struct scene *scene)
{
	serve_each(scene, read_all);
}

static void talk_sends(struct scene *scene)
{
	struct label *label;
	int fd = connect_labelled(scene, &label);

	send_labelled(fd, label, REQUEST_BYTES);
	MUST(close(fd));
}

/* --- the server closes at once, the request unread: the kernel resets --- */

static void close_unread(int fd, struct label *label)
{
	struct pollfd arrival = { .fd = fd, .events = POLLIN };

	MUST(poll(&arrival, 1, -1));
	label_use(label); /* to close it is all that anybody does with it */
	label_received(label, REQUEST_BYTES); /* by the kernel */
	MUST(close(fd));
}

static void serve_closes(struct scene *scene)
{
	serve_each(scene, close_unread);
}

static void talk_is_reset(struct scene *scene)
{
	struct label *label;
	int fd = connect_labelled(scene, &label);
	char byte;

	send_labelled(fd, label, REQUEST_BYTES);
	if (recv(fd, &byte, sizeof(byte), 0) != -1 || errno != ECONNRESET)
		errx(EXIT_FAILURE, "a reset was expected");
	MUST(close(fd));
}

/* --- the client only connects --- */

static void read_end(int fd, struct label *label)
{
	receive_end(fd, label);
	MUST(close(fd));
}

static void serve_end(struct scene *scene)
{
	serve_each(scene, read_end);
}

static void talk_connects(struct scene *scene)
{
	struct label *label;
	int fd = connect_labelled(scene, &label);

	MUST(close(fd));
}

/* --- nobody accepts: the kernel completes the handshake and keeps the request; who closes the
 * listener lets go of it --- */

static void serve_nobody(struct scene *scene)
{
	scene_listen(scene);
	scene_ready();
	while (atomic_load(&ledger->tickets) < scene->conversations)
		usleep(500);
	MUST(close(scene->server));
}

static void talk_to_nobody(struct scene *scene)
{
	struct label *label, *other_end;
	int fd = connect_labelled(scene, &label);

	other_end = label_open_between(&label->remote, &label->local, SOCK_STREAM);
	other_end->is_ingress = true;
	other_end->owner = ledger->listener;
	other_end->listener = ledger->listener;
	send_labelled(fd, label, REQUEST_BYTES);
	label_received(other_end, REQUEST_BYTES);
	MUST(close(fd));
	atomic_fetch_add(&ledger->tickets, 1);
}

/* --- TCP Fast Open: what connects is a send --- */

static void talk_fast_open(struct scene *scene)
{
	static const char request[REQUEST_BYTES];
	const union address *server = &ledger->server;
	socklen_t size = scene->family == AF_INET6 ? sizeof(server->ipv6) : sizeof(server->ipv4);
	int fd = MUST(socket(scene->family, SOCK_STREAM, 0));
	struct label *label;

	if (MUST(sendto(fd, request, sizeof(request), MSG_FASTOPEN, &server->any, size)) !=
	    sizeof(request))
		errx(EXIT_FAILURE, "a short send");
	label = label_open(fd, false, (struct actor){ 0 });
	label_use(label);
	label_sent(label, sizeof(request));
	receive_labelled(fd, label, REPLY_BYTES);
	receive_end(fd, label);
	MUST(close(fd));
}

/* --- half-closed: the reply comes after the client's end --- */

static void reply_after_end(int fd, struct label *label)
{
	receive_labelled(fd, label, REQUEST_BYTES);
	receive_end(fd, label);
	send_labelled(fd, label, BULK_BYTES);
	MUST(close(fd));
}

static void serve_after_end(struct scene *scene)
{
	serve_each(scene, reply_after_end);
}

static void talk_half_closes(struct scene *scene)
{
	struct label *label;
	int fd = connect_labelled(scene, &label);

	send_labelled(fd, label, REQUEST_BYTES);
	MUST(shutdown(fd, SHUT_WR));
	receive_labelled(fd, label, BULK_BYTES);
	receive_end(fd, label);
	MUST(close(fd));
}

/* --- threads: one opens, another talks; the process is the owner --- */

struct task {
	int fd;
	struct label *label;
};

static void *run_answer(void *context)
{
	const struct task *task = context;

	answer(task->fd, task->label);
	return NULL;
}

static void *run_ask(void *context)
{
	const struct task *task = context;

	ask(task->fd, task->label);
	return NULL;
}

static void run_in_thread(void *(*run)(void *context), struct task *task)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, run, task) || pthread_join(thread, NULL))
		errx(EXIT_FAILURE, "threads");
}

static void answer_in_thread(int fd, struct label *label)
{
	run_in_thread(run_answer, &(struct task){ fd, label });
}

static void serve_in_threads(struct scene *scene)
{
	serve_each(scene, answer_in_thread);
}

static void talk_in_threads(struct scene *scene)
{
	struct task task;

	task.fd = connect_labelled(scene, &task.label);
	run_in_thread(run_ask, &task);
}

const struct scenario dialogue_scenarios[] = {
	{ "plain", "one process at each end", SOCK_STREAM, 40, serve_answers, talk_dialogue, NULL },
	{ "reads_only", "the server never sends", SOCK_STREAM, 40, serve_reads, talk_sends, NULL },
	{ "closes_at_once", "the server closes with the request unread", SOCK_STREAM, 40,
	  serve_closes, talk_is_reset, NULL },
	{ "connects_only", "the client connects and closes", SOCK_STREAM, 40, serve_end,
	  talk_connects, NULL },
	{ "unaccepted", "the server never accepts", SOCK_STREAM, 40, serve_nobody, talk_to_nobody,
	  NULL },
	{ "fast_open", "the client connects by sending", SOCK_STREAM, 40, serve_answers,
	  talk_fast_open, NULL },
	{ "half_close", "the server replies after the client's end", SOCK_STREAM, 40,
	  serve_after_end, talk_half_closes, NULL },
	{ "threads", "one thread opens, another talks", SOCK_STREAM, 40, serve_in_threads,
	  talk_in_threads, NULL },
	{ 0 },
};
