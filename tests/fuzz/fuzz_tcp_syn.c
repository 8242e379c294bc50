/* SPDX-License-Identifier: Apache-2.0 */
/* A SYN's fields (9 bytes) and its options, of which there are at most 40 bytes. */
#include "support/fuzz_talk.h"

#define OPTIONS_BYTES_MAX 40

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static size_t colons_of(const struct text *text)
{
	size_t count = 0;

	for (size_t i = 0; i < text->length; i++)
		count += text->at[i] == ':';
	return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct cursor c = cursor_of(bytes, size);
	uint8_t how = cursor_u8(&c);
	struct fingerprint_syn syn = {
		.ip_version = how & 1 ? 6 : 4,
		.is_id_zero = how & 2,
		.dont_fragment = how & 4,
		.has_payload = how & 8,
		.ttl = cursor_u8(&c),
		.ip_options_bytes = cursor_u16(&c),
		.window = cursor_u16(&c),
		.flags = cursor_u16(&c),
	};
	uint8_t copy[OPTIONS_BYTES_MAX];
	struct marks marks = { 0 };
	size_t options = c.left < sizeof(copy) ? c.left : sizeof(copy);
	uint8_t *place = copy + sizeof(copy) - options; /* so that ASan sees one byte over */
	const struct text *tuple, *signature;

	cursor_copy(&c, place, options);
	syn.options = cursor_of(place, options);
	fingerprint_syn(&syn, &marks);
	tuple = marks_find(&marks, syn.flags & 0x10 ? MARK_TCP_SYNACK : MARK_TCP_SYN);
	signature = marks_find(&marks, MARK_TCP_SYN_SIG);
	fuzz_require(tuple && colons_of(tuple) == 3);
	fuzz_require((signature == NULL) == ((syn.flags & 0x10) != 0));
	fuzz_require(!signature || colons_of(signature) == 7);
	fuzz_require((signature == NULL) == (marks_find(&marks, MARK_NPF) == NULL));
	marks_done(&marks);
	return 0;
}
