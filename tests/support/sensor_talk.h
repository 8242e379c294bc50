/* SPDX-License-Identifier: Apache-2.0 */
/* What sensors say and expect to hear, one line each in a test. */
#ifndef YAGURA_TESTS_SUPPORT_SENSOR_TALK_H
#define YAGURA_TESTS_SUPPORT_SENSOR_TALK_H

#include "support/sensor_client.h"

enum { LANE_A, LANE_B };

void sensor_talk_hello(struct sensor_client *client, const char *sensor, uint64_t instance);
/* The same of a sensor that holds `first_seq` … `next_seq` - 1 in both lanes. */
void sensor_talk_spool(struct sensor_client *client, const char *sensor, uint64_t instance,
		       uint64_t first_seq, uint64_t next_seq);
void sensor_talk_expect_hello_ack(struct sensor_client *client, uint64_t next_a, uint64_t next_b);

void sensor_talk_payload(struct sensor_client *client, Yagura__Transport__Batch *batch);
/* A batch of one exec whose pid is `seq` (lane A), or one flow whose cookie is (lane B). `crc_flip`
 * spoils its checksum. */
void sensor_talk_batch(struct sensor_client *client, uint32_t lane, uint64_t seq,
		       uint32_t crc_flip);
/* The same on lane A, but of at least `bytes`: arguments that do not deflate. */
void sensor_talk_large_batch(struct sensor_client *client, uint64_t seq, size_t bytes);
/* Acks are cumulative: reads until the one wanted, none of another lane or beyond. */
void sensor_talk_expect_ack(struct sensor_client *client, uint32_t lane, uint64_t seq);
/* Then the collector closes. */
void sensor_talk_expect_failure(struct sensor_client *client, uint32_t code);

#endif
