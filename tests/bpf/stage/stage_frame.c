/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf/stage/stage_frame.h"

#include <stdlib.h>
#include <string.h>

#define IPV4_BYTES 20 /* RFC 791 3.1 */
#define TCP_BYTES 20 /* RFC 9293 3.1 */
#define UDP_BYTES 8 /* RFC 768 */
#define DONT_FRAGMENT 0x4000
#define NO_OPERATION 1

static void add(struct stage_frame *frame, uint64_t value, size_t width)
{
	if (frame->size + width > sizeof(frame->at))
		abort();
	for (size_t i = 0; i < width; i++)
		frame->at[frame->size + i] = (uint8_t)(value >> 8 * (width - 1 - i));
	frame->size += width;
}

static void add_bytes(struct stage_frame *frame, const void *bytes, size_t size)
{
	if (size > sizeof(frame->at) - frame->size)
		abort();
	if (size > 0)
		memcpy(frame->at + frame->size, bytes, size);
	frame->size += size;
}

static size_t transport_bytes(const struct stage_segment *segment)
{
	size_t header = segment->is_udp ? UDP_BYTES : TCP_BYTES + segment->options.left;

	return header + segment->payload.left;
}

static uint8_t protocol_of(const struct stage_segment *segment)
{
	return segment->is_udp ? 17 : 6;
}

static void add_ipv4(struct stage_frame *frame, const struct stage_segment *segment)
{
	size_t header = IPV4_BYTES + segment->ip_options_bytes;

	add(frame, 0x40 | header / 4, 1);
	add(frame, 0, 1);
	add(frame, header + transport_bytes(segment), 2);
	add(frame, segment->is_id_zero ? 0 : 1, 2);
	add(frame, segment->dont_fragment ? DONT_FRAGMENT : 0, 2);
	add(frame, segment->ttl, 1);
	add(frame, protocol_of(segment), 1);
	add(frame, 0, 2);
	add_bytes(frame, segment->source + 12, 4);
	add_bytes(frame, segment->destination + 12, 4);
	for (size_t i = 0; i < segment->ip_options_bytes; i++)
		add(frame, NO_OPERATION, 1);
}

/* RFC 8200 3; the flow label is taken for what IPv4 calls identification. */
static void add_ipv6(struct stage_frame *frame, const struct stage_segment *segment)
{
	add(frame, 0x60000000u | !segment->is_id_zero, 4);
	add(frame, transport_bytes(segment), 2);
	add(frame, protocol_of(segment), 1);
	add(frame, segment->ttl, 1);
	add_bytes(frame, segment->source, 16);
	add_bytes(frame, segment->destination, 16);
}

static void add_tcp(struct stage_frame *frame, const struct stage_segment *segment)
{
	add(frame, segment->source_port, 2);
	add(frame, segment->destination_port, 2);
	add(frame, segment->seq, 4);
	add(frame, segment->ack, 4);
	add(frame, (TCP_BYTES + segment->options.left) / 4 << 12 | segment->flags, 2);
	add(frame, segment->window, 2);
	add(frame, 0, 4);
	add_bytes(frame, segment->options.at, segment->options.left);
}

static void add_udp(struct stage_frame *frame, const struct stage_segment *segment)
{
	add(frame, segment->source_port, 2);
	add(frame, segment->destination_port, 2);
	add(frame, transport_bytes(segment), 2);
	add(frame, 0, 2);
}

void stage_frame_build(struct stage_frame *frame, const struct stage_segment *segment)
{
	frame->size = 0;
	for (int i = 0; i < 2; i++)
		add(frame, 0x020000000000 + (uint64_t)i, 6);
	add(frame, segment->is_ipv6 ? 0x86dd : 0x0800, 2);
	if (segment->is_ipv6)
		add_ipv6(frame, segment);
	else
		add_ipv4(frame, segment);
	if (segment->is_udp)
		add_udp(frame, segment);
	else
		add_tcp(frame, segment);
	add_bytes(frame, segment->payload.at, segment->payload.left);
}
