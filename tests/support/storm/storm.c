/* SPDX-License-Identifier: Apache-2.0 */
/*
 * storm WHAT COUNT [MARKER]: makes exactly so many events, as fast as it can, and says of which
 * class how many it made, as one JSON object.
 *
 *   exec   each is a process that executes /bin/true with MARKER as its argument, and its exit
 *   exit   each is a process that ends without executing anything
 *   tcp    each is a connection between two sockets of this process: two flows
 *   udp    each is a datagram from a socket of its own to one that all share: two flows
 */
#include "support/owners/must.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define PORTS_EACH 20000 /* of one address, before the next one is used */

static void reap(pid_t child)
{
	int status;

	MUST(waitpid(child, &status, 0));
	if (status != 0)
		errx(EXIT_FAILURE, "wait status %#x", (unsigned int)status);
}

static void storm_exec(unsigned int count, const char *marker)
{
	char *arguments[] = { (char[]){ "/bin/true" }, strdup(marker), NULL };

	for (unsigned int i = 0; i < count; i++) {
		pid_t child;

		errno = posix_spawn(&child, arguments[0], NULL, NULL, arguments, environ);
		if (errno)
			err(EXIT_FAILURE, "%s", arguments[0]);
		reap(child);
	}
	free(arguments[1]);
	printf("{\"exec\": %u, \"exit\": %u}\n", count, count);
}

static void storm_exit(unsigned int count, const char *marker)
{
	(void)marker;
	for (unsigned int i = 0; i < count; i++) {
		pid_t child = MUST(fork());

		if (child == 0)
			_exit(EXIT_SUCCESS);
		reap(child);
	}
	printf("{\"exit\": %u}\n", count);
}

/* 127.0.0.1, or a later one: connections that ended keep their pair of ports for a minute. */
static struct sockaddr_in address_number(unsigned int number)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK + number / PORTS_EACH),
	};
}

static int bound(int type, struct sockaddr_in *address)
{
	socklen_t size = sizeof(*address);
	int fd = MUST(socket(AF_INET, type, 0));

	MUST(bind(fd, (struct sockaddr *)address, size));
	MUST(getsockname(fd, (struct sockaddr *)address, &size));
	return fd;
}

static void converse(int listener, const struct sockaddr_in *address)
{
	int client = MUST(socket(AF_INET, SOCK_STREAM, 0));
	char byte = 'x';
	int server;

	MUST(connect(client, (const struct sockaddr *)address, sizeof(*address)));
	server = MUST(accept(listener, NULL, NULL));
	MUST(send(client, &byte, sizeof(byte), MSG_NOSIGNAL));
	MUST(recv(server, &byte, sizeof(byte), 0));
	MUST(close(client));
	MUST(close(server));
}

static void storm_tcp(unsigned int count, const char *marker)
{
	struct sockaddr_in address;
	int listener = -1;

	(void)marker;
	for (unsigned int i = 0; i < count; i++) {
		if (i % PORTS_EACH == 0) {
			if (listener >= 0)
				MUST(close(listener));
			address = address_number(i);
			listener = bound(SOCK_STREAM, &address);
			MUST(listen(listener, SOMAXCONN));
		}
		converse(listener, &address);
	}
	printf("{\"flow\": %u}\n", 2 * count);
}

static void storm_udp(unsigned int count, const char *marker)
{
	struct sockaddr_in address = address_number(0);
	int server = bound(SOCK_DGRAM, &address);

	(void)marker;
	for (unsigned int i = 0; i < count; i++) {
		int client = MUST(socket(AF_INET, SOCK_DGRAM, 0));
		char byte = 'x';

		MUST(connect(client, (struct sockaddr *)&address, sizeof(address)));
		MUST(send(client, &byte, sizeof(byte), 0));
		MUST(recv(server, &byte, sizeof(byte), 0));
		MUST(close(client));
	}
	MUST(close(server));
	printf("{\"flow\": %u}\n", 2 * count);
}

static const struct storm {
	const char *name;
	void (*run)(unsigned int count, const char *marker);
} storms[] = {
	{ "exec", storm_exec },
	{ "exit", storm_exit },
	{ "tcp", storm_tcp },
	{ "udp", storm_udp },
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc >= 3 && i < sizeof(storms) / sizeof(*storms); i++) {
		if (strcmp(argv[1], storms[i].name) == 0) {
			storms[i].run((unsigned int)atoi(argv[2]), argc > 3 ? argv[3] : "");
			return EXIT_SUCCESS;
		}
	}
	errx(2, "usage: storm exec|exit|tcp|udp COUNT [MARKER]");
}
