/* SPDX-License-Identifier: Apache-2.0 */
/* The names IANA gives to what hellos choose and offer. */
#ifndef YAGURA_FINGERPRINT_TLS_NAMES_H
#define YAGURA_FINGERPRINT_TLS_NAMES_H

#include <stdbool.h>
#include <stdint.h>

#define TLS_NAME_BYTES_MAX 64

/* The NUL-terminated name; "0x1301" where the table has none. */
void tls_cipher_name(uint16_t cipher, char ret_name[TLS_NAME_BYTES_MAX]);
void tls_group_name(uint16_t group, char ret_name[TLS_NAME_BYTES_MAX]);
/* "1.3", for DTLS the number of its version, for SSL 3.0 "ssl3.0". */
void tls_version_name(uint16_t version, char ret_name[TLS_NAME_BYTES_MAX]);
/* One that a quantum computer does not break; drafts and hybrids count. */
bool tls_group_is_post_quantum(uint16_t group);

#endif
