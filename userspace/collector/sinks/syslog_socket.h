/* SPDX-License-Identifier: Apache-2.0 */
/* Where syslog messages go: a socket by its configured address. */
#ifndef YAGURA_COLLECTOR_SYSLOG_SOCKET_H
#define YAGURA_COLLECTOR_SYSLOG_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

struct syslog_address {
	struct sockaddr_storage address;
	socklen_t length;
	int type; /* SOCK_DGRAM or SOCK_STREAM */
};

/* "unix:PATH", "udp:ADDRESS:PORT", "tcp:ADDRESS:PORT", IPv6 in brackets, numeric. 0 or -EINVAL. */
int syslog_address_parse(const char *text, struct syslog_address *ret_address);
/* A connected descriptor, which gives up sending after some seconds; or -errno. */
int syslog_connect(const struct syslog_address *address);
/* One message, framed by its length on a stream. 0 or -errno. */
int syslog_send(int fd, bool is_stream, const char *message, size_t size);

#endif
