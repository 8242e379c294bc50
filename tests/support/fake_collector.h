/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A collector that misbehaves on request, on the test's own event base. (The real one is used by
 * the integration tests; it has no way to lie.) What was durable survives its sessions.
 */
#ifndef YAGURA_TESTS_SUPPORT_FAKE_COLLECTOR_H
#define YAGURA_TESTS_SUPPORT_FAKE_COLLECTOR_H

#include <stdbool.h>
#include <stdint.h>

struct event_base;
struct fake_collector;

#define FAKE_COLLECTOR_SEQ_MAX 512

/* Each fault happens in the first session only; later ones are in order. */
enum fake_fault {
	FAULT_NONE,
	FAULT_REFUSE_HELLO, /* Failure, then close */
	FAULT_LOSE_ACKS, /* keeps `fault_after` batches, then closes without acknowledging */
	FAULT_FORGET, /* closes after so many, and what it had not acknowledged is gone */
	FAULT_ACK_UNSENT, /* acknowledges what was never sent, after so many batches */
	FAULT_GARBAGE, /* a frame that does not decode, after so many */
	FAULT_TOO_LONG, /* a frame that declares 4 GiB */
	FAULT_AHEAD, /* its HelloAck wants more than the sensor ever made */
};

struct fake_collector_options {
	const char *ca_file;
	const char *certificate_file;
	const char *key_file;
	uint64_t window_bytes;
	uint32_t ack_delay_ms;
	enum fake_fault fault;
	uint32_t fault_after;
};

struct fake_collector_seen {
	uint32_t hellos;
	uint32_t received[2][FAKE_COLLECTOR_SEQ_MAX]; /* how often, by lane and number */
	uint32_t resent_acked; /* batches that came again although they had been acknowledged */
	uint32_t bad_batches; /* wrong checksum or content */
	uint32_t out_of_order;
	uint64_t unacked_bytes_max; /* payload under way, as seen here */
	uint8_t sensor[16];
	uint64_t generation;
};

/* Listens on 127.0.0.1. NULL when anything fails. Options are used, not copied. */
struct fake_collector *fake_collector_new(struct event_base *base,
					  const struct fake_collector_options *options);
void fake_collector_free(struct fake_collector *collector);
uint16_t fake_collector_port(const struct fake_collector *collector);
const struct fake_collector_seen *fake_collector_seen(const struct fake_collector *collector);

#endif
