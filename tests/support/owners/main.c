/* SPDX-License-Identifier: Apache-2.0 */
/*
 * owners --list                  every scenario: name, TAB, transport, TAB, what it is
 * owners 4|6 SCENARIO…           plays them in this order over IPv4 or IPv6; the labels on stdout
 */
#include "support/owners/scenario.h"

#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

static const struct scenario *const tables[] = {
	dialogue_scenarios, fork_scenarios,  handover_scenarios,
	bulk_scenarios,	    uring_scenarios, datagram_scenarios,
};
#define TABLE_COUNT (sizeof(tables) / sizeof(*tables))

static const struct scenario *find(const char *name)
{
	for (size_t i = 0; i < TABLE_COUNT; i++)
		for (const struct scenario *s = tables[i]; s->name; s++)
			if (strcmp(s->name, name) == 0)
				return s;
	errx(EXIT_FAILURE, "no scenario %s", name);
}

static int list(void)
{
	for (size_t i = 0; i < TABLE_COUNT; i++)
		for (const struct scenario *s = tables[i]; s->name; s++)
			printf("%s\t%s\t%s\n", s->name, s->transport == SOCK_DGRAM ? "udp" : "tcp",
			       s->what);
	return EXIT_SUCCESS;
}

static pid_t server_start(const struct scenario *scenario, struct scene *scene)
{
	pid_t server = child_start();

	if (server == 0) {
		scenario->serve(scene);
		_exit(EXIT_SUCCESS);
	}
	return server;
}

static pid_t client_start(const struct scenario *scenario, struct scene *scene)
{
	pid_t client = child_start();

	if (client == 0) {
		wait_until_ready(1);
		for (unsigned int i = 0; i < scene->conversations; i++)
			scenario->talk(scene);
		_exit(EXIT_SUCCESS);
	}
	return client;
}

/* The server is waited for first: should it fail, the client would wait for ever, and is ended by
 * our own end. */
static void play(const struct scenario *scenario, int family)
{
	struct scene scene = {
		.family = family,
		.transport = scenario->transport,
		.conversations = scenario->conversations,
		.server = -1,
	};
	pid_t server, client;

	ledger_begin(scenario->name);
	server = server_start(scenario, &scene);
	client = client_start(scenario, &scene);
	child_end(server);
	child_end(client);
}

static void play_or_skip(const struct scenario *scenario, int family)
{
	const char *why = scenario->cannot ? scenario->cannot() : NULL;

	if (why)
		printf("{\"scenario\": \"%s\", \"cannot\": \"%s\"}\n", scenario->name, why);
	else
		play(scenario, family);
	fflush(stdout); /* or a child would say it again */
}

static void usage(void)
{
	errx(2, "usage: owners --list | owners 4|6 SCENARIO…");
}

/* The halves of scenarios that were executed; -1 when the words are no such half's. */
static int run_half(const char *half, int number)
{
	if (strcmp(half, INETD_ARGUMENT) != 0 && strcmp(half, TALKER_ARGUMENT) != 0 &&
	    strcmp(half, ACTIVATED_ARGUMENT) != 0)
		return -1;
	ledger_join();
	if (strcmp(half, INETD_ARGUMENT) == 0)
		return inetd_main(number);
	if (strcmp(half, TALKER_ARGUMENT) == 0)
		return talker_main(number);
	return activated_main((unsigned int)number);
}

int main(int argc, char **argv)
{
	int status;

	if (argc == 2 && strcmp(argv[1], "--list") == 0)
		return list();
	if (argc < 3)
		usage();
	status = run_half(argv[1], atoi(argv[2]));
	if (status >= 0)
		return status;
	if (strcmp(argv[1], "4") != 0 && strcmp(argv[1], "6") != 0)
		usage();
	MUST(prctl(PR_SET_PDEATHSIG, SIGKILL));
	ledger_make();
	for (int i = 2; i < argc; i++)
		play_or_skip(find(argv[i]), argv[1][0] == '6' ? AF_INET6 : AF_INET);
	for (unsigned int i = 0; i < atomic_load(&ledger->label_count); i++)
		label_print(label_at((int)i), stdout);
	return EXIT_SUCCESS;
}
