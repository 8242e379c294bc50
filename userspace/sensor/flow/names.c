/* SPDX-License-Identifier: Apache-2.0 */
#define HASH_NONFATAL_OOM 1 /* uthash would exit() otherwise; a failed add leaves hh.tbl NULL */
#define HASH_FUNCTION(key, length, value) (value) = hash_bytes(key, length)

#include "sensor/flow/names.h"

#include "common/hash.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <uthash.h>
#include <utlist.h>

#define ADDR_BYTES 16
#define ALIASES_MAX 16 /* of a name, followed back */
#define NS_A_SECOND 1000000000ull

struct entry {
	struct name_key key;
	uint64_t expires_ns;
	char *name;
	size_t length;
	struct entry *prev, *next;
	UT_hash_handle hh;
};

struct flow_names {
	size_t names_max;
	struct entry *by_addr;
	struct entry *oldest; /* heard of, first */
};

struct flow_names *flow_names_new(size_t names_max)
{
	struct flow_names *names = calloc(1, sizeof(*names));

	if (names)
		names->names_max = names_max;
	return names;
}

static void wipe_name(struct entry *entry)
{
	if (entry->name)
		explicit_bzero(entry->name, entry->length);
	free(entry->name);
}

static void forget(struct flow_names *names, struct entry *entry)
{
	DL_DELETE(names->oldest, entry);
	HASH_DELETE(hh, names->by_addr, entry);
	wipe_name(entry);
	free(entry);
}

void flow_names_free(struct flow_names *names)
{
	while (names && names->oldest)
		forget(names, names->oldest);
	free(names);
}

static struct entry *find(const struct flow_names *names, const struct name_key *key)
{
	struct entry *entry = NULL;

	HASH_FIND(hh, names->by_addr, key, sizeof(*key), entry);
	return entry;
}

static struct entry *add(struct flow_names *names, const struct name_key *key)
{
	struct entry *entry = calloc(1, sizeof(*entry));

	if (!entry)
		return NULL;
	entry->key = *key;
	HASH_ADD(hh, names->by_addr, key, sizeof(entry->key), entry);
	if (!entry->hh.tbl) {
		free(entry);
		return NULL;
	}
	DL_APPEND(names->oldest, entry);
	return entry;
}

static int rename_entry(struct entry *entry, struct text name)
{
	char *copy;

	if (entry->length == name.length && memcmp(entry->name, name.at, name.length) == 0)
		return 0;
	copy = malloc(name.length);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, name.at, name.length);
	wipe_name(entry);
	entry->name = copy;
	entry->length = name.length;
	return 0;
}

int flow_names_learn(struct flow_names *names, const struct name_key *key, struct text name,
		     uint64_t expires_ns)
{
	struct entry *entry = find(names, key);

	if (name.length == 0 || names->names_max == 0)
		return 0;
	if (!entry && HASH_CNT(hh, names->by_addr) >= names->names_max)
		forget(names, names->oldest);
	if (!entry)
		entry = add(names, key);
	if (!entry)
		return -ENOMEM;
	if (rename_entry(entry, name) < 0) {
		forget(names, entry);
		return -ENOMEM;
	}
	entry->expires_ns = expires_ns;
	DL_DELETE(names->oldest, entry);
	DL_APPEND(names->oldest, entry);
	return 0;
}

struct text flow_names_find(const struct flow_names *names, const struct name_key *key,
			    uint64_t now_ns)
{
	const struct entry *entry = find(names, key);

	if (!entry || entry->expires_ns <= now_ns)
		return (struct text){ "", 0 };
	return (struct text){ entry->name, entry->length };
}

size_t flow_names_count(const struct flow_names *names)
{
	return HASH_CNT(hh, names->by_addr);
}

/* One answer: the n-th of each list. */
struct answer {
	const struct text *name, *type, *data, *ttl;
};

static bool is_kind_of_answer(enum mark_kind kind)
{
	return kind == MARK_DNS_ANSWER_NAME || kind == MARK_DNS_ANSWER_TYPE ||
	       kind == MARK_DNS_ANSWER_DATA || kind == MARK_DNS_ANSWER_TTL;
}

static const struct text **member_of(struct answer *answer, enum mark_kind kind)
{
	if (kind == MARK_DNS_ANSWER_NAME)
		return &answer->name;
	if (kind == MARK_DNS_ANSWER_TYPE)
		return &answer->type;
	return kind == MARK_DNS_ANSWER_DATA ? &answer->data : &answer->ttl;
}

/* How many answers are complete. */
static size_t collect(const struct marks *marks, struct answer answers[MARKS_MAX])
{
	size_t counts[MARK_KIND_COUNT] = { 0 };
	size_t complete = 0;

	for (size_t i = 0; i < marks->count && i < MARKS_MAX; i++) {
		enum mark_kind kind = marks->at[i].kind;

		if (is_kind_of_answer(kind))
			*member_of(&answers[counts[kind]++], kind) = &marks->at[i].value;
	}
	while (complete < MARKS_MAX && answers[complete].name && answers[complete].type &&
	       answers[complete].data && answers[complete].ttl)
		complete++;
	return complete;
}

/* Those that are wanted, first. How many they are. */
static size_t pick(struct answer answers[MARKS_MAX], size_t count, uint64_t wanted)
{
	size_t picked = 0;

	for (size_t i = 0; i < count && i < 64; i++)
		if (wanted & 1ull << i)
			answers[picked++] = answers[i];
	return picked;
}

static bool is_text(const struct text *text, const char *want)
{
	return text->length == strlen(want) && memcmp(text->at, want, text->length) == 0;
}

/* RFC 4343: without regard to case. */
static bool is_same_name(const struct text *a, const struct text *b)
{
	return a->length == b->length && strncasecmp(a->at, b->at, a->length) == 0;
}

static const struct text *alias_of(const struct answer *answers, size_t count,
				   const struct text *name)
{
	for (size_t i = 0; i < count; i++)
		if (is_text(answers[i].type, "CNAME") && is_same_name(answers[i].data, name))
			return answers[i].name;
	return NULL;
}

static const struct text *asked_for(const struct answer *answers, size_t count,
				    const struct text *name)
{
	const struct text *alias = alias_of(answers, count, name);

	for (unsigned int i = 0; alias && i < ALIASES_MAX; i++) {
		name = alias;
		alias = alias_of(answers, count, name);
	}
	return name;
}

static bool copy_string(const struct text *text, char *to, size_t size)
{
	if (text->length >= size)
		return false;
	memcpy(to, text->at, text->length);
	to[text->length] = '\0';
	return true;
}

static bool read_addr(const struct answer *answer, uint8_t ret_addr[ADDR_BYTES])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	char string[INET6_ADDRSTRLEN];

	if (!copy_string(answer->data, string, sizeof(string)))
		return false;
	if (is_text(answer->type, "AAAA"))
		return inet_pton(AF_INET6, string, ret_addr) == 1;
	memcpy(ret_addr, mapped, sizeof(mapped));
	return is_text(answer->type, "A") &&
	       inet_pton(AF_INET, string, ret_addr + sizeof(mapped)) == 1;
}

static uint64_t expiry(const struct answer *answer, uint64_t now_ns)
{
	char string[sizeof("4294967295")];
	uint64_t ttl_s = 0;

	if (copy_string(answer->ttl, string, sizeof(string)))
		ttl_s = strtoull(string, NULL, 10);
	if (ttl_s > FLOW_NAMES_TTL_S_MAX)
		ttl_s = FLOW_NAMES_TTL_S_MAX;
	if (ttl_s * NS_A_SECOND < FLOW_NAMES_KEEP_NS)
		return now_ns + FLOW_NAMES_KEEP_NS;
	return now_ns + ttl_s * NS_A_SECOND;
}

void flow_names_learn_marks(struct flow_names *names, const uint8_t client[ADDR_BYTES],
			    const struct marks *marks, uint64_t wanted, uint64_t now_ns)
{
	struct answer answers[MARKS_MAX] = { 0 };
	size_t count = pick(answers, collect(marks, answers), wanted);
	struct name_key key;

	memcpy(key.client, client, ADDR_BYTES);
	for (size_t i = 0; i < count; i++)
		if (read_addr(&answers[i], key.addr))
			flow_names_learn(names, &key, *asked_for(answers, count, answers[i].name),
					 expiry(&answers[i], now_ns));
}
