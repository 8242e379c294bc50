/* SPDX-License-Identifier: Apache-2.0 */
#include "replay/pcapng.h"

#include "common/clock.h"

#include <errno.h>
#include <stdlib.h>

#define BLOCK_BYTES_MAX (16u << 20) /* as libpcap has it */
#define BLOCK_BYTES_MIN 12 /* type, length, length */
#define INTERFACES_MAX 65536
#define BYTE_ORDER_MAGIC 0x1a2b3c4d
#define RESOLUTION_DEFAULT 6
#define DECIMALS_MAX 38 /* of 128 bits */

enum block_type {
	BLOCK_INTERFACE = 1,
	BLOCK_PACKET = 2, /* obsolete */
	BLOCK_SIMPLE = 3,
	BLOCK_ENHANCED = 6,
	BLOCK_SECTION = 0x0a0d0d0a,
};

enum option { OPTION_END = 0, OPTION_RESOLUTION = 9, OPTION_OFFSET = 14 };

struct interface {
	int link_type;
	uint32_t snap_bytes; /* 0: no limit */
	uint64_t multiplier; /* ticks to ns: times this, then divided, then shifted */
	unsigned __int128 divisor;
	unsigned int shift;
	int64_t offset_s;
};

struct pcapng {
	FILE *file;
	bool has_section;
	bool is_big; /* the section's numbers */
	struct interface *interfaces; /* of the section */
	size_t interface_count;
	uint8_t *block;
	size_t room; /* of it */
	const char *why;
};

struct pcapng *pcapng_new(FILE *file)
{
	struct pcapng *pcapng = calloc(1, sizeof(*pcapng));

	if (pcapng)
		pcapng->file = file;
	return pcapng;
}

void pcapng_free(struct pcapng *pcapng)
{
	if (!pcapng)
		return;
	fclose(pcapng->file);
	free(pcapng->interfaces);
	free(pcapng->block);
	free(pcapng);
}

static int fail(struct pcapng *pcapng, int error, const char *why)
{
	pcapng->why = why;
	return error;
}

/* In the section's byte order. */
static uint64_t number(const struct pcapng *pcapng, struct cursor *c, size_t width)
{
	uint64_t value = cursor_be(c, width);

	return pcapng->is_big ? value : __builtin_bswap64(value) >> (64 - 8 * width);
}

static int make_room(struct pcapng *pcapng, size_t bytes)
{
	uint8_t *grown;

	if (bytes <= pcapng->room)
		return 0;
	grown = realloc(pcapng->block, bytes);
	if (!grown)
		return fail(pcapng, -ENOMEM, "no memory");
	pcapng->block = grown;
	pcapng->room = bytes;
	return 0;
}

/* u32 type; u32 length; …; a section header has its byte order behind them, which is that of its
 * own numbers already. */
static int read_order(struct pcapng *pcapng, uint32_t type, struct cursor *head)
{
	uint32_t magic = cursor_u32(head);

	if (type == BLOCK_SECTION) {
		pcapng->is_big = magic == BYTE_ORDER_MAGIC;
		if (!pcapng->is_big && __builtin_bswap32(magic) != BYTE_ORDER_MAGIC)
			return fail(pcapng, -EBADMSG, "unknown file format");
	} else if (!pcapng->has_section) {
		return fail(pcapng, -EBADMSG, "unknown file format");
	}
	return 0;
}

/* The rest of a block of which the first bytes are there. */
static int read_rest(struct pcapng *pcapng, size_t length)
{
	size_t rest = length - BLOCK_BYTES_MIN;
	int r = make_room(pcapng, length);

	if (r < 0)
		return r;
	if (fread(pcapng->block + BLOCK_BYTES_MIN, 1, rest, pcapng->file) != rest)
		return fail(pcapng, -EBADMSG, "the file ends in the middle of a block");
	return 0;
}

/* u32 type; u32 length; body, to a multiple of four; u32 length. 1, 0 at the end, or -errno. */
static int read_block(struct pcapng *pcapng, uint32_t *ret_type, struct cursor *ret_body)
{
	struct cursor head, length;
	size_t got, bytes;
	int r = make_room(pcapng, BLOCK_BYTES_MIN);

	if (r < 0)
		return r;
	got = fread(pcapng->block, 1, BLOCK_BYTES_MIN, pcapng->file);
	if (got < BLOCK_BYTES_MIN)
		return got == 0 && !ferror(pcapng->file)
			       ? 0
			       : fail(pcapng, -EBADMSG, "the file ends in the middle of a block");
	head = cursor_of(pcapng->block, BLOCK_BYTES_MIN);
	*ret_type = (uint32_t)number(pcapng, &head, sizeof(uint32_t));
	length = cursor_take(&head, sizeof(uint32_t));
	r = read_order(pcapng, *ret_type, &head);
	if (r < 0)
		return r;
	bytes = number(pcapng, &length, sizeof(uint32_t));
	if (bytes < BLOCK_BYTES_MIN || bytes > BLOCK_BYTES_MAX || bytes % 4 != 0)
		return fail(pcapng, -EBADMSG, "a block has a length that none can have");
	r = read_rest(pcapng, bytes);
	if (r < 0)
		return r;
	*ret_body = cursor_of(pcapng->block + 2 * sizeof(uint32_t), bytes - BLOCK_BYTES_MIN);
	length = cursor_of(pcapng->block + bytes - sizeof(uint32_t), sizeof(uint32_t));
	if (number(pcapng, &length, sizeof(uint32_t)) != bytes)
		return fail(pcapng, -EBADMSG, "a block ends with another length than it begins");
	return 1;
}

/* u32 magic; u16 major; u16 minor; … */
static int take_section(struct pcapng *pcapng, struct cursor body)
{
	cursor_take(&body, sizeof(uint32_t));
	if (number(pcapng, &body, 2) != 1 || !cursor_ok(&body))
		return fail(pcapng, -EBADMSG, "a version of pcapng that is not known here");
	pcapng->has_section = true;
	pcapng->interface_count = 0;
	return 0;
}

/* The highest bit: a power of two, not of ten. */
static void set_resolution(struct interface *interface, uint8_t resolution)
{
	unsigned int exponent = resolution & 0x7f;

	interface->multiplier = resolution & 0x80 ? NS_PER_S : 1;
	interface->shift = resolution & 0x80 ? exponent : 0;
	interface->divisor = 1;
	for (unsigned int i = exponent; i < 9 && !(resolution & 0x80); i++)
		interface->multiplier *= 10;
	for (unsigned int i = 9; i < exponent && i < 9 + DECIMALS_MAX && !(resolution & 0x80); i++)
		interface->divisor *= 10;
}

/* u16 code; u16 length; value, to a multiple of four */
static void take_options(const struct pcapng *pcapng, struct cursor options,
			 struct interface *interface)
{
	while (options.left > 0) {
		uint64_t code = number(pcapng, &options, 2);
		size_t bytes = number(pcapng, &options, 2);
		struct cursor value = cursor_take(&options, bytes);

		cursor_take(&options, -bytes % 4);
		if (code == OPTION_END)
			return;
		if (code == OPTION_RESOLUTION && value.left == 1)
			set_resolution(interface, cursor_u8(&value));
		if (code == OPTION_OFFSET && value.left == sizeof(uint64_t))
			interface->offset_s = (int64_t)number(pcapng, &value, sizeof(uint64_t));
	}
}

/* u16 link type; u16 reserved; u32 snap length; options */
static int take_interface(struct pcapng *pcapng, struct cursor body)
{
	size_t count = pcapng->interface_count + 1;
	struct interface interface = { .link_type = (int)number(pcapng, &body, 2) };
	struct interface *grown;

	cursor_take(&body, 2);
	interface.snap_bytes = (uint32_t)number(pcapng, &body, sizeof(uint32_t));
	if (!cursor_ok(&body) || count > INTERFACES_MAX)
		return fail(pcapng, -EBADMSG, "an interface that cannot be read, or too many");
	set_resolution(&interface, RESOLUTION_DEFAULT);
	take_options(pcapng, body, &interface);
	grown = realloc(pcapng->interfaces, count * sizeof(*grown));
	if (!grown)
		return fail(pcapng, -ENOMEM, "no memory");
	grown[count - 1] = interface;
	pcapng->interfaces = grown;
	pcapng->interface_count = count;
	return 0;
}

/* What no clock can have said is the earliest or latest time there is. */
static uint64_t time_ns_of(const struct interface *interface, uint64_t ticks)
{
	unsigned __int128 scaled = (unsigned __int128)ticks * interface->multiplier;
	__int128 ns;

	if (interface->divisor > 1)
		scaled /= interface->divisor;
	ns = (__int128)(scaled >> interface->shift) + (__int128)interface->offset_s * NS_PER_S;
	if (ns < 0)
		return 0;
	return ns > UINT64_MAX ? UINT64_MAX : (uint64_t)ns;
}

/* Enhanced: u32 interface; obsolete: u16 interface, u16 drops; then u32 time, high and low; u32
 * captured; u32 original length; bytes; options. Simple: u32 original length; bytes; of the first
 * interface, without a time. */
static int take_packet(struct pcapng *pcapng, uint32_t type, struct cursor body,
		       struct capture_packet *ret_packet)
{
	const struct interface *interface = pcapng->interfaces;
	uint64_t ticks = 0, id = 0, size;

	if (type != BLOCK_SIMPLE) {
		id = number(pcapng, &body, type == BLOCK_ENHANCED ? 4 : 2);
		cursor_take(&body, type == BLOCK_ENHANCED ? 0 : 2);
		ticks = number(pcapng, &body, sizeof(uint32_t)) << 32;
		ticks |= number(pcapng, &body, sizeof(uint32_t));
	}
	size = number(pcapng, &body, sizeof(uint32_t));
	if (type != BLOCK_SIMPLE)
		cursor_take(&body, sizeof(uint32_t));
	if (id >= pcapng->interface_count)
		return fail(pcapng, -EBADMSG, "a packet of an interface that is not described");
	if (type == BLOCK_SIMPLE && interface->snap_bytes > 0 && size > interface->snap_bytes)
		size = interface->snap_bytes;
	ret_packet->bytes = cursor_take(&body, size);
	if (!cursor_ok(&body))
		return fail(pcapng, -EBADMSG, "a packet is longer than its block");
	ret_packet->time_ns = time_ns_of(&interface[id], ticks);
	ret_packet->link_type = interface[id].link_type;
	return 1;
}

static int take_block(struct pcapng *pcapng, uint32_t type, struct cursor body,
		      struct capture_packet *ret_packet)
{
	switch (type) {
	case BLOCK_SECTION:
		return take_section(pcapng, body);
	case BLOCK_INTERFACE:
		return take_interface(pcapng, body);
	case BLOCK_PACKET:
	case BLOCK_SIMPLE:
	case BLOCK_ENHANCED:
		return take_packet(pcapng, type, body, ret_packet);
	default: /* names, statistics, secrets, other people's */
		return 0;
	}
}

int pcapng_next(struct pcapng *pcapng, struct capture_packet *ret_packet, const char **ret_why)
{
	struct cursor body;
	uint32_t type;
	int r;

	do {
		r = read_block(pcapng, &type, &body);
		if (r == 0)
			return 0;
		if (r > 0)
			r = take_block(pcapng, type, body, ret_packet);
	} while (r == 0);
	if (r < 0)
		*ret_why = pcapng->why;
	return r;
}
