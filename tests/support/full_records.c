/* SPDX-License-Identifier: Apache-2.0 */
#include "support/full_records.h"

#include "support/record_fields.h"
#include "support/sample_records.h"

#include <stdio.h>
#include <string.h>

#define LAST_MS_NS (UINT64_MAX / 1000000 * 1000000)
#define LAST_US_NS (UINT64_MAX / 1000 * 1000)

/* --- filling --- */

struct filling {
	enum fullness fullness;
	uint8_t number; /* of the field: there are fewer than 128, also of the largest record */
	char (*words)[16];
};

static char longest[BATCH_PATH_BYTES_MAX];

static struct text next_text(struct filling *filling)
{
	char *word = filling->words[filling->number];

	if (filling->fullness == FULL_MOST)
		return (struct text){ longest, sizeof(longest) };
	snprintf(word, 16, "text %u", filling->number);
	return (struct text){ word, strlen(word) };
}

static struct text next_px1(struct filling *filling)
{
	struct text text = next_text(filling);

	if (text.length > RECORD_PX1_BYTES)
		text.length = RECORD_PX1_BYTES;
	return text;
}

static uint64_t next_time(const struct filling *filling)
{
	return filling->fullness == FULL_MOST ? LAST_MS_NS
					      : SAMPLE_TIME_NS + filling->number * 1000000ull;
}

static struct record_splt next_splt(const struct filling *filling)
{
	struct record_splt splt = { .count = 3, { 517, -1400, filling->number }, { 0, 11, 4 } };

	if (filling->fullness == FULL_DISTINCT)
		return splt;
	splt.count = SPLT_MAX;
	for (size_t i = 0; i < SPLT_MAX; i++) {
		splt.length[i] = i % 2 == 0 ? INT16_MAX : INT16_MIN;
		splt.gap[i] = UINT8_MAX;
	}
	return splt;
}

/* Distinct: each kind once, a LIST twice. Most: as many of them and as long as there may be. */
#define DISTINCT_MARKS_MAX (2 * MARK_KIND_COUNT)

static void distinct_mark(struct mark *ret_mark, char word[16], enum mark_kind kind, size_t n)
{
	enum mark_form form = mark_kind_row(kind)->form;

	if (form == MARK_FORM_FLAG)
		snprintf(word, 16, "1");
	else
		snprintf(word, 16, "%s%zu", form == MARK_FORM_TEXT ? "mark " : "", n);
	*ret_mark = (struct mark){ kind, { word, strlen(word) } };
}

static size_t distinct_marks(struct mark *ret_marks)
{
	static char words[DISTINCT_MARKS_MAX][16];
	size_t count = 0;

	for (enum mark_kind kind = MARK_NONE + 1; kind < MARK_KIND_COUNT; kind++) {
		distinct_mark(&ret_marks[count], words[count], kind, count);
		count++;
		if (mark_kind_row(kind)->repeats == MARK_REPEATS_SET)
			continue;
		distinct_mark(&ret_marks[count], words[count], kind, count);
		count++;
	}
	return count;
}

static size_t most_marks(struct mark *ret_marks)
{
	static char value[MARKS_BYTES_MAX / MARKS_MAX];

	memset(value, 'm', sizeof(value));
	for (size_t i = 0; i < MARKS_MAX; i++)
		ret_marks[i] =
			(struct mark){ i % (MARK_KIND_COUNT - 1) + 1, { value, sizeof(value) } };
	return MARKS_MAX;
}

static const struct mark *next_marks(enum fullness fullness, size_t *ret_count)
{
	static struct mark distinct[DISTINCT_MARKS_MAX];
	static struct mark most[MARKS_MAX];

	*ret_count = fullness == FULL_MOST ? most_marks(most) : distinct_marks(distinct);
	return fullness == FULL_MOST ? most : distinct;
}

/* Distinct: two. Most: as many as there may be, each with the longest path. */
static const struct record_process *next_ancestors(enum fullness fullness, size_t *ret_count)
{
	static struct record_process ancestors[2][RECORD_ANCESTORS_MAX];
	static char words[RECORD_ANCESTORS_MAX][16];
	size_t which = fullness == FULL_MOST;

	*ret_count = which ? RECORD_ANCESTORS_MAX : 2;
	for (uint32_t i = 0; i < *ret_count; i++) {
		snprintf(words[i], sizeof(words[i]), "ancestor %u", i);
		ancestors[which][i] = (struct record_process){
			.key = { UINT64_MAX - i, UINT32_MAX - i, UINT32_MAX - i },
			.uid = 200 + i,
			.gid = 300 + i,
			.executable = { words[i], strlen(words[i]) },
		};
		if (which)
			ancestors[which][i].executable = (struct text){ longest, sizeof(longest) };
	}
	return ancestors[which];
}

/* One that has no args. */
static struct record_process next_relative(struct filling *filling)
{
	return (struct record_process){
		.key = { 1000u + filling->number, filling->number, filling->number },
		.uid = filling->number,
		.gid = filling->number,
		.executable = next_text(filling),
	};
}

static struct record_digest next_digest(const struct filling *filling)
{
	struct record_digest digest = { .algorithm = 1, .bytes = 32 };

	if (filling->fullness == FULL_MOST)
		digest = (struct record_digest){ .algorithm = 2, .bytes = HASH_VERITY_BYTES_MAX };
	memset(digest.digest, filling->number, digest.bytes);
	return digest;
}

#define FILL_SPLT(to, filling) ((to) = next_splt(filling))
#define FILL_MARKS(to, filling) ((to) = next_marks((filling)->fullness, &(size_t){ 0 }))
#define FILL_MARK_COUNT(to, filling) next_marks((filling)->fullness, &(to))
#define FILL_NUMBER(to, filling)                                                                   \
	((to) = (__typeof__(to))((filling)->fullness == FULL_MOST ? UINT64_MAX : (filling)->number))
#define FILL_BOOL(to, filling) ((to) = true)
#define FILL_ENUM(to, filling) ((to) = 2)
#define FILL_TIME(to, filling) ((to) = next_time(filling))
#define FILL_RUN(to, filling)                                                                      \
	((to) = (filling)->fullness == FULL_MOST ? LAST_US_NS : (filling)->number * 1000ull)
#define FILL_TEXT(to, filling) ((to) = next_text(filling))
#define FILL_PX1(to, filling) ((to) = next_px1(filling))
#define FILL_ADDR(to, filling) memset((to), (filling)->number, sizeof(to))
#define FILL_SHA256(to, filling) memset((to), (filling)->number, sizeof(to))
#define FILL_DIGEST(to, filling) ((to) = next_digest(filling))
#define FILL_HASH(to, filling) fill_record_hash(&(to), (filling))
#define FILL_RELATIVE(to, filling) ((to) = next_relative(filling))
#define FILL_ANCESTORS(to, filling) ((to) = next_ancestors((filling)->fullness, &(size_t){ 0 }))
#define FILL_ANCESTOR_COUNT(to, filling) next_ancestors((filling)->fullness, &(to))
#define FILL_FACTS(to, filling) ((to) = (1u << EXEC_FACT_COUNT) - 1)
/* The highest stands for none. */
#define FILL_ID(to, filling)                                                                       \
	((to) = (filling)->fullness == FULL_MOST ? UINT32_MAX - 1 : (filling)->number)
#define FILL_KEY(to, filling) fill_record_process_key(&(to), (filling))
#define FILL_PROCESS(to, filling) fill_record_process(&(to), (filling))
#define FILL_NAMESPACES(to, filling) fill_record_namespaces(&(to), (filling))
#define FILL_FILE(to, filling) fill_record_file(&(to), (filling))
#define FILL_ENDPOINT(to, filling) fill_record_endpoint(&(to), (filling))

#define FILL_FIELD(KIND, name)                                                                     \
	filling->number++;                                                                         \
	FILL_##KIND(to->name, filling);
#define FILL_STRUCT(KIND, type, FIELDS)                                                            \
	static void fill_##type(struct type *to, struct filling *filling)                          \
	{                                                                                          \
		FIELDS(FILL_FIELD)                                                                 \
	}
RECORD_STRUCTS(FILL_STRUCT)

struct record full_record(enum record_class class, enum fullness fullness)
{
	static char words[RECORD_CLASS_COUNT][128][16];
	struct filling filling = { .fullness = fullness, .words = words[class] };
	struct record record;

	memset(&record, 0, sizeof(record)); /* padding, too: some compare bytes */
	memset(longest, 'x', sizeof(longest));
	record.class = class;
	if (class == RECORD_EXEC)
		fill_record_exec(&record.exec, &filling);
	else if (class == RECORD_EXIT)
		fill_record_exit(&record.exit, &filling);
	else if (class == RECORD_FLOW)
		fill_record_flow(&record.flow, &filling);
	else if (class == RECORD_EXEC_UPDATE)
		fill_record_exec_update(&record.exec_update, &filling);
	else
		fill_record_gap(&record.gap, &filling);
	return record;
}

/* --- flags, one by one --- */

struct flags {
	size_t wanted;
	size_t seen;
};

#define FLAG_NUMBER(to, flags)
#define FLAG_BOOL(to, flags) (to) = (flags)->seen++ == (flags)->wanted;
#define FLAG_ENUM(to, flags)
#define FLAG_TIME(to, flags)
#define FLAG_RUN(to, flags)
#define FLAG_TEXT(to, flags)
#define FLAG_PX1(to, flags)
#define FLAG_ADDR(to, flags)
#define FLAG_SPLT(to, flags)
#define FLAG_MARKS(to, flags)
#define FLAG_MARK_COUNT(to, flags)
#define FLAG_SHA256(to, flags)
#define FLAG_DIGEST(to, flags)
#define FLAG_HASH(to, flags) flag_record_hash(&(to), (flags));
#define FLAG_RELATIVE(to, flags)
#define FLAG_ANCESTORS(to, flags)
#define FLAG_ANCESTOR_COUNT(to, flags)
#define FLAG_FACTS(to, flags)
#define FLAG_ID(to, flags)
#define FLAG_KEY(to, flags) flag_record_process_key(&(to), (flags));
#define FLAG_PROCESS(to, flags) flag_record_process(&(to), (flags));
#define FLAG_NAMESPACES(to, flags) flag_record_namespaces(&(to), (flags));
#define FLAG_FILE(to, flags) flag_record_file(&(to), (flags));
#define FLAG_ENDPOINT(to, flags) flag_record_endpoint(&(to), (flags));

#define FLAG_FIELD(KIND, name) FLAG_##KIND(to->name, flags)
#define FLAG_STRUCT(KIND, type, FIELDS)                                                            \
	static void flag_##type(struct type *to, struct flags *flags)                              \
	{                                                                                          \
		(void)to;                                                                          \
		(void)flags;                                                                       \
		FIELDS(FLAG_FIELD)                                                                 \
	}
RECORD_STRUCTS(FLAG_STRUCT)

bool full_record_one_flag(enum record_class class, size_t n, struct record *ret_record)
{
	struct flags flags = { .wanted = n };
	struct record record = full_record(class, FULL_DISTINCT);

	if (class == RECORD_EXEC)
		flag_record_exec(&record.exec, &flags);
	else if (class == RECORD_EXIT)
		flag_record_exit(&record.exit, &flags);
	else if (class == RECORD_FLOW)
		flag_record_flow(&record.flow, &flags);
	else if (class == RECORD_EXEC_UPDATE)
		flag_record_exec_update(&record.exec_update, &flags);
	else
		flag_record_gap(&record.gap, &flags);
	*ret_record = record;
	return n < flags.seen;
}

/* --- what is not filled --- */

static bool is_zero(const void *bytes, size_t size)
{
	const unsigned char *byte = bytes;

	while (size > 0 && byte[size - 1] == 0)
		size--;
	return size == 0;
}

#define LACKS_PLAIN(of, name) (is_zero(&(of), sizeof(of)) ? name : NULL)
#define LACKS_NUMBER(of, name) LACKS_PLAIN(of, name)
#define LACKS_BOOL(of, name) LACKS_PLAIN(of, name)
#define LACKS_ENUM(of, name) LACKS_PLAIN(of, name)
#define LACKS_TIME(of, name) LACKS_PLAIN(of, name)
#define LACKS_RUN(of, name) LACKS_PLAIN(of, name)
#define LACKS_ADDR(of, name) LACKS_PLAIN(of, name)
#define LACKS_SPLT(of, name) ((of).count == 0 ? name : NULL)
#define LACKS_MARKS(of, name) LACKS_PLAIN(of, name)
#define LACKS_MARK_COUNT(of, name) LACKS_PLAIN(of, name)
#define LACKS_TEXT(of, name) ((of).length == 0 ? name : NULL)
#define LACKS_PX1(of, name) LACKS_TEXT(of, name)
#define LACKS_SHA256(of, name) LACKS_PLAIN(of, name)
#define LACKS_DIGEST(of, name) LACKS_PLAIN((of).digest, name)
#define LACKS_HASH(of, name) record_hash_lacks(&(of))
#define LACKS_RELATIVE(of, name) record_process_key_lacks(&(of).key)
#define LACKS_ANCESTORS(of, name) LACKS_PLAIN(of, name)
#define LACKS_ANCESTOR_COUNT(of, name) LACKS_PLAIN(of, name)
#define LACKS_FACTS(of, name) LACKS_PLAIN(of, name)
#define LACKS_ID(of, name) LACKS_PLAIN(of, name)
#define LACKS_KEY(of, name) record_process_key_lacks(&(of))
#define LACKS_PROCESS(of, name) record_process_lacks(&(of))
#define LACKS_NAMESPACES(of, name) record_namespaces_lacks(&(of))
#define LACKS_FILE(of, name) record_file_lacks(&(of))
#define LACKS_ENDPOINT(of, name) record_endpoint_lacks(&(of))

#define LACKS_FIELD(KIND, name) lacks = lacks ?: LACKS_##KIND(of->name, #name);
#define LACKS_STRUCT(KIND, type, FIELDS)                                                           \
	static const char *type##_lacks(const struct type *of)                                     \
	{                                                                                          \
		const char *lacks = NULL;                                                          \
                                                                                                   \
		FIELDS(LACKS_FIELD)                                                                \
		return lacks;                                                                      \
	}
RECORD_STRUCTS(LACKS_STRUCT)

const char *full_record_lacks(const struct record *record)
{
	if (record->class == RECORD_EXEC)
		return record_exec_lacks(&record->exec);
	if (record->class == RECORD_EXIT)
		return record_exit_lacks(&record->exit);
	if (record->class == RECORD_FLOW)
		return record_flow_lacks(&record->flow);
	if (record->class == RECORD_EXEC_UPDATE)
		return record_exec_update_lacks(&record->exec_update);
	return record_gap_lacks(&record->gap);
}
