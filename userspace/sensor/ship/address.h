/* SPDX-License-Identifier: Apache-2.0 */
/* The collector's address as configured: "192.0.2.7:7443", "[2001:db8::7]:7443", "host:7443". */
#ifndef YAGURA_SHIP_ADDRESS_H
#define YAGURA_SHIP_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct address {
	bool is_numeric; /* then `numeric` is the whole address, else resolve `host` */
	struct sockaddr_storage numeric;
	int numeric_size;
	char host[254]; /* the longest DNS name and its NUL */
	uint16_t port;
};

/* 0, or -EINVAL when `text` is none of the forms above (the port is never left out). */
int address_parse(const char *text, struct address *ret_address);

#endif
