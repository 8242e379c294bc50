/* SPDX-License-Identifier: Apache-2.0 */
/* UDP: connected and not, many peers on one socket, sockets shared and passed. */
#include "support/owners/scenario.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PEERS 20
#define WORKERS 3

static socklen_t size_of(const union address *address)
{
	return address->any.sa_family == AF_INET6 ? sizeof(address->ipv6) : sizeof(address->ipv4);
}

/* --- the server's side: one socket, a flow a peer --- */

/* Nobody calls listen(), so nobody is the listener. */
static struct label *server_socket;

static void scene_bind(struct scene *scene)
{
	scene->server = bind_server(scene, BIND_PLAIN);
	server_socket = label_open_socket();
}

/* A later socket of the client may get the port of an earlier one: for the server it is the same
 * peer, and the same flow. */
static struct label *label_of_peer(const union address *peer)
{
	int socket = label_number(server_socket) + 1;
	struct label *label;

	for (int i = socket; i < (int)atomic_load(&ledger->label_count); i++)
		if (label_at(i)->socket == socket &&
		    memcmp(&label_at(i)->remote, peer, sizeof(*peer)) == 0)
			return label_at(i);
	label = label_open_between(&ledger->server, peer, SOCK_DGRAM);
	label->is_ingress = true;
	label->socket = socket;
	return label;
}

/* The label of the peer the next datagram is from; the datagram is taken. */
static struct label *take(const struct scene *scene, union address *ret_peer)
{
	socklen_t size = sizeof(*ret_peer);
	char bytes[REQUEST_BYTES];
	struct label *label;
	ssize_t got;

	memset(ret_peer, 0, sizeof(*ret_peer));
	got = MUST(recvfrom(scene->server, bytes, sizeof(bytes), 0, &ret_peer->any, &size));
	label = label_of_peer(ret_peer);
	label_use(server_socket);
	label_use(label);
	label_received(label, (size_t)got);
	return label;
}

static void give(const struct scene *scene, struct label *label, const union address *peer)
{
	static const char bytes[REPLY_BYTES];

	label_use(server_socket);
	label_use(label);
	label_sent(label, (size_t)MUST(sendto(scene->server, bytes, sizeof(bytes), 0, &peer->any,
					      size_of(peer))));
}

static void work(struct scene *scene, unsigned int datagrams)
{
	for (unsigned int i = 0; i < datagrams; i++) {
		union address peer;
		struct label *label = take(scene, &peer);

		give(scene, label, &peer);
	}
}

static void serve_udp(struct scene *scene)
{
	scene_bind(scene);
	scene_ready();
	work(scene, scene->conversations);
}

static void serve_udp_peers(struct scene *scene)
{
	scene_bind(scene);
	scene_ready();
	work(scene, scene->conversations * PEERS);
}

static void serve_udp_reads(struct scene *scene)
{
	scene_bind(scene);
	scene_ready();
	for (unsigned int i = 0; i < scene->conversations; i++) {
		union address peer;

		take(scene, &peer);
	}
}

/* Children take turns on their parent's socket; who takes a peer's datagram answers it. */
static void serve_udp_fork(struct scene *scene)
{
	pid_t workers[WORKERS];

	scene_bind(scene);
	for (int i = 0; i < WORKERS; i++) {
		workers[i] = child_start();
		if (workers[i] == 0) {
			while (atomic_fetch_add(&ledger->tickets, 1) < scene->conversations)
				work(scene, 1);
			_exit(EXIT_SUCCESS);
		}
	}
	scene_ready();
	for (int i = 0; i < WORKERS; i++)
		child_end(workers[i]);
}

/* --- the client's side --- */

static void converse(int fd, struct label *label)
{
	send_labelled(fd, label, REQUEST_BYTES);
	receive_labelled(fd, label, REPLY_BYTES);
	MUST(close(fd));
}

static void talk_connected(struct scene *scene)
{
	struct label *label;
	int fd = connect_labelled(scene, &label);

	converse(fd, label);
}

static void talk_one_way(struct scene *scene)
{
	struct label *label;
	int fd = connect_labelled(scene, &label);

	send_labelled(fd, label, 1);
	MUST(close(fd));
}

/* Bound to loopback first: an unbound socket would not say which address it sent from. */
static int unconnected_socket(const struct scene *scene, union address *ret_local)
{
	union address address = ledger->server;
	socklen_t size = sizeof(*ret_local);
	int fd = MUST(socket(scene->family, SOCK_DGRAM, 0));

	if (scene->family == AF_INET6)
		address.ipv6.sin6_port = 0;
	else
		address.ipv4.sin_port = 0;
	MUST(bind(fd, &address.any, size_of(&address)));
	MUST(getsockname(fd, &ret_local->any, &size));
	return fd;
}

static struct label *send_unconnected(int fd, const union address *local)
{
	static const char bytes[REQUEST_BYTES];
	struct label *label = label_open_between(local, &ledger->server, SOCK_DGRAM);

	label_use(label);
	label_sent(label, (size_t)MUST(sendto(fd, bytes, sizeof(bytes), 0, &ledger->server.any,
					      size_of(&ledger->server))));
	return label;
}

static void talk_unconnected(struct scene *scene)
{
	union address local = { 0 };
	int fd = unconnected_socket(scene, &local);
	struct label *label = send_unconnected(fd, &local);

	receive_labelled(fd, label, REPLY_BYTES);
	MUST(close(fd));
}

/* All ask before the first looks for its answer. */
static void talk_from_many(struct scene *scene)
{
	struct label *labels[PEERS];
	int fds[PEERS];

	for (int i = 0; i < PEERS; i++) {
		union address local = { 0 };

		fds[i] = unconnected_socket(scene, &local);
		labels[i] = send_unconnected(fds[i], &local);
	}
	for (int i = 0; i < PEERS; i++) {
		receive_labelled(fds[i], labels[i], REPLY_BYTES);
		MUST(close(fds[i]));
	}
}

static void talk_passing(struct scene *scene)
{
	struct label *label;
	int ends[2];
	pid_t child;

	MUST(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends));
	child = child_start();
	if (child == 0) {
		int fd = descriptor_take(ends[1], &label);

		converse(fd, label);
		_exit(EXIT_SUCCESS);
	} else {
		int fd = connect_labelled(scene, &label);

		descriptor_pass(ends[0], fd, label);
		MUST(close(fd));
	}
	child_end(child);
	MUST(close(ends[0]));
	MUST(close(ends[1]));
}

static void talk_shortly(struct scene *scene)
{
	pid_t child = child_start();

	if (child == 0) {
		struct label *label;
		int fd = connect_labelled(scene, &label);

		send_labelled(fd, label, 1);
		_exit(EXIT_SUCCESS);
	}
	child_end(child);
}

const struct scenario datagram_scenarios[] = {
	{ "udp_connected", "a connected client", SOCK_DGRAM, 40, serve_udp, talk_connected, NULL },
	{ "udp_unconnected", "a client that names the peer each time", SOCK_DGRAM, 40, serve_udp,
	  talk_unconnected, NULL },
	{ "udp_many_peers", "many peers of one server socket at once", SOCK_DGRAM, 5,
	  serve_udp_peers, talk_from_many, NULL },
	{ "udp_one_way", "the server only reads", SOCK_DGRAM, 40, serve_udp_reads, talk_one_way,
	  NULL },
	{ "udp_passed", "connected here, passed, used there", SOCK_DGRAM, 40, serve_udp,
	  talk_passing, NULL },
	{ "udp_fork_server", "children share their parent's socket", SOCK_DGRAM, 40, serve_udp_fork,
	  talk_connected, NULL },
	{ "udp_short_lived", "clients that send one byte and end", SOCK_DGRAM, 300, serve_udp_reads,
	  talk_shortly, NULL },
	{ 0 },
};
