/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/accept/listener.h"

#include "common/log.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BACKLOG 256
#define PAUSE_S 1 /* after accept() failed, mostly for want of descriptors */

struct listener {
	struct event_base *base;
	struct evconnlistener *socket;
	struct event *resume;
	void (*accepted)(void *context, int fd, const char *address);
	void *context;
	char address[CONNECTION_PEER_BYTES];
};

static void format_address(char ret_text[CONNECTION_PEER_BYTES], const struct sockaddr *address,
			   socklen_t length)
{
	char host[INET6_ADDRSTRLEN + 16] = "?";
	char port[8] = "?";

	getnameinfo(address, length, host, sizeof(host), port, sizeof(port),
		    NI_NUMERICHOST | NI_NUMERICSERV);
	snprintf(ret_text, CONNECTION_PEER_BYTES,
		 address->sa_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
}

static void on_accept(struct evconnlistener *socket, evutil_socket_t fd, struct sockaddr *peer,
		      int peer_length, void *context)
{
	struct listener *listener = context;
	char address[CONNECTION_PEER_BYTES];

	(void)socket;
	format_address(address, peer, (socklen_t)peer_length);
	listener->accepted(listener->context, fd, address);
}

static void on_resume(evutil_socket_t fd, short what, void *context)
{
	struct listener *listener = context;

	(void)fd;
	(void)what;
	evconnlistener_enable(listener->socket);
}

static void on_accept_error(struct evconnlistener *socket, void *context)
{
	struct listener *listener = context;
	struct timeval pause = { .tv_sec = PAUSE_S };

	log_error("accept", "accept: %s; no new connections for %d s", strerror(errno), PAUSE_S);
	evconnlistener_disable(socket);
	event_add(listener->resume, &pause);
}

static int resolve(const struct listener_options *options, struct addrinfo **ret_info)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
				  .ai_socktype = SOCK_STREAM };
	char port[8];

	snprintf(port, sizeof(port), "%u", options->port);
	return getaddrinfo(options->address, port, &hints, ret_info) == 0 ? 0 : -EINVAL;
}

static int bind_socket(struct listener *listener, const struct listener_options *options)
{
	struct sockaddr_storage bound;
	socklen_t length = sizeof(bound);
	struct addrinfo *info = NULL;
	int r = resolve(options, &info);

	if (r < 0)
		return r;
	listener->socket = evconnlistener_new_bind(listener->base, on_accept, listener,
						   LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC |
							   LEV_OPT_REUSEABLE,
						   BACKLOG, info->ai_addr, (int)info->ai_addrlen);
	r = listener->socket ? 0 : -errno;
	freeaddrinfo(info);
	if (r < 0)
		return r;
	evconnlistener_set_error_cb(listener->socket, on_accept_error);
	getsockname(evconnlistener_get_fd(listener->socket), (struct sockaddr *)&bound, &length);
	format_address(listener->address, (struct sockaddr *)&bound, length);
	return 0;
}

int listener_new(struct event_base *base, const struct listener_options *options,
		 struct listener **ret_listener, char ret_error[LISTENER_ERROR_BYTES])
{
	struct listener *listener = calloc(1, sizeof(*listener));
	int r = -ENOMEM;

	if (!listener)
		return r;
	listener->base = base;
	listener->accepted = options->accepted;
	listener->context = options->context;
	listener->resume = evtimer_new(base, on_resume, listener);
	if (listener->resume)
		r = bind_socket(listener, options);
	if (r == 0) {
		*ret_listener = listener;
		return 0;
	}
	snprintf(ret_error, LISTENER_ERROR_BYTES,
		 "cannot listen on %s port %u: %s; set address and port in [listen]",
		 options->address, options->port, strerror(-r));
	listener_free(listener);
	return r;
}

void listener_free(struct listener *listener)
{
	if (!listener)
		return;
	if (listener->socket)
		evconnlistener_free(listener->socket);
	if (listener->resume)
		event_free(listener->resume);
	free(listener);
}

void listener_stop(struct listener *listener)
{
	event_del(listener->resume);
	evconnlistener_disable(listener->socket);
}

const char *listener_address(const struct listener *listener)
{
	return listener->address;
}
