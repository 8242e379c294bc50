/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Spool → collector over TLS 1.3 with certificates at both ends (proto/transport.proto). One
 * session at a time; what is not acknowledged is sent again in the next. Reconnects with jittered
 * exponential backoff. Runs on the pipeline's event base; never blocks.
 */
#ifndef YAGURA_SHIP_SHIP_H
#define YAGURA_SHIP_SHIP_H

#include "sensor/spool/spool.h"

#include <stdbool.h>
#include <stdint.h>

struct event_base;
struct ship;

#define SHIP_TEXT_BYTES 256

struct ship_options {
	const char *collector; /* "host:port", "[v6]:port"; NULL or "": only spool */
	const char *server_name; /* the name the collector's certificate must carry */
	const char *ca_file; /* PEM */
	const char *certificate_file;
	const char *key_file;
	uint32_t backoff_min_ms;
	uint32_t backoff_max_ms;
	uint8_t sensor[16];
	uint8_t boot_id[16];
	uint64_t instance;
	const char *kernel_release;
	const char *host;
};

/* Called when the collector has acknowledged; `acked` are records newly acknowledged, per class. */
typedef void (*ship_acked_fn)(void *context, enum spool_lane lane, uint64_t seq,
			      const uint64_t acked[RECORD_CLASS_COUNT], uint64_t payload_bytes);

enum ship_state { SHIP_OFF, SHIP_WAITING, SHIP_CONNECTING, SHIP_GREETING, SHIP_CONNECTED };

struct ship_status {
	enum ship_state state;
	char collector[SHIP_TEXT_BYTES];
	char tls_version[16]; /* "TLSv1.3", "" when not connected */
	char tls_group[32]; /* name of the key exchange group, "" when not connected */
	char last_error[SHIP_TEXT_BYTES];
	uint64_t connects;
	uint64_t shipped_bytes; /* payload, resent ones counted again */
	uint64_t sent_seq[SPOOL_LANE_COUNT]; /* highest sent in this session, 0 none */
	uint64_t acked_seq[SPOOL_LANE_COUNT]; /* highest acknowledged, 0 none */
};

/* Reads CA, certificate and key. 0, or -errno with one line that says which file, what is wrong and
 * what to do in ret_error (SHIP_TEXT_BYTES). Options are copied. */
int ship_new(struct event_base *base, const struct ship_options *options, struct spool *spool,
	     ship_acked_fn acked, void *context, struct ship **ret_ship, char *ret_error);
/* Ends the session. Takes NULL. */
void ship_free(struct ship *ship);
/* There may be more to send. May be called from the acked callback. */
void ship_kick(struct ship *ship);
/* True when nothing is left to send or to be acknowledged, or no session is up: at the end of the
 * program there is nothing to wait for. */
bool ship_is_idle(const struct ship *ship);
void ship_status(const struct ship *ship, struct ship_status *ret_status);
const char *ship_state_name(enum ship_state state);

#endif
