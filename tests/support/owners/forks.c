/* SPDX-License-Identifier: Apache-2.0 */
/* Several processes at one end, by fork. */
#include "support/owners/scenario.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#define WORKERS 3
#define POLL_MS 20

/* --- fork server: the parent accepts, a child talks --- */

static pid_t in_child(void (*run)(int fd, struct label *label), int fd, struct label *label)
{
	pid_t child = child_start();

	if (child == 0) {
		run(fd, label);
		_exit(EXIT_SUCCESS);
	}
	MUST(close(fd));
	return child;
}

static void answer_in_child(int fd, struct label *label)
{
	child_end(in_child(answer, fd, label));
}

static void serve_fork(struct scene *scene)
{
	serve_each(scene, answer_in_child);
}

static void only_read(int fd, struct label *label)
{
	receive_labelled(fd, label, REQUEST_BYTES);
	receive_end(fd, label);
	MUST(close(fd));
}

static void read_in_child(int fd, struct label *label)
{
	child_end(in_child(only_read, fd, label));
}

static void serve_fork_reads(struct scene *scene)
{
	serve_each(scene, read_in_child);
}

static void talk_sends(struct scene *scene)
{
	struct label *label;
	int fd = connect_labelled(scene, &label);

	send_labelled(fd, label, REQUEST_BYTES);
	MUST(close(fd));
}

/* --- the parent reads the request, a child replies: both have used it --- */

static void only_reply(int fd, struct label *label)
{
	send_labelled(fd, label, REPLY_BYTES);
	MUST(close(fd));
}

static void reply_in_child(int fd, struct label *label)
{
	receive_labelled(fd, label, REQUEST_BYTES);
	child_end(in_child(only_reply, fd, label));
}

static void serve_fork_after_read(struct scene *scene)
{
	serve_each(scene, reply_in_child);
}

/* --- the client connects, its child talks --- */

static void talk_in_child(struct scene *scene)
{
	struct label *label;
	int fd = connect_labelled(scene, &label);

	child_end(in_child(ask, fd, label));
}

/* --- pre-forked: workers accept from a listener they inherited --- */

static void work_by_ticket(struct scene *scene)
{
	while (atomic_fetch_add(&ledger->tickets, 1) < scene->conversations) {
		int fd;
		struct label *label = accept_labelled(scene, &fd);

		answer(fd, label);
	}
}

static void start_workers(struct scene *scene, void (*work)(struct scene *scene),
			  pid_t ret_workers[WORKERS])
{
	for (int i = 0; i < WORKERS; i++) {
		ret_workers[i] = child_start();
		if (ret_workers[i] == 0) {
			work(scene);
			_exit(EXIT_SUCCESS);
		}
	}
}

static void end_workers(const pid_t workers[WORKERS])
{
	for (int i = 0; i < WORKERS; i++)
		child_end(workers[i]);
}

static void serve_prefork(struct scene *scene)
{
	pid_t workers[WORKERS];

	scene_listen(scene);
	start_workers(scene, work_by_ticket, workers);
	scene_ready();
	end_workers(workers);
}

/* --- SO_REUSEPORT: each worker listens for itself --- */

static void work_on_own_listener(struct scene *scene)
{
	struct pollfd arrival = { .events = POLLIN };

	scene->server = bind_server(scene, BIND_REUSEPORT);
	scene->listener = actor_self();
	MUST(listen(scene->server, (int)scene->conversations));
	arrival.fd = scene->server;
	scene_ready();
	while (atomic_load(&ledger->tickets) < scene->conversations) {
		int fd;
		struct label *label;

		if (MUST(poll(&arrival, 1, POLL_MS)) == 0)
			continue;
		label = accept_labelled(scene, &fd);
		atomic_fetch_add(&ledger->tickets, 1);
		answer(fd, label);
	}
}

static void serve_reuseport(struct scene *scene)
{
	pid_t workers[WORKERS];
	int reserved; /* bound, never listening: keeps the port for the workers */

	ledger->server = (union address){ 0 };
	reserved = bind_server(scene, BIND_REUSEPORT);
	start_workers(scene, work_on_own_listener, workers);
	end_workers(workers);
	MUST(close(reserved));
}

static void talk_to_workers(struct scene *scene)
{
	wait_until_ready(WORKERS);
	talk_dialogue(scene);
}

/* --- processes that live well under a millisecond --- */

static void send_and_end(struct scene *scene)
{
	struct label *label;
	int fd = connect_labelled(scene, &label);

	send_labelled(fd, label, 1);
	_exit(EXIT_SUCCESS); /* the kernel closes it */
}

static void talk_shortly(struct scene *scene)
{
	pid_t child = child_start();

	if (child == 0)
		send_and_end(scene);
	child_end(child);
}

static void read_one(int fd, struct label *label)
{
	receive_labelled(fd, label, 1);
	receive_end(fd, label);
	MUST(close(fd));
}

static void serve_short(struct scene *scene)
{
	serve_each(scene, read_one);
}

static void answer_plainly(struct scene *scene)
{
	scene_listen(scene);
	scene_ready();
	work_by_ticket(scene);
}

const struct scenario fork_scenarios[] = {
	{ "fork_server", "the parent accepts, a child answers", SOCK_STREAM, 40, serve_fork,
	  talk_dialogue, NULL },
	{ "fork_server_reads", "the parent accepts, a child only reads", SOCK_STREAM, 40,
	  serve_fork_reads, talk_sends, NULL },
	{ "fork_after_read", "the parent reads, a child replies", SOCK_STREAM, 40,
	  serve_fork_after_read, talk_dialogue, NULL },
	{ "fork_client", "the parent connects, a child talks", SOCK_STREAM, 40, answer_plainly,
	  talk_in_child, NULL },
	{ "prefork", "children accept from their parent's listener", SOCK_STREAM, 60, serve_prefork,
	  talk_dialogue, NULL },
	{ "reuseport", "workers with a listener each, on one port", SOCK_STREAM, 60,
	  serve_reuseport, talk_to_workers, NULL },
	{ "short_lived", "clients that send one byte and end", SOCK_STREAM, 1500, serve_short,
	  talk_shortly, NULL },
	{ 0 },
};
