/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/fingerprint/px1.h"

#include "sensor/fingerprint/px1_bytes.h"
#include "sensor/fingerprint/writer.h"

#define PART_LENGTH 12
#define NO_PART "------------"
#define SHA256_DIGITS 64
#define FACTS_LENGTH 6

static char user_of(uint32_t euid)
{
	if (euid == UINT32_MAX)
		return 'x';
	if (euid == 0)
		return 'r';
	if (euid < 1000)
		return 's';
	return euid < 60000 ? 'u' : 'o';
}

static char answer(enum px1_answer answer, char yes, char no)
{
	if (answer == PX1_NOT_KNOWN)
		return 'x';
	return answer == PX1_YES ? yes : no;
}

static void write_facts(const struct px1_input *input, struct writer *out)
{
	int count = px1_count(input->args, input->args_cut);

	writer_char(out, (char)input->kind);
	writer_char(out, user_of(input->euid));
	writer_char(out, answer(input->terminal, 't', 'n'));
	writer_char(out, answer(input->container, 'c', 'h'));
	if (count < 0) {
		writer_string(out, "--");
		return;
	}
	writer_char(out, (char)('0' + count / 10));
	writer_char(out, (char)('0' + count % 10));
}

static void write_content(struct text sha256, struct writer *out)
{
	writer_char(out, '_');
	if (sha256.length == SHA256_DIGITS)
		writer_text(out, (struct text){ sha256.at, PART_LENGTH });
	else
		writer_string(out, NO_PART);
}

static void write_hash(struct text text, struct digester *digester, struct writer *out)
{
	char digits[DIGEST_HEX_MAX + 1];

	writer_char(out, '_');
	if (text.at && digest_hex(digester, DIGEST_SHA256, text.at, text.length, digits))
		writer_text(out, (struct text){ digits, PART_LENGTH });
	else
		writer_string(out, NO_PART);
}

struct text px1_ancestry(const struct px1_ancestor *ancestors, size_t count, char *ret_text)
{
	struct writer out = writer_of(ret_text, PX1_ANCESTRY_BYTES_MAX);
	struct cursor previous = { 0 };
	size_t names = 0;

	for (size_t i = 0; i < count; i++) {
		struct text path = ancestors[i].executable;
		struct cursor name = px1_base_name(cursor_of(path.at, path.length));

		if (ancestors[i].is_known && names > 0 && cursor_compare(name, previous) == 0)
			continue;
		if (names == PX1_ANCESTORS_MAX)
			break;
		if (!ancestors[i].is_known)
			return (struct text){ 0 };
		if (names++ > 0)
			writer_char(&out, '/');
		writer_text(&out, (struct text){ (const char *)name.at, name.left });
		previous = name;
	}
	return out.failed ? (struct text){ 0 } : writer_done(&out);
}

void px1_write(const struct px1_input *input, struct digester *digester,
	       char ret_px1[PX1_LENGTH + 1])
{
	char shape[PX1_SHAPE_BYTES_MAX];
	char ancestry[PX1_ANCESTRY_BYTES_MAX];
	struct writer out = writer_of(ret_px1, PX1_LENGTH);

	write_facts(input, &out);
	write_content(input->sha256, &out);
	write_hash(px1_shape(input->args, input->args_cut, shape), digester, &out);
	write_hash(px1_ancestry(input->ancestors, input->ancestor_count, ancestry), digester, &out);
	ret_px1[out.length] = '\0';
}

void px1_complete(char px1[PX1_LENGTH + 1], struct text sha256)
{
	struct writer out = writer_of(px1 + FACTS_LENGTH, 1 + PART_LENGTH);

	if (sha256.length == SHA256_DIGITS)
		write_content(sha256, &out);
}
