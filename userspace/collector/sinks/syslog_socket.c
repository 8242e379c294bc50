/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/sinks/syslog_socket.h"

#include <errno.h>
#include <netdb.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#define SEND_S 5

static int parse_unix(const char *path, struct syslog_address *ret_address)
{
	struct sockaddr_un *name = (struct sockaddr_un *)&ret_address->address;

	if (path[0] != '/' || strlen(path) >= sizeof(name->sun_path))
		return -EINVAL;
	name->sun_family = AF_UNIX;
	memcpy(name->sun_path, path, strlen(path) + 1);
	ret_address->length = sizeof(*name);
	ret_address->type = SOCK_DGRAM;
	return 0;
}

static int resolve(const char *host, const char *port, struct syslog_address *ret_address)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
				  .ai_socktype = ret_address->type };
	struct addrinfo *found = NULL;

	if (getaddrinfo(host, port, &hints, &found) != 0)
		return -EINVAL;
	memcpy(&ret_address->address, found->ai_addr, found->ai_addrlen);
	ret_address->length = found->ai_addrlen;
	freeaddrinfo(found);
	return 0;
}

static int parse_inet(const char *text, struct syslog_address *ret_address)
{
	const char *colon = strrchr(text, ':');
	size_t length = colon ? (size_t)(colon - text) : 0;
	char host[64];

	if (length >= 2 && text[0] == '[' && text[length - 1] == ']') {
		text++;
		length -= 2;
	}
	if (length == 0 || length >= sizeof(host))
		return -EINVAL;
	memcpy(host, text, length);
	host[length] = '\0';
	return resolve(host, colon + 1, ret_address);
}

int syslog_address_parse(const char *text, struct syslog_address *ret_address)
{
	*ret_address = (struct syslog_address){ .type = SOCK_DGRAM };
	if (strncmp(text, "unix:", 5) == 0)
		return parse_unix(text + 5, ret_address);
	if (strncmp(text, "udp:", 4) == 0)
		return parse_inet(text + 4, ret_address);
	ret_address->type = SOCK_STREAM;
	return strncmp(text, "tcp:", 4) == 0 ? parse_inet(text + 4, ret_address) : -EINVAL;
}

int syslog_connect(const struct syslog_address *address)
{
	const struct timeval patience = { .tv_sec = SEND_S };
	int fd = socket(address->address.ss_family, address->type | SOCK_CLOEXEC, 0);
	int r;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(fd, (const struct sockaddr *)&address->address, address->length) == 0)
		return fd;
	r = -errno;
	close(fd);
	return r;
}

int syslog_send(int fd, bool is_stream, const char *message, size_t size)
{
	char length[24];
	struct iovec parts[2] = { { length, 0 }, { (void *)(uintptr_t)message, size } };
	struct msghdr header = { .msg_iov = parts, .msg_iovlen = 2 };
	ssize_t sent;

	if (is_stream)
		parts[0].iov_len = (size_t)snprintf(length, sizeof(length), "%zu ", size);
	sent = sendmsg(fd, &header, MSG_NOSIGNAL);
	if (sent < 0)
		return -errno;
	/* A stream cut in a message is of no use any more. */
	return (size_t)sent == size + parts[0].iov_len ? 0 : -EPIPE;
}
