/* SPDX-License-Identifier: Apache-2.0 */
/* A sensor's side of the transport, frame by frame and blocking, to say what no sensor would. */
#ifndef YAGURA_TESTS_SUPPORT_SENSOR_CLIENT_H
#define YAGURA_TESTS_SUPPORT_SENSOR_CLIENT_H

#include "proto/transport.pb-c.h"

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

#define SENSOR_CLIENT_TIMEOUT_S 10

typedef Yagura__Transport__Frame Frame;

struct sensor_client {
	int fd;
	SSL_CTX *tls;
	SSL *ssl;
};

struct sensor_client_options {
	uint16_t port; /* on 127.0.0.1 */
	const char *directory; /* of the certificates */
	const char *ca;
	const char *certificate; /* NULL: none */
	int tls_version; /* the highest; 0: any */
};

/* Connected, nothing said. */
int sensor_client_dial(uint16_t port);
/* Fails the test when it cannot connect; false when the handshake fails. */
bool sensor_client_open(struct sensor_client *client, const struct sensor_client_options *options);
void sensor_client_close(struct sensor_client *client);

void sensor_client_write(struct sensor_client *client, const void *bytes, size_t size);
void sensor_client_send(struct sensor_client *client, const Frame *frame);
/* NULL when the other end has closed. Freed with free_unpacked. */
Frame *sensor_client_receive(struct sensor_client *client);

#endif
