/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets that move from one process to another: over a UNIX socket, or over exec. */
#include "support/owners/scenario.h"

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define ACTIVATED_FD 3 /* as socket activation hands listeners over */

/* A second process and a channel to it; it runs `run` until the channel ends. */
struct partner {
	int channel;
	pid_t pid;
};

static struct partner partner_start(void (*run)(int fd, struct label *label))
{
	struct partner partner;
	struct label *label;
	int ends[2];

	MUST(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends));
	partner.channel = ends[0];
	partner.pid = child_start();
	if (partner.pid == 0) {
		char more;

		close(ends[0]);
		while (recv(ends[1], &more, sizeof(more), MSG_PEEK) > 0) {
			int fd = descriptor_take(ends[1], &label);

			run(fd, label);
		}
		_exit(EXIT_SUCCESS);
	}
	MUST(close(ends[1]));
	return partner;
}

static void partner_end(const struct partner *partner)
{
	MUST(close(partner->channel));
	child_end(partner->pid);
}

static struct partner server_partner; /* of the server's process */

static void pass_on(int fd, struct label *label)
{
	descriptor_pass(server_partner.channel, fd, label);
	MUST(close(fd));
}

static void serve_with_partner(struct scene *scene, void (*here)(int fd, struct label *label),
			       void (*there)(int fd, struct label *label))
{
	server_partner = partner_start(there);
	serve_each(scene, here);
	partner_end(&server_partner);
}

/* --- SCM_RIGHTS: accepted here, answered there --- */

static void serve_passing(struct scene *scene)
{
	serve_with_partner(scene, pass_on, answer);
}

/* --- … read here, replied to there --- */

static void reply(int fd, struct label *label)
{
	send_labelled(fd, label, REPLY_BYTES);
	MUST(close(fd));
}

static void read_and_pass(int fd, struct label *label)
{
	receive_labelled(fd, label, REQUEST_BYTES);
	pass_on(fd, label);
}

static void serve_passing_read(struct scene *scene)
{
	serve_with_partner(scene, read_and_pass, reply);
}

/* --- … connected here, used there --- */

static void talk_passing(struct scene *scene)
{
	struct partner partner = partner_start(ask);
	struct label *label;
	int fd = connect_labelled(scene, &label);

	descriptor_pass(partner.channel, fd, label);
	MUST(close(fd));
	partner_end(&partner);
}

static void serve_answers(struct scene *scene)
{
	serve_each(scene, answer);
}

/* --- inetd: the connection is standard input and output of an executed program, which reads and
 * writes as if they were files --- */

int inetd_main(int number)
{
	struct label *label = label_at(number);

	char request[REQUEST_BYTES];
	static const char reply_bytes[REPLY_BYTES];

	label_use(label);
	if (MUST(read(STDIN_FILENO, request, sizeof(request))) != sizeof(request) ||
	    MUST(write(STDOUT_FILENO, reply_bytes, sizeof(reply_bytes))) != sizeof(reply_bytes))
		errx(EXIT_FAILURE, "less than a request or a reply");
	label_received(label, sizeof(request));
	label_sent(label, sizeof(reply_bytes));
	return EXIT_SUCCESS;
}

static _Noreturn void execute_on(int fd, const struct label *label)
{
	char number[16];

	snprintf(number, sizeof(number), "%d", label_number(label));
	MUST(dup2(fd, STDIN_FILENO));
	MUST(dup2(fd, STDOUT_FILENO));
	MUST(close(fd));
	execute_self(INETD_ARGUMENT, number);
}

static void answer_by_program(int fd, struct label *label)
{
	pid_t child = child_start();

	if (child == 0)
		execute_on(fd, label);
	MUST(close(fd));
	child_end(child);
}

static void serve_inetd(struct scene *scene)
{
	serve_each(scene, answer_by_program);
}

/* --- one process, two programs: the first connects, the second talks --- */

int talker_main(int number)
{
	ask(STDIN_FILENO, label_at(number));
	return EXIT_SUCCESS;
}

static void talk_executed(struct scene *scene)
{
	pid_t child = child_start();

	if (child == 0) {
		struct label *label;
		int fd = connect_labelled(scene, &label);
		char number[16];

		snprintf(number, sizeof(number), "%d", label_number(label));
		MUST(dup2(fd, STDIN_FILENO));
		MUST(close(fd));
		execute_self(TALKER_ARGUMENT, number);
	}
	child_end(child);
}

/* --- socket activation: one program listens, another one serves --- */

int activated_main(unsigned int conversations)
{
	struct scene scene = { .server = ACTIVATED_FD, .listener = ledger->listener };

	for (unsigned int i = 0; i < conversations; i++) {
		int fd;
		struct label *label = accept_labelled(&scene, &fd);

		answer(fd, label);
	}
	return EXIT_SUCCESS;
}

static void serve_activated(struct scene *scene)
{
	char conversations[16];
	pid_t child;

	scene_listen(scene);
	scene_ready(); /* the first connection waits for the program to come up */
	snprintf(conversations, sizeof(conversations), "%u", scene->conversations);
	child = child_start();
	if (child == 0) {
		if (scene->server != ACTIVATED_FD)
			MUST(dup2(scene->server, ACTIVATED_FD));
		execute_self(ACTIVATED_ARGUMENT, conversations);
	}
	child_end(child);
}

const struct scenario handover_scenarios[] = {
	{ "passed_accepted", "accepted here, passed, answered there", SOCK_STREAM, 40,
	  serve_passing, talk_dialogue, NULL },
	{ "passed_after_read", "read here, passed, replied to there", SOCK_STREAM, 40,
	  serve_passing_read, talk_dialogue, NULL },
	{ "passed_connected", "connected here, passed, used there", SOCK_STREAM, 40, serve_answers,
	  talk_passing, NULL },
	{ "inetd", "the connection is an executed program's standard input", SOCK_STREAM, 40,
	  serve_inetd, talk_dialogue, NULL },
	{ "executed_client", "one process connects, executes a program and talks", SOCK_STREAM, 40,
	  serve_answers, talk_executed, NULL },
	{ "activation", "one program listens, another one serves", SOCK_STREAM, 40, serve_activated,
	  talk_dialogue, NULL },
	{ 0 },
};
