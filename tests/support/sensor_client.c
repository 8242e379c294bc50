/* SPDX-License-Identifier: Apache-2.0 */
#include "support/sensor_client.h"

#include <arpa/inet.h>
#include <limits.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

int sensor_client_dial(uint16_t port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons(port),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct timeval patience = { .tv_sec = SENSOR_CLIENT_TIMEOUT_S };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void load_certificate(SSL_CTX *tls, const struct sensor_client_options *options)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s.crt", options->directory, options->ca);
	assert_int_equal(SSL_CTX_load_verify_file(tls, path), 1);
	if (!options->certificate)
		return;
	snprintf(path, sizeof(path), "%s/%s.crt", options->directory, options->certificate);
	assert_int_equal(SSL_CTX_use_certificate_file(tls, path, SSL_FILETYPE_PEM), 1);
	snprintf(path, sizeof(path), "%s/%s.key", options->directory, options->certificate);
	assert_int_equal(SSL_CTX_use_PrivateKey_file(tls, path, SSL_FILETYPE_PEM), 1);
}

bool sensor_client_open(struct sensor_client *client, const struct sensor_client_options *options)
{
	*client = (struct sensor_client){ .fd = sensor_client_dial(options->port) };
	client->tls = SSL_CTX_new(TLS_client_method());
	assert_non_null(client->tls);
	load_certificate(client->tls, options);
	SSL_CTX_set_max_proto_version(client->tls, options->tls_version);
	SSL_CTX_set_verify(client->tls, SSL_VERIFY_PEER, NULL);
	client->ssl = SSL_new(client->tls);
	assert_non_null(client->ssl);
	SSL_set_fd(client->ssl, client->fd);
	return SSL_connect(client->ssl) == 1;
}

void sensor_client_close(struct sensor_client *client)
{
	SSL_free(client->ssl);
	SSL_CTX_free(client->tls);
	close(client->fd);
}

void sensor_client_write(struct sensor_client *client, const void *bytes, size_t size)
{
	assert_int_equal(SSL_write(client->ssl, bytes, (int)size), (int)size);
}

void sensor_client_send(struct sensor_client *client, const Frame *frame)
{
	size_t size = yagura__transport__frame__get_packed_size(frame);
	uint8_t *bytes = malloc(size + 4);
	uint32_t prefix = htonl((uint32_t)size);

	assert_non_null(bytes);
	memcpy(bytes, &prefix, sizeof(prefix));
	yagura__transport__frame__pack(frame, bytes + 4);
	sensor_client_write(client, bytes, size + 4);
	free(bytes);
}

static bool read_exactly(struct sensor_client *client, uint8_t *bytes, size_t size)
{
	size_t done = 0;

	while (done < size) {
		int r = SSL_read(client->ssl, bytes + done, (int)(size - done));

		if (r <= 0)
			return false;
		done += (size_t)r;
	}
	return true;
}

Frame *sensor_client_receive(struct sensor_client *client)
{
	uint8_t body[4096];
	uint32_t prefix;
	Frame *frame;

	if (!read_exactly(client, (uint8_t *)&prefix, sizeof(prefix)))
		return NULL;
	assert_true(ntohl(prefix) <= sizeof(body));
	if (!read_exactly(client, body, ntohl(prefix)))
		return NULL;
	frame = yagura__transport__frame__unpack(NULL, ntohl(prefix), body);
	assert_non_null(frame);
	return frame;
}
