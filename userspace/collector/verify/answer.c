/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/verify/answer.h"

#include "proto/transport.pb-c.h"

typedef Yagura__Transport__Frame Frame;
typedef Yagura__Transport__HelloAck HelloAck;
typedef Yagura__Transport__Lane Lane;
typedef Yagura__Transport__Ack Ack;
typedef Yagura__Transport__Failure Failure;

/* Numbers take at most 11 bytes each with their tags; the text of a Failure is the longest part. */
_Static_assert(VERIFY_WHY_BYTES + 64 <= ANSWER_BYTES_MAX, "a Failure fits");
_Static_assert(VERIFY_LANES * 40 + 64 <= ANSWER_BYTES_MAX, "a HelloAck fits");

size_t answer_hello(uint8_t ret_body[ANSWER_BYTES_MAX], const uint64_t next_seq[VERIFY_LANES],
		    uint64_t window_bytes)
{
	Frame frame = YAGURA__TRANSPORT__FRAME__INIT;
	HelloAck hello = YAGURA__TRANSPORT__HELLO_ACK__INIT;
	Lane lanes[VERIFY_LANES];
	Lane *pointers[VERIFY_LANES];

	for (uint32_t i = 0; i < VERIFY_LANES; i++) {
		lanes[i] = (Lane)YAGURA__TRANSPORT__LANE__INIT;
		lanes[i].lane = i;
		lanes[i].next_seq = next_seq[i];
		pointers[i] = &lanes[i];
	}
	hello.protocol = VERIFY_PROTOCOL;
	hello.n_lanes = VERIFY_LANES;
	hello.lanes = pointers;
	hello.window_bytes = window_bytes;
	frame.body_case = YAGURA__TRANSPORT__FRAME__BODY_HELLO_ACK;
	frame.hello_ack = &hello;
	return yagura__transport__frame__pack(&frame, ret_body);
}

size_t answer_ack(uint8_t ret_body[ANSWER_BYTES_MAX], uint32_t lane, uint64_t seq)
{
	Frame frame = YAGURA__TRANSPORT__FRAME__INIT;
	Ack ack = YAGURA__TRANSPORT__ACK__INIT;

	ack.lane = lane;
	ack.seq = seq;
	frame.body_case = YAGURA__TRANSPORT__FRAME__BODY_ACK;
	frame.ack = &ack;
	return yagura__transport__frame__pack(&frame, ret_body);
}

size_t answer_failure(uint8_t ret_body[ANSWER_BYTES_MAX], const struct verify_failure *failure)
{
	Frame frame = YAGURA__TRANSPORT__FRAME__INIT;
	Failure said;

	yagura__transport__failure__init(&said); /* the macro casts const away */
	said.code = failure->code;
	said.text = (char *)(uintptr_t)failure->why;
	frame.body_case = YAGURA__TRANSPORT__FRAME__BODY_FAILURE;
	frame.failure = &said;
	return yagura__transport__frame__pack(&frame, ret_body);
}
